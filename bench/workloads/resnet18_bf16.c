/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

static bool resnet18_bf16_open(void *priv, bench_about *about, as_err *err)
{
    return bench_duel_open(priv, &bench_net_resnet18, BENCH_FORM_BF16, about, err);
}

const bench_workload bench_resnet18_bf16 = {
    .id = "resnet18_bf16",
    .summary = "ResNet-18 at 224x224, native engine asked for bf16, against ONNX Runtime in f32",
    .priv_size = sizeof(bench_duel),
    .open = resnet18_bf16_open,
    .compare = bench_duel_compare,
    .run = {[BENCH_OURS] = bench_duel_ours, [BENCH_PEER] = bench_duel_peer},
    .beside = bench_duel_beside,
    .close = bench_duel_close,
};
