/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/trainer.h"

#include <stdlib.h>
#include <string.h>

#define X(name) extern const as_trainer as_trainer_##name;
#include "lab/trainer_list.inc"
#undef X

static const as_trainer *const trainers[] = {
#define X(name) &as_trainer_##name,
#include "lab/trainer_list.inc"
#undef X
};

const as_trainer *as_trainer_at(size_t i)
{
    return i < AS_COUNT(trainers) ? trainers[i] : NULL;
}

const as_trainer *as_trainer_find(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(trainers); i++)
        if (strcmp(trainers[i]->name, name) == 0)
            return trainers[i];
    return NULL;
}

void as_trained_done(as_trained *trained)
{
    trained->graph = as_graph_free(trained->graph);
    free(trained->curve.at);
    trained->curve = (as_curve){0};
    json_decref(trained->params);
    trained->params = NULL;
}
