/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

static bool resnet18_int8_open(void *priv, bench_about *about, as_err *err)
{
    return bench_duel_open(priv, &bench_net_resnet18, BENCH_FORM_INT8, about, err);
}

const bench_workload bench_resnet18_int8 = {
    .id = "resnet18_int8",
    .summary = "ResNet-18 of whole numbers at 224x224, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(bench_duel),
    .open = resnet18_int8_open,
    .compare = bench_duel_compare,
    .run = {[BENCH_OURS] = bench_duel_ours, [BENCH_PEER] = bench_duel_peer},
    .beside = bench_duel_beside,
    .close = bench_duel_close,
};
