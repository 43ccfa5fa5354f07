/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/result.h"

#include "base/fs.h"
#include "base/json.h"

char *bench_ns_text(double ns, char *text)
{
    static const struct {
        double      ns;
        const char *name;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1.0, "ns"}};
    size_t u = 0;
    while (u + 1 < AS_COUNT(units) && ns < units[u].ns)
        u++;
    snprintf(text, AS_CLOCK_TEXT_BYTES, "%.3g %s", ns / units[u].ns, units[u].name);
    return text;
}

static void result_print_side(FILE *out, const char *side, const bench_result *r, const as_band *ns)
{
    char low[AS_CLOCK_TEXT_BYTES], median[AS_CLOCK_TEXT_BYTES], high[AS_CLOCK_TEXT_BYTES];
    fprintf(out, "  %-8s %s a call [%s, %s]", side, bench_ns_text(ns->median, median), bench_ns_text(ns->low, low),
            bench_ns_text(ns->high, high));
    if (r->about.flop_per_call > 0.0)
        fprintf(out, ", %.1f GFLOP/s", r->about.flop_per_call / ns->median);
    if (r->about.megabytes > 0.0)
        fprintf(out, ", %.0f MB/s", r->about.megabytes / ns->median * 1e9);
    fputc('\n', out);
}

static void result_print_beside(FILE *out, const bench_beside *b)
{
    char ours[AS_CLOCK_TEXT_BYTES], peer[AS_CLOCK_TEXT_BYTES];
    fprintf(out, "  beside   %s: ratio %.2f [%.2f %.2f], ours %s, peer %s a call, of %zu pairs\n", b->name,
            b->ratio.median, b->ratio.low, b->ratio.high, bench_ns_text(b->ns[BENCH_OURS].median, ours),
            bench_ns_text(b->ns[BENCH_PEER].median, peer), b->n_pairs);
}

void bench_result_print(FILE *out, const bench_result *r, const bench_machine *machine)
{
    fprintf(out, "%s: %s\n  setting  %s\n", r->workload->id, r->workload->summary, r->about.note);
    fprintf(out, "  outputs  of %zu inputs compared first: they differ by at most %.2g (allowed %.2g)\n",
            r->about.n_inputs, r->difference, r->about.tolerance);
    result_print_side(out, "ours", r, &r->ns[BENCH_OURS]);
    result_print_side(out, "peer", r, &r->ns[BENCH_PEER]);
    const double peak = r->about.int8 ? machine->peak_int8 : machine->peak_flops;
    if (r->about.flop_per_call > 0.0 && peak > 0.0)
        fprintf(out, "  limit    %.0f %s of multiply-adds on one processor: at best %.3g us a call by the definition\n",
                peak / 1e9, r->about.int8 ? "GOP/s (u8 by i8)" : "GFLOP/s", r->about.flop_per_call / peak * 1e6);
    char where[32] = "all processors";
    if (!r->about.all_processors)
        snprintf(where, sizeof where, "processor %d", machine->pinned_to);
    fprintf(out, "  machine  %s (%s), both sides on %s of %u, load %.1f, interrupted %llu times\n", machine->model,
            machine->features, where, machine->processors, machine->load, (unsigned long long)machine->preemptions);
    fprintf(out, "  pairs    %zu of %zu calls a side\n", r->n_pairs, r->calls);
    for (size_t i = 0; i < r->n_beside; i++)
        result_print_beside(out, &r->beside[i]);
    if (r->n_pairs < BENCH_MIN_PAIRS)
        fprintf(out, "  fewer than %d pairs are no evidence\n", BENCH_MIN_PAIRS);
    fprintf(out, "%s ratio %.2f [%.2f %.2f] against %s\n", r->workload->id, r->ratio.median, r->ratio.low,
            r->ratio.high, r->about.peer);
}

