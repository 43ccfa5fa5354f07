/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/test_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "store/test_fault.h"

void test_model_train(const as_dataset *dataset, const as_spec *spec, const as_trainer *trainer,
                      const as_trainer_cfg *cfg, as_trained *ret, as_str *bytes)
{
    as_err err = AS_ERR_NONE;
    if (!trainer->train(dataset, spec, cfg, NULL, ret, &err))
        support_fail(__FILE__, __LINE__, err.text);
    SUPPORT_CHECK(as_graph_write(ret->graph, bytes, &err));
    SUPPORT_CHECK(ret->info.n_labels == spec->n_classes);
}

as_features test_model_answers(const as_dataset *dataset, as_split split, const as_str *bytes,
                               const as_trained *trained, const char *backend)
{
    size_t          n = 0;
    as_err          err = AS_ERR_NONE;
    as_features     answers = {0};
    const uint32_t *indices = as_dataset_split(dataset, split, &n);
    as_features_cfg cfg = {.model = (const uint8_t *)bytes->s,
                           .n_model = bytes->len,
                           .name = "trained",
                           .backend = backend,
                           .input = trained->info.input};
    if (!as_features_compute(dataset, indices, n, &cfg, NULL, &answers, &err))
        support_fail(__FILE__, __LINE__, err.text);
    SUPPORT_CHECK(answers.width == trained->info.n_labels);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < answers.width; c++) {
            SUPPORT_CHECK(answers.at[i * answers.width + c] >= 0 && answers.at[i * answers.width + c] <= 1);
            sum += (double)answers.at[i * answers.width + c];
        }
        SUPPORT_CHECK(fabs(sum - 1) < 1e-4);
    }
    return answers;
}

double test_model_accuracy(const as_dataset *dataset, as_split split, const as_features *answers)
{
    size_t          n = 0, right = 0;
    const uint32_t *indices = as_dataset_split(dataset, split, &n);
    for (size_t i = 0; i < n; i++) {
        const float *row = answers->at + i * answers->width;
        uint32_t     best = 0;
        for (uint32_t c = 1; c < answers->width; c++)
            if (row[c] > row[best])
                best = c;
        right += best == as_dataset_class(dataset, indices[i]);
    }
    return (double)right / (double)n;
}

static bool test_model_has_ort(void)
{
    as_str about;
    as_err err = AS_ERR_NONE;
    bool   has = false;
    as_str_init(&about);
    for (size_t i = 0; as_backend_at(i); i++)
        if (strcmp(as_backend_at(i)->name, "ort") == 0)
            has = as_backend_at(i)->about(&about, &err);
    as_str_done(&about);
    if (!has)
        printf("not compared with ort: %s\n", err.text);
    return has;
}

double test_model_parity(const as_dataset *dataset, as_split split, const as_str *bytes, const as_trained *trained)
{
    double most = 0;
    if (!test_model_has_ort())
        return -1;
    as_features native = test_model_answers(dataset, split, bytes, trained, "native");
    as_features ort = test_model_answers(dataset, split, bytes, trained, "ort");
    for (size_t i = 0; i < native.n * native.width; i++)
        most = fmax(most, fabs((double)native.at[i] - (double)ort.at[i]));
    as_features_done(&native);
    as_features_done(&ort);
    return most;
}

bool test_model_repeats(const as_dataset *dataset, const as_spec *spec, const as_trainer *trainer,
                        const as_trainer_cfg *cfg)
{
    as_trained first = {0}, second = {0};
    as_str     a, b;
    as_str_init(&a);
    as_str_init(&b);
    test_model_train(dataset, spec, trainer, cfg, &first, &a);
    test_model_train(dataset, spec, trainer, cfg, &second, &b);
    bool same = a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
    as_trained_done(&first);
    as_trained_done(&second);
    as_str_done(&a);
    as_str_done(&b);
    return same;
}
