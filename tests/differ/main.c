/* SPDX-License-Identifier: Apache-2.0 */
/* Random graphs by our engine and by ONNX Runtime: differ TIMES SEED [FOLDER]. A disagreement is made smaller, printed with
 * its seed, and written into FOLDER; then the program ends with 1, at the end. TIMES 1
 * shows the graph, and writes it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "batches.h"
#include "differ.h"

#define GRAPH_SECONDS 60
#define MOST_REASONS  400

typedef struct reason {
    char     text[120];
    uint64_t n, seed;
} reason;

/* Shared between the processes. */
typedef struct tally {
    uint64_t seed, n_kind[DIFFER_FAILED + 1], n_nodes, n_refused_nodes, n_reasons;
    uint64_t per_op[256];
    reason   reasons[MOST_REASONS];
    char     why[300];
} tally;

/* The words without the numbers and names, so that those of one kind count together. */
static void tally_reason(tally *t, const differ *d, uint64_t seed)
{
    char   text[120];
    size_t n = 0;
    int    used = snprintf(text, sizeof text, "%s: ", differ_kind_name(d->kind));
    for (const char *p = d->text; *p && n + (size_t)used + 1 < sizeof text; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (!digit || n == 0 || text[(size_t)used + n - 1] != '#')
            text[(size_t)used + n++] = digit ? '#' : *p;
    }
    text[(size_t)used + n] = '\0';
    for (size_t i = 0; i < t->n_reasons; i++)
        if (strcmp(t->reasons[i].text, text) == 0) {
            t->reasons[i].n++;
            return;
        }
    if (t->n_reasons == MOST_REASONS)
        return;
    reason *r = &t->reasons[t->n_reasons++];
    memcpy(r->text, text, sizeof text);
    r->n = 1;
    r->seed = seed;
}

static void show_bad(gen *g, differ *d, const char *folder)
{
    char   path[600];
    as_err err = AS_ERR_NONE;
    printf("seed %" PRIu64 ": %s: %s\n", g->seed, differ_kind_name(d->kind), d->text);
    differ_shrink(g, d);
    printf("  as small as it gets: %s\n", d->text);
    gen_print(g, stdout);
    snprintf(path, sizeof path, "%s/differ-%" PRIu64 ".onnx", folder, g->seed);
    if (*folder && differ_write(g, d->kind, path, &err))
        printf("  %s\n", path);
    else if (*folder)
        printf("  cannot be written: %s\n", err.text);
    fflush(stdout);
}

static void show_one(const gen *g, const char *folder)
{
    char   path[600];
    as_err err = AS_ERR_NONE;
    gen_print(g, stdout);
    snprintf(path, sizeof path, "%s/graph-%" PRIu64 ".onnx", folder, g->seed);
    if (*folder && !differ_write(g, DIFFER_FUSED, path, &err))
        printf("  cannot be written: %s\n", err.text);
}

static void count_nodes(tally *t, const gen *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; gen_op_at(k); k++)
            t->per_op[k] += strcmp(gen_op_at(k)->op, g->nodes[i].op) == 0;
    t->n_nodes += g->n_nodes;
    t->n_refused_nodes += g->n_refused;
}

/* In a process of its own. */
static int try_some(tally *t, uint64_t from, uint64_t n, const char *folder, bool show)
{
    static gen g;
    for (uint64_t i = 0; i < n; i++) {
        as_err err = AS_ERR_NONE;
        differ d;
        t->seed = from + i;
        alarm(GRAPH_SECONDS);
        gen_make(&g, from + i);
        if (show)
            show_one(&g, folder);
        if (!differ_try(&g, &d, &err)) {
            snprintf(t->why, sizeof t->why, "seed %" PRIu64 ": %.250s", from + i, err.text);
            return err.code == AS_EMISSING ? BATCHES_MISSING : 2;
        }
        if (show)
            printf("  %s %s\n", differ_kind_name(d.kind), d.text);
        count_nodes(t, &g);
        t->n_kind[d.kind]++;
        if (d.kind > DIFFER_AMPLIFIED)
            tally_reason(t, &d, from + i);
        if (differ_is_bad(d.kind))
            show_bad(&g, &d, folder);
    }
    return 0;
}

static int compare_reasons(const void *a, const void *b)
{
    const reason *x = a, *y = b;
    return x->n > y->n ? -1 : x->n < y->n;
}

static void show_all(tally *t, double seconds)
{
    uint64_t total = 0;
    for (int k = 1; k <= DIFFER_FAILED; k++)
        total += t->n_kind[k];
    printf("%" PRIu64 " graphs of %" PRIu64 " nodes in %.0f s\n", total, t->n_nodes, seconds);
    for (int k = 1; k <= DIFFER_FAILED; k++)
        if (t->n_kind[k])
            printf("  %8" PRIu64 "  %s\n", t->n_kind[k], differ_kind_name((differ_kind)k));
    qsort(t->reasons, t->n_reasons, sizeof *t->reasons, compare_reasons);
    for (size_t i = 0; i < t->n_reasons && i < 60; i++)
        printf("  %8" PRIu64 "  %s (seed %" PRIu64 ")\n", t->reasons[i].n, t->reasons[i].text, t->reasons[i].seed);
    for (size_t k = 0; gen_op_at(k); k++)
        if (t->per_op[k] == 0 && total > 5000)
            printf("  never made: %s\n", gen_op_at(k)->op);
}

static int try_batch(const batches *b, uint64_t from, uint64_t n, bool show)
{
    return try_some(b->tally, from, n, b->ctx, show);
}

static void show_ended(const batches *b, int status)
{
    printf("seed %" PRIu64 ": the program ended with %s %d: %s\n", *b->trying,
           WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           WIFSIGNALED(status) ? "" : b->why);
}

int main(int argc, char **argv)
{
    time_t  began = time(NULL);
    tally  *t = batches_tally(sizeof *t);
    batches b = {.times = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000,
                 .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                 .tally = t,
                 .trying = t ? &t->seed : NULL,
                 .why = t ? t->why : NULL,
                 .ctx = argc > 3 ? argv[3] : (char[]){""},
                 .some = try_batch,
                 .ended = show_ended};
    int64_t n_dead = t ? batches_run(&b) : -1;
    if (n_dead < 0)
        return n_dead == -BATCHES_MISSING ? BATCHES_MISSING : 3;
    show_all(t, difftime(time(NULL), began));
    return n_dead || t->n_kind[DIFFER_ORT] || t->n_kind[DIFFER_FUSED] || t->n_kind[DIFFER_FAILED];
}
