/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

static bool mobilenetv2_open(void *priv, bench_about *about, as_err *err)
{
    return bench_duel_open(priv, &bench_net_mobilenetv2, BENCH_FORM_F32, about, err);
}

const bench_workload bench_mobilenetv2 = {
    .id = "mobilenetv2",
    .summary = "MobileNetV2 in f32 at 224x224, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(bench_duel),
    .open = mobilenetv2_open,
    .compare = bench_duel_compare,
    .run = {[BENCH_OURS] = bench_duel_ours, [BENCH_PEER] = bench_duel_peer},
    .beside = bench_duel_beside,
    .close = bench_duel_close,
};
