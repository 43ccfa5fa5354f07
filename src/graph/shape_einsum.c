/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/equation.h"
#include "graph/rules.h"

/* A dimension of the size that the others of its letter have, or of one that broadcasts to it. -1: open. */
static bool einsum_join(char letter, int64_t dim, int64_t *size, as_err *err)
{
    const bool broadcasts = as_equation_broadcasts(letter);
    if (*size > 0 && dim > 0 && *size != dim && !(broadcasts && (*size == 1 || dim == 1)))
        return AS_FAIL(err, AS_EFORMAT, "one letter of its equation is %lld and %lld long", (long long)*size,
                       (long long)dim);
    if (*size == 0 || *size == dim)
        *size = dim;
    else if (*size < 0 || dim < 0) /* one of them is open: what it becomes where they broadcast is the larger */
        *size = broadcasts && AS_MAX(*size, dim) == 1 ? -1 : AS_MAX(*size, dim);
    else
        *size = AS_MAX(*size, dim);
    return true;
}

bool as_graph_rule_einsum(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *first = as_rule_in(graph, node, 0);
    as_shape        out = {.rank = 0};
    as_equation     e;
    int             ranks[AS_EQUATION_INPUTS];
    int64_t         size[128] = {0}; /* of a letter; 0: not seen */
    for (size_t i = 0; i < AS_MIN(node->n_inputs, (size_t)AS_EQUATION_INPUTS); i++) {
        const as_value *x = as_rule_in(graph, node, i);
        if (!x || x->dtype != first->dtype)
            return AS_FAIL(err, AS_EFORMAT, "input %zu differs from input 0 in type", i);
        ranks[i] = x->shape.rank;
    }
    if (!as_equation_read(node, ranks, &e, err))
        return false;
    for (size_t i = 0; i < e.n_in; i++)
        for (int k = 0; e.words[i][k]; k++) {
            const char c = e.words[i][k];
            if (!einsum_join(c, as_rule_in(graph, node, i)->shape.dims[k], &size[(unsigned char)c], err))
                return false;
        }
    for (const char *p = e.words[e.n_in]; *p; p++)
        out.dims[out.rank++] = size[(unsigned char)*p];
    return as_rule_set(graph, node, 0, first->dtype, &out, err);
}
