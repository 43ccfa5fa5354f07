/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/label_steps.h"

static bool label_propose(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_label_choice choice = {0};
    as_label_result result;
    as_next_cfg     how = {.method = as_next_method_at(0), .n = UINT32_MAX};
    bool            ok = as_label_choose(cli, ws, &how, &choice, err);
    const char    **names = calloc(choice.n + 1, sizeof *names), **labels = calloc(choice.n + 1, sizeof *labels);
    char            by[AS_RUN_ID_BYTES + 8] = "";
    ok = ok && ((names && labels) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
    for (size_t i = 0; ok && i < choice.n; i++) {
        names[i] = as_dataset_sample(choice.dataset, choice.at[i].sample)->name;
        labels[i] = choice.spec->classes[choice.at[i].class].name;
    }
    if (ok)
        snprintf(by, sizeof by, "model:%s", choice.runs[0].id);
    as_label_cfg cfg = {.spec = choice.spec,
                        .names = names,
                        .n_names = choice.n,
                        .labels = labels,
                        .state = AS_LABEL_PROPOSED,
                        .by = by,
                        .seed = 1};
    ok = ok && as_label_apply(ws, &cfg, &result, err) && as_label_print(cli, &result, err);
    free(names);
    free(labels);
    as_label_choice_done(&choice);
    return ok;
}

static int label_propose_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_propose(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_propose = {
    .name = "propose",
    .usage = "[--run RUN] [--limit N] [--by WHO]",
    .about = "gives samples without a label the class that a model finds, to be set or reviewed by a person",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_propose_run,
};
