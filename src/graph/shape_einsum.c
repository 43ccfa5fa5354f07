/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum: a letter a dimension (ONNX, Einsum; numpy's rules, without an ellipsis that stands for several dimensions). */
#include "graph/rules.h"

typedef struct einsum {
    const char *s, *end;
    int64_t     size[128]; /* of a letter; 0: not seen */
} einsum;

static bool einsum_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void einsum_skip(einsum *e)
{
    while (e->s < e->end && *e->s == ' ')
        e->s++;
}

static bool einsum_operand(einsum *e, const as_value *x, as_err *err)
{
    int i = 0;
    for (einsum_skip(e); e->s < e->end && einsum_is_letter(*e->s); einsum_skip(e)) {
        int64_t *size = &e->size[(unsigned char)*e->s++];
        if (i == x->shape.rank)
            return AS_FAIL(err, AS_EFORMAT, "its equation names more dimensions than '%.200s' has", x->name);
        const int64_t dim = x->shape.dims[i++];
        if (*size > 0 && dim > 0 && *size != dim)
            return AS_FAIL(err, AS_EFORMAT, "one letter of its equation is %lld and %lld long", (long long)*size,
                           (long long)dim);
        *size = *size > 0 ? *size : dim;
    }
    return i == x->shape.rank ||
           AS_FAIL(err, AS_EFORMAT, "its equation names %d of %d dimensions of '%.200s'", i, x->shape.rank, x->name);
}

/* What is left when the result is not written: letters that are used once, in order. */
static void einsum_implied(const char *equation, size_t n, const einsum *e, as_shape *out)
{
    for (int c = 'A'; c <= 'z' && out->rank < AS_TENSOR_MAX_RANK; c++) {
        int times = 0;
        for (size_t i = 0; i < n; i++)
            times += equation[i] == (char)c;
        if (times == 1 && einsum_is_letter((char)c))
            out->dims[out->rank++] = e->size[c];
    }
}

bool as_graph_rule_einsum(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *first = as_rule_in(graph, node, 0);
    as_shape        out = {.rank = 0};
    const char     *equation;
    size_t          n;
    if (!as_node_str(node, "equation", &equation, &n))
        return AS_FAIL(err, AS_EFORMAT, "it has no 'equation'");
    einsum e = {.s = equation, .end = equation + n};
    if (n > 0 && memchr(equation, '.', n))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its equation has an ellipsis");
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_value *x = as_rule_in(graph, node, i);
        if (!x || x->dtype != first->dtype)
            return AS_FAIL(err, AS_EFORMAT, "input %zu differs from input 0 in type", i);
        if (!einsum_operand(&e, x, err))
            return false;
        if (i + 1 < node->n_inputs && (e.s == e.end || *e.s++ != ','))
            return AS_FAIL(err, AS_EFORMAT, "its equation is not for %zu inputs", node->n_inputs);
    }
    if (e.s == e.end) {
        einsum_implied(equation, n, &e, &out);
        return as_rule_set(graph, node, 0, first->dtype, &out, err);
    }
    if (e.end - e.s < 2 || e.s[0] != '-' || e.s[1] != '>')
        return AS_FAIL(err, AS_EFORMAT, "its equation has something else than '->' behind its inputs");
    e.s += 2;
    for (einsum_skip(&e); e.s < e.end; einsum_skip(&e)) {
        const char c = *e.s++;
        if (!einsum_is_letter(c) || e.size[(unsigned char)c] == 0 || out.rank == AS_TENSOR_MAX_RANK ||
            memchr(e.s, c, (size_t)(e.end - e.s)))
            return AS_FAIL(err, AS_EFORMAT, "the result of its equation is not made of its letters, each once");
        out.dims[out.rank++] = e.size[(unsigned char)c];
    }
    return as_rule_set(graph, node, 0, first->dtype, &out, err);
}
