/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/rules.h"

/* In the order of op.def; there are few enough to look through. */
static const graph_op ops[] = {
#define X(name, min_in, max_in, min_out, max_out, types, rule, fold, attrs) \
    {#name, min_in, max_in, min_out, max_out, GRAPH_##types, as_graph_rule_##rule, as_graph_fold_##fold, attrs},
#include "graph/op.def"
#undef X
};

const graph_op *as_graph_op_find(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(ops); i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

const char *as_graph_op_name(size_t i)
{
    return i < AS_COUNT(ops) ? ops[i].name : NULL;
}
