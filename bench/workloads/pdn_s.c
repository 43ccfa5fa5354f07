/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

static bool pdn_s_open(void *priv, bench_about *about, as_err *err)
{
    return bench_duel_open(priv, &bench_net_pdn_s, BENCH_FORM_F32, about, err);
}

const bench_workload bench_pdn_s = {
    .id = "pdn_s",
    .summary = "EfficientAD's PDN-S in f32 at 256x256, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(bench_duel),
    .open = pdn_s_open,
    .compare = bench_duel_compare,
    .run = {[BENCH_OURS] = bench_duel_ours, [BENCH_PEER] = bench_duel_peer},
    .beside = bench_duel_beside,
    .close = bench_duel_close,
};
