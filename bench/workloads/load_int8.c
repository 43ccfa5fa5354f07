/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/opening.h"

static bool load_int8_open(void *priv, bench_about *about, as_err *err)
{
    return bench_opening_open(priv, &bench_net_resnet18, BENCH_FORM_INT8, about, err);
}

const bench_workload bench_load_int8 = {
    .id = "load_int8",
    .summary = "ResNet-18 of whole numbers from a file to its first result in a new process, against ONNX Runtime",
    .priv_size = sizeof(bench_opening),
    .open = load_int8_open,
    .compare = bench_opening_compare,
    .block = {[BENCH_OURS] = bench_opening_ours, [BENCH_PEER] = bench_opening_peer},
    .close = bench_opening_close,
};
