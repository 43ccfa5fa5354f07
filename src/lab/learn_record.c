/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/learn_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/str.h"
#include "base/thread.h"
#include "build_config.h"
#include "camera/camera.h"

static json_t *record_epoch(const as_epoch *epoch, size_t number)
{
    const struct {
        const char *name;
        double      value;
    } numbers[] = {
        {"train_loss", epoch->train_loss},     {"train_accuracy", epoch->train_accuracy},
        {"val_loss", epoch->val_loss},         {"val_accuracy", epoch->val_accuracy},
        {"val_macro_f1", epoch->val_macro_f1}, {"learning_rate", epoch->learning_rate},
        {"seconds", epoch->seconds},
    };
    json_t *json = json_object();
    as_json_set(json, "epoch", json_integer((json_int_t)number));
    for (size_t i = 0; i < AS_COUNT(numbers); i++)
        as_json_set(json, numbers[i].name, as_json_number(numbers[i].value));
    return json;
}

static json_t *record_build(void)
{
    json_t *json = json_object();
    as_json_set(json, "version", json_string(AS_VERSION));
    as_json_set(json, "id", json_string(AS_BUILD_ID));
    as_json_set(json, "compiler", json_string(AS_COMPILER));
    as_json_set(json, "type", json_string(AS_BUILD_TYPE));
    return json;
}

static json_t *record_machine(void)
{
    json_t *json = json_object();
    as_json_set(json, "cpu", json_string(as_cpu_model()));
    as_json_set(json, "features", json_string(as_cpu_features()));
    as_json_set(json, "cores", json_integer(as_thread_cores()));
    return json;
}

static json_t *record_data(const as_learn_record *record)
{
    json_t *json = json_object();
    for (as_split s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        size_t n = 0;
        as_dataset_split(record->dataset, s, &n);
        as_json_set(json, as_split_name(s), json_integer((json_int_t)n));
    }
    as_json_set(json, "erased", json_integer((json_int_t)as_dataset_n_erased(record->dataset)));
    return json;
}

static json_t *record_validation(const as_learn_record *record)
{
    const as_solution *solution = record->solution;
    json_t            *json = json_object();
    as_json_set(json, "backend", json_string(record->backend));
    as_json_set(json, "pass_below", as_json_number(solution->point.pass_below));
    as_json_set(json, "reject_from", as_json_number(solution->point.reject_from));
    as_json_set(json, "feasible", json_boolean(solution->feasible));
    as_json_set(json, "cost", as_json_number(solution->cost));
    as_json_set(json, "macro_f1", as_json_number(solution->macro_f1));
    return json;
}

json_t *as_learn_details(const as_learn_record *record, as_err *err)
{
    const as_curve *curve = &record->trained->curve;
    json_t         *json = json_object(), *epochs = json_array();
    bool            ok = true;
    for (size_t i = 0; i < curve->n; i++)
        ok = json_array_append_new(epochs, record_epoch(&curve->at[i], i + 1)) == 0 && ok;
    ok = as_json_set(json, "params", json_incref(record->trained->params)) && ok;
    ok = as_json_set(json, "curve", epochs) && ok;
    ok = as_json_set(json, "best_epoch", curve->n ? json_integer((json_int_t)curve->best + 1) : json_null()) && ok;
    ok = as_json_set(json, "build", record_build()) && ok;
    ok = as_json_set(json, "machine", record_machine()) && ok;
    ok = as_json_set(json, "data", record_data(record)) && ok;
    ok = as_json_set(json, "validation", record_validation(record)) && ok;
    if (ok)
        return json;
    json_decref(json);
    AS_FAIL(err, AS_ENOMEM, "cannot hold the record of the training");
    return NULL;
}

bool as_learn_write_curve(const as_learn_record *record, as_err *err)
{
    const as_curve *curve = &record->trained->curve;
    as_str          csv;
    if (curve->n == 0)
        return true;
    as_str_init(&csv);
    as_str_add(&csv, "epoch,train_loss,train_accuracy,val_loss,val_accuracy,val_macro_f1,learning_rate,seconds\n");
    for (size_t i = 0; i < curve->n; i++) {
        const as_epoch *e = &curve->at[i];
        as_str_addf(&csv, "%zu,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.3f\n", i + 1, e->train_loss, e->train_accuracy,
                    e->val_loss, e->val_accuracy, e->val_macro_f1, e->learning_rate, e->seconds);
    }
    bool ok = as_str_ok(&csv) ? as_run_write_file(record->run, "curve.csv", csv.s, csv.len, err)
                              : AS_FAIL(err, AS_ENOMEM, "cannot hold the training's curve");
    as_str_done(&csv);
    return ok;
}

bool as_learn_write_scores(const as_learn_record *record, as_err *err)
{
    const as_model_info *info = &record->trained->info;
    json_t              *json = json_object(), *labels = json_array(), *samples = json_array();
    bool                 ok = true;
    for (size_t c = 0; c < info->n_labels; c++)
        ok = json_array_append_new(labels, json_string(info->labels[c])) == 0 && ok;
    for (size_t i = 0; i < record->n_scored; i++) {
        const as_scored *scored = &record->scored[i];
        const as_sample *sample = as_dataset_sample(record->dataset, scored->sample);
        json_t          *one = json_object(), *p = json_array();
        for (uint32_t c = 0; c < scored->scores.n; c++)
            ok = json_array_append_new(p, as_json_number((double)scored->scores.p[c])) == 0 && ok;
        ok = as_json_set(one, "name", json_string(sample->name)) && ok;
        ok = as_json_set(one, "truth", json_string(sample->label)) && ok;
        ok = as_json_set(one, "p", p) && ok;
        ok = json_array_append_new(samples, one) == 0 && ok;
    }
    ok = as_json_set(json, "labels", labels) && ok;
    ok = as_json_set(json, "samples", samples) && ok;
    ok = ok ? as_run_write_json(record->run, "scores-validation.json", json, err)
            : AS_FAIL(err, AS_ENOMEM, "cannot hold the validation's scores");
    json_decref(json);
    return ok;
}

/* "cones-3/000012": the camera's number of the part. */
static bool record_part_number(const char *part, uint64_t *ret)
{
    const char *slash = strrchr(part, '/');
    return slash && as_str_to_u64(slash + 1, ret);
}

bool as_learn_write_known(const as_dataset *dataset, const as_run *run, as_err *err)
{
    size_t     n = as_dataset_count(dataset), n_origins = 0;
    as_origin *origins = calloc(2 * n + 1, sizeof *origins);
    if (!origins)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const as_sample *sample = as_dataset_sample(dataset, i);
        uint64_t         number;
        origins[n_origins++] = as_origin_of(&sample->image);
        if (sample->camera[0] && record_part_number(sample->part, &number) &&
            as_camera_origin(sample->camera, number, &origins[n_origins]))
            n_origins++;
    }
    bool ok = as_known_write(run, origins, n_origins, err);
    free(origins);
    return ok;
}
