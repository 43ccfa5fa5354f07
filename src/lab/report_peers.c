/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/report_page.h"

static void peer_take(as_report_peer *peer, const as_judged *part)
{
    peer->judged = true;
    peer->macro_f1 = part->macro_f1;
    peer->recall = part->reject_recall;
    peer->precision = part->reject_precision;
    peer->cost_per_1000 = part->cost_per_1000;
}

static bool peer_measured(const json_t *measures, const char *name, as_measured *ret)
{
    json_t *json = json_object_get(measures, name);
    if (!json_is_object(json))
        return false;
    const struct {
        const char *key;
        double     *at;
    } numbers[] = {{"value", &ret->value}, {"low", &ret->low}, {"high", &ret->high}};
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        const json_t *value = json_object_get(json, numbers[i].key);
        *numbers[i].at = json_is_number(value) ? json_number_value(value) : NAN;
    }
    ret->n = (uint64_t)json_integer_value(json_object_get(json, "n"));
    return true;
}

static bool peer_is_newer(const char *path, const char *than)
{
    struct stat a, b;
    return stat(path, &a) == 0 && stat(than, &b) == 0 &&
           (a.st_mtim.tv_sec != b.st_mtim.tv_sec ? a.st_mtim.tv_sec > b.st_mtim.tv_sec
                                                 : a.st_mtim.tv_nsec > b.st_mtim.tv_nsec);
}

/* What was found when it was judged last, if neither the model nor the requirements have changed since. */
static bool peer_recall(const as_report *report, as_report_peer *peer)
{
    char    judged[AS_FS_PATH_BYTES], model[AS_FS_PATH_BYTES];
    json_t *json = NULL;
    if (!as_fs_join(judged, peer->run.dir, "eval-test.json", NULL) ||
        !as_fs_join(model, peer->run.dir, "model.onnx", NULL) || !peer_is_newer(judged, model) ||
        !peer_is_newer(judged, report->ws->spec_path) || !as_run_read_json(&peer->run, "eval-test.json", &json, NULL))
        return false;
    const json_t *part = json_object_get(json, "part"), *measures = json_object_get(part, "measures");
    const json_t *cost = json_object_get(part, "cost_per_1000");
    peer->judged = peer_measured(measures, "macro_f1", &peer->macro_f1) &&
                   peer_measured(measures, "reject_recall", &peer->recall) &&
                   peer_measured(measures, "reject_precision", &peer->precision) && json_is_number(cost);
    peer->cost_per_1000 = json_is_number(cost) ? json_number_value(cost) : NAN;
    json_decref(json);
    return peer->judged;
}

/* A peer that cannot be judged here (its back end is missing, say) does not spoil the report: its row says why. */
static bool peer_judge(const as_report *report, as_report_peer *peer, const as_progress *progress, as_err *err)
{
    as_eval eval = {0};
    as_err  why = AS_ERR_NONE;
    if (peer_recall(report, peer))
        return true;
    if (as_eval_run(report->ws, report->spec, &peer->run, AS_SPLIT_TEST, NULL, progress, &eval, &why)) {
        peer_take(peer, &eval.part);
        as_eval_done(&eval);
        return true;
    }
    if (why.code == AS_ECANCELLED || why.code == AS_ENOSPC || why.code == AS_ENOMEM)
        return as_err_set(err, why.code, "%s", why.text);
    as_str_copy(peer->why_not, sizeof peer->why_not, why.text);
    return true;
}

static void peer_size(as_report_peer *peer)
{
    char        path[AS_FS_PATH_BYTES];
    struct stat file;
    if (as_fs_join(path, peer->run.dir, "model.onnx", NULL) && stat(path, &file) == 0)
        peer->model_bytes = (uint64_t)file.st_size;
}

/* Those on the same data: the newest, and this one, by number. */
bool as_report_load_peers(as_report *report, const as_progress *progress, as_err *err)
{
    as_run *runs = NULL;
    size_t  n = 0, skip = 0, same = 0;
    if (!as_run_list(report->ws, &runs, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        same += strcmp(runs[i].commit, report->run->commit) == 0;
    skip = same > AS_REPORT_MOST_PEERS ? same - AS_REPORT_MOST_PEERS : 0;
    bool ok = true;
    for (size_t i = 0; ok && i < n && report->n_peers < AS_REPORT_MOST_PEERS; i++) {
        bool own = strcmp(runs[i].id, report->run->id) == 0;
        if (strcmp(runs[i].commit, report->run->commit) != 0 || (!own && skip > 0 && skip--))
            continue;
        as_report_peer *peer = &report->peers[report->n_peers++];
        peer->run = runs[i];
        peer_size(peer);
        if (own)
            peer_take(peer, &report->eval.part);
        else
            ok = peer_judge(report, peer, progress, err);
    }
    free(runs);
    return ok;
}
