/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/equation.h"

typedef struct equation_reader {
    const char *s, *end;
    int         widest; /* ellipsis, in dimensions; -1: there is none */
} equation_reader;

static bool equation_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void equation_skip(equation_reader *r)
{
    while (r->s < r->end && *r->s == ' ')
        r->s++;
}

static bool equation_at(const equation_reader *r, const char *text)
{
    const size_t n = strlen(text);
    return (size_t)(r->end - r->s) >= n && memcmp(r->s, text, n) == 0;
}

/* Letters up to something else, an ellipsis as one '.'. */
static bool equation_raw(equation_reader *r, char raw[AS_TENSOR_MAX_RANK + 2], as_err *err)
{
    size_t n = 0;
    for (equation_skip(r); r->s < r->end; equation_skip(r)) {
        const bool dots = equation_at(r, "...");
        if (!dots && !equation_is_letter(*r->s))
            break;
        if (n == AS_TENSOR_MAX_RANK + 1)
            return AS_FAIL(err, AS_EFORMAT, "its equation names more than %d dimensions", AS_TENSOR_MAX_RANK);
        if (dots && memchr(raw, '.', n))
            return AS_FAIL(err, AS_EFORMAT, "its equation has two ellipses in one place");
        raw[n++] = dots ? '.' : *r->s;
        r->s += dots ? 3 : 1;
    }
    raw[n] = '\0';
    return true;
}

/* The word with n_dots letters for its ellipsis. */
static bool equation_spell(const char *raw, int n_dots, char *word, as_err *err)
{
    size_t n = 0;
    for (; *raw; raw++) {
        const int times = *raw == '.' ? n_dots : 1;
        for (int i = 0; i < times; i++) {
            if (n == AS_TENSOR_MAX_RANK)
                return AS_FAIL(err, AS_EFORMAT, "its equation names more than %d dimensions", AS_TENSOR_MAX_RANK);
            word[n++] = *raw == '.' ? (char)('0' + AS_TENSOR_MAX_RANK - n_dots + i) : *raw;
        }
    }
    word[n] = '\0';
    return true;
}

static bool equation_input(equation_reader *r, int rank, char *word, as_err *err)
{
    char raw[AS_TENSOR_MAX_RANK + 2];
    if (!equation_raw(r, raw, err))
        return false;
    const bool has_dots = strchr(raw, '.') != NULL;
    const int  named = (int)strlen(raw) - has_dots, dots = has_dots ? rank - named : 0;
    if (named > rank || (!has_dots && named < rank))
        return AS_FAIL(err, AS_EFORMAT, "its equation names %d dimensions of an input that has %d", named, rank);
    if (has_dots)
        r->widest = AS_MAX(r->widest, dots);
    return equation_spell(raw, dots, word, err);
}

/* What is left when the result is not written: what the ellipsis stands for, then letters that are used once, in order. */
static bool equation_implied(const equation_reader *r, as_equation *e, as_err *err)
{
    char   raw[64] = "";
    size_t n = 0;
    if (r->widest >= 0)
        raw[n++] = '.';
    for (int c = 'A'; c <= 'z'; c++) {
        int times = 0;
        for (size_t w = 0; w < e->n_in; w++)
            for (const char *p = e->words[w]; *p; p++)
                times += *p == (char)c;
        if (times == 1 && equation_is_letter((char)c))
            raw[n++] = (char)c;
    }
    raw[n] = '\0';
    return equation_spell(raw, r->widest, e->words[e->n_in], err);
}

static bool equation_result(equation_reader *r, as_equation *e, as_err *err)
{
    char  raw[AS_TENSOR_MAX_RANK + 2];
    char *word = e->words[e->n_in];
    if (!equation_at(r, "->"))
        return AS_FAIL(err, AS_EFORMAT, "its equation has something else than '->' behind its inputs");
    r->s += 2;
    if (!equation_raw(r, raw, err))
        return false;
    if (r->widest > 0 && !strchr(raw, '.'))
        return AS_FAIL(err, AS_EFORMAT, "its equation has an ellipsis in an input and none in the result");
    if (r->s < r->end || (r->widest < 0 && strchr(raw, '.')) || !equation_spell(raw, AS_MAX(r->widest, 0), word, err))
        return AS_FAIL(err, AS_EFORMAT, "the result of its equation is not made of its letters, each once");
    for (const char *p = word; *p; p++) {
        bool used = false;
        for (size_t w = 0; w < e->n_in; w++)
            used = used || strchr(e->words[w], *p);
        if (!used || strchr(p + 1, *p))
            return AS_FAIL(err, AS_EFORMAT, "the result of its equation is not made of its letters, each once");
    }
    return true;
}

bool as_equation_read(const as_node *node, const int *ranks, as_equation *ret, as_err *err)
{
    const char *equation;
    size_t      n;
    *ret = (as_equation){.n_in = node->n_inputs};
    if (!as_node_str(node, "equation", &equation, &n))
        return AS_FAIL(err, AS_EFORMAT, "it has no 'equation'");
    if (node->n_inputs > AS_EQUATION_INPUTS)
        return AS_FAIL(err, AS_EUNSUPPORTED, "more than %d inputs", AS_EQUATION_INPUTS);
    equation_reader r = {.s = equation, .end = equation + n, .widest = -1};
    for (size_t i = 0; i < ret->n_in; i++) {
        if (!equation_input(&r, ranks[i], ret->words[i], err))
            return false;
        if (i + 1 < ret->n_in && (r.s == r.end || *r.s++ != ','))
            return AS_FAIL(err, AS_EFORMAT, "its equation is not for %zu inputs", ret->n_in);
    }
    return r.s == r.end ? equation_implied(&r, ret, err) : equation_result(&r, ret, err);
}
