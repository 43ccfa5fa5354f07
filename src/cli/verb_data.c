/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const char *const data_formats[] = {
#include "intake/format_names.inc"
    NULL};

static const char *const data_links[] = {"auto", "copy", "hard", "reflink", NULL};

static const as_opt data_opts[] = {
    {"as", 0, "FORMAT", "checkout: in which format (default: folders)", data_formats},
    {"where", 'w', "QUERY",
     "ls, checkout, hold: only samples that meet it: 'class=broken and sharpness<200 and not reviewed'", NULL},
    {"class", 0, "CLASS", "ls: only samples of this class", NULL},
    {"split", 0, "SPLIT", "ls: only train, validation or test", NULL},
    {"name", 0, "PATTERN", "ls: only names like this; * and ? stand for any", NULL},
    {"sort", 0, "KEY", "ls: by a field of queries, as name, sharpness or time; -KEY: the largest first", NULL},
    {"html", 0, "FILE", "diff, stats: write a page with small pictures and plots", NULL},
    {"limit", 'l', "N", "log, ls: at most N rows (default: all)", NULL},
    {"page", 0, "N", "ls: the N-th page of --limit rows (default of that: 50)", NULL},
    {"offset", 0, "N", "ls: leave out the first N", NULL},
    {"reuse", 0, "DIR", "checkout: take pictures that are the same from an earlier checkout", NULL},
    {"link", 0, "HOW",
     "checkout: copy, hard, reflink or auto: how a picture that is on this disk already gets another "
     "name (default: auto)",
     data_links},
    {"labels", 0, NULL, "restore: only what was said of samples that are still there", NULL},
    {"dry-run", 0, NULL, "split, gc, retention: say what would change, and change nothing", NULL},
    {"split-seed", 0, "N", "split: which random split (default: 1)", NULL},
    {"freeze", 0, NULL, "split: the test split stays what it is from now on", NULL},
    {"thaw", 0, NULL, "split: it may be changed again", NULL},
    {"reason", 0, "TEXT", "hold, split --thaw: why; it is kept", NULL},
    {"endpoint", 0, "URL", "remote add, clone: the server of a bucket (default: AWS)", NULL},
    {"region", 0, "REGION", "remote add, clone: of a bucket (default: AWS_REGION, or us-east-1)", NULL},
    {"timeout", 0, "S", "push, pull, clone: seconds a remote may be silent (default: 30)", NULL},
    {"unlooked", 0, NULL,
     "pull, clone: also pictures in which nobody looked for faces, though privacy.faces is redact or refuse", NULL},
    {"no-spec", 0, NULL, "push: leave assay.yaml out", NULL},
    {"whole", 0, NULL, "push: look at the whole history, also at what the remote should have", NULL},
    {"force", 0, NULL, "push: also when the remote has versions that this one does not come from", NULL},
};

#define X(name) extern const as_action as_data_##name;
#include "data_list.inc"
#undef X
static const as_action *const data_rows[] = {
#define X(name) &as_data_##name,
#include "data_list.inc"
#undef X
    NULL};

const as_verb as_verb_data = {
    .name = "data",
    .summary = "look at the versions of the data, and share them",
    .usage = "",
    .about =
        "QUERY compares FIELD (= != < <= > >= ~) VALUE, or FIELD in (A, B), joined by and, or, not and brackets; ~ "
        "takes a\n"
        "pattern with * and ?. Fields: name class by split part camera format image width height bytes findings\n"
        "sharpness clipped severity time; and labelled, proposed, reviewed stand alone. camera=2 is the second "
        "camera.\n\n"
        "COMMIT is main (the newest), main~2 (two before it), a tag, or at least 4 digits of an id.\n\n"
        "A remote is a folder (/mnt/share/cones, file:///...) or a bucket (s3://BUCKET/PREFIX). Credentials of a "
        "bucket "
        "come\n"
        "from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or from ~/.aws/credentials "
        "(AWS_PROFILE);\n"
        "they are never stored.",
    .examples = "  assay data show\n  assay data ls --class broken --split test --sort -clipped_ratio --limit 5\n"
                "  assay data ls 'class=spillage and sharpness<90 and camera=2 and not labelled' --page 2\n"
                "  assay data ls --where \"split=test and not (class in (good, broken) or width<640)\"\n"
                "  assay data split --dry-run\n  assay data split --freeze\n"
                "  assay data diff main~1 main\n  assay data verify\n  assay data checkout /tmp/cones --as coco\n"
                "  assay data remote add origin /mnt/share/cones\n  assay data push\n"
                "  assay data clone /mnt/share/cones cones\n",
    .opts = data_opts,
    .n_opts = AS_COUNT(data_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = data_rows,
    .run = as_action_run,
};
