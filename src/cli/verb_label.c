/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/backbone_opts.h"

static const char *const label_methods[] = {
#include "lab/next_names.inc"
    NULL};

static const as_opt label_opts[] = {
    {"where", 'w', "QUERY", "set, review, clear: all samples that meet it (see: assay help data)", NULL},
    {"run", 'r', "RUN", "next, propose: whose model: an id, its number or \"last\" (default: the current one)", NULL},
    {"method", 0, "HOW", "next: by what to choose (default: uncertain)", label_methods},
    {"limit", 'l', "N", "next, errors, agreement, score: how many (default: 20); propose: at most N (default: all)",
     NULL},
    {"seed", 's', "N", "next: which random choice; errors: how pictures are dealt (default: 1)", NULL},
    {"honeypots", 0, "N", "next: mix in N samples whose answer is known (default: 0)", NULL},
    {"again", 0, "N", "next: mix in N samples that somebody else labelled (default: 0)", NULL},
    AS_CLI_BACKBONE_OPTS("errors"),
    {"vote", 0, NULL, "box, polygon, mask, remove: WHO's own, beside the label that another gave", NULL},
    {"by", 0, "WHO",
     "who says so (default: person:$ASSAY_AUTHOR, else person:user@host); next: for whom; agreement, "
     "score: whose labels, may be repeated (default: all people's)",
     NULL},
};

#define X(name) extern const as_action as_label_action_##name;
#include "label_list.inc"
#undef X
static const as_action *const label_rows[] = {
#define X(name) &as_label_action_##name,
#include "label_list.inc"
#undef X
    NULL};

const as_verb as_verb_label = {
    .name = "label",
    .summary = "say what samples are, confirm it, and take it back",
    .usage = "",
    .about =
        "Samples are named, or chosen with --where. Each step is a new version of the data that shares all pictures "
        "with the one before. What nobody labelled, or a model only, is neither learnt from nor judged by; pictures "
        "without labels come in with assay import --format unlabelled.\n\n"
        "A sample gets its split with its first label. Where a version has a test split already, that is training: "
        "what somebody chose to label is no fair draw.",
    .examples = "  assay label set broken photos/0017.png photos/0018.png\n"
                "  assay label set good --where 'not labelled and name~\"photos/monday/*\"'\n"
                "  assay label review --where 'class=broken and split=test'\n"
                "  assay label box photos/0017.png broken 120,64,30,12\n"
                "  assay label vote good photos/0017.png --by person:bo\n"
                "  assay label agreement\n"
                "  assay label undo\n"
                "  assay label next -l 10\n",
    .opts = label_opts,
    .n_opts = AS_COUNT(label_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = label_rows,
    .run = as_action_run,
};
