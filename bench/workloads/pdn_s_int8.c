/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/duel.h"

static bool pdn_s_int8_open(void *priv, bench_about *about, as_err *err)
{
    return bench_duel_open(priv, &bench_net_pdn_s, BENCH_FORM_INT8, about, err);
}

const bench_workload bench_pdn_s_int8 = {
    .id = "pdn_s_int8",
    .summary = "EfficientAD's PDN-S of whole numbers at 256x256, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(bench_duel),
    .open = pdn_s_int8_open,
    .compare = bench_duel_compare,
    .run = {[BENCH_OURS] = bench_duel_ours, [BENCH_PEER] = bench_duel_peer},
    .beside = bench_duel_beside,
    .close = bench_duel_close,
};