static void result_csv(const bench_result *r, as_str *out)
{
    as_str_add(out, "pair,first,calls,ours_median_ns,peer_median_ns,ratio,ours_mean_ns,peer_mean_ns,ours_worst_ns,"
                    "peer_worst_ns\n");
    for (size_t i = 0; i < r->n_pairs; i++) {
        const as_pair *p = &r->pairs[i];
        as_str_addf(out, "%zu,%s,%zu,%.1f,%.1f,%.5f,%.1f,%.1f,%.0f,%.0f\n", i + 1, p->swapped ? "peer" : "ours",
                    r->calls, p->median_ns[BENCH_OURS], p->median_ns[BENCH_PEER], p->ratio, p->mean_ns[BENCH_OURS],
                    p->mean_ns[BENCH_PEER], p->worst_ns[BENCH_OURS], p->worst_ns[BENCH_PEER]);
    }
}

static json_t *result_band_json(const as_band *band)
{
    return json_pack("{s:f,s:f,s:f}", "low", band->low, "median", band->median, "high", band->high);
}

static json_t *result_beside_json(const bench_result *r)
{
    json_t *rows = json_array();
    bool    ok = rows != NULL;
    for (size_t i = 0; ok && i < r->n_beside; i++) {
        const bench_beside *b = &r->beside[i];
        ok = json_array_append_new(rows, json_pack("{s:s,s:I,s:o,s:o,s:o}", "name", b->name, "pairs",
                                                   (json_int_t)b->n_pairs, "ratio", result_band_json(&b->ratio),
                                                   "ours_ns", result_band_json(&b->ns[BENCH_OURS]), "peer_ns",
                                                   result_band_json(&b->ns[BENCH_PEER]))) == 0;
    }
    if (ok)
        return rows;
    json_decref(rows);
    return NULL;
}

static json_t *result_machine_json(const bench_machine *m)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:f,s:I,s:f,s:f}", "model", m->model, "features", m->features,
                     "system", m->system, "compiler", m->compiler, "build", m->build_type, "when", m->when,
                     "processors", (int)m->processors, "pinned_to", m->pinned_to, "load", m->load, "preemptions",
                     (json_int_t)m->preemptions, "peak_flops", m->peak_flops, "peak_int8", m->peak_int8);
}

static json_t *result_json(const bench_result *r, const bench_machine *machine)
{
    json_t *root = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:f,s:f,s:f}", "id", r->workload->id, "summary",
                             r->workload->summary, "peer", r->about.peer, "note", r->about.note, "calls",
                             (json_int_t)r->calls, "inputs", (json_int_t)r->about.n_inputs, "difference", r->difference,
                             "tolerance", r->about.tolerance, "flop_per_call", r->about.flop_per_call);
    json_t *ratios = json_array();
    bool    ok = root && ratios && as_json_set(root, "all_processors", json_boolean(r->about.all_processors)) &&
              as_json_set(root, "int8", json_boolean(r->about.int8));
    for (size_t i = 0; ok && i < r->n_pairs; i++)
        ok = json_array_append_new(ratios, json_real(r->pairs[i].ratio)) == 0;
    ok = as_json_set(root, "ratios", ratios) && ok;
    ok = ok && as_json_set(root, "ratio", result_band_json(&r->ratio)) &&
         as_json_set(root, "ours_ns", result_band_json(&r->ns[BENCH_OURS])) &&
         as_json_set(root, "peer_ns", result_band_json(&r->ns[BENCH_PEER])) &&
         as_json_set(root, "beside", result_beside_json(r)) &&
         as_json_set(root, "machine", result_machine_json(machine));
    if (ok)
        return root;
    json_decref(root);
    return NULL;
}

bool bench_result_write(const char *dir, const bench_result *r, const bench_machine *machine, as_err *err)
{
    char path[AS_FS_PATH_BYTES], name[64];
    if (!as_fs_make_dirs(dir, err))
        return false;
    as_str csv;
    as_str_init(&csv);
    result_csv(r, &csv);
    snprintf(name, sizeof name, "%s.csv", r->workload->id);
    bool ok = as_str_ok(&csv) || AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", name);
    ok = ok && as_fs_join(path, dir, name, err) && as_fs_write_fast(path, csv.s, csv.len, err);
    as_str_done(&csv);
    if (!ok)
        return false;
    json_t *root = result_json(r, machine);
    snprintf(name, sizeof name, "%s.json", r->workload->id);
    ok = root ? as_fs_join(path, dir, name, err) && as_json_write(path, root, err)
              : AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", name);
    json_decref(root);
    return ok;
}
