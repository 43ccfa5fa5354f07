/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const char *const quarantine_states[] = {"waiting", "kept", "accepted", "dropped", "all", NULL};

static const as_opt quarantine_opts[] = {
    {"reason", 0, "TEXT", "accept, drop, undo: why; kept with your name and the time", NULL},
    {"check", 0, "CHECK", "those that this check refused: exposure, sharpness ... (see: assay intake checks)", NULL},
    {"where", 'w', "QUERY",
     "those that meet it: 'class=broken and clipped>0.4 and time>=2026-11-01' (see: assay help "
     "data)",
     NULL},
    {"overrule", 0, "CHECK", "accept: this check too, beside the one that refused it; may be repeated", NULL},
    {"state", 0, "STATE", "list: waiting, kept (came in later), accepted, dropped or all (default: waiting)",
     quarantine_states},
    {"limit", 'l', "N", "list, log: at most N rows (default: all)", NULL},
};

#define X(name) extern const as_action as_quarantine_action_##name;
#include "quarantine_list.inc"
#undef X
static const as_action *const quarantine_rows[] = {
#define X(name) &as_quarantine_action_##name,
#include "quarantine_list.inc"
#undef X
    NULL};

const as_verb as_verb_quarantine = {
    .name = "quarantine",
    .summary = "look at refused pictures, and decide about them",
    .usage = "",
    .about =
        "NAME is a picture's name, or the first 6 digits or more of the id that show prints. accept, drop and undo "
        "need "
        "--reason, and\n"
        "what they did stays in the record.\n\n"
        "Judgements can be overruled (exposure, sharpness, size ...). What cannot be decoded, is there under another "
        "class or in\n"
        "another split, or may show a person, stays out; faces are covered on the way in as always.",
    .examples =
        "  assay quarantine list --check sharpness\n  assay quarantine show monday/7.png\n"
        "  assay quarantine accept monday/7.png --reason 'the part is out of focus at this edge, always'\n"
        "  assay quarantine drop --where 'camera=2 and time<2026-11-01' --reason 'before the lens was cleaned'\n"
        "  assay quarantine undo monday/7.png --reason 'it was blurred after all'\n",
    .opts = quarantine_opts,
    .n_opts = AS_COUNT(quarantine_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = quarantine_rows,
    .run = as_action_run,
};
