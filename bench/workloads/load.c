/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/opening.h"

static bool load_open(void *priv, bench_about *about, as_err *err)
{
    return bench_opening_open(priv, &bench_net_resnet18, BENCH_FORM_F32, about, err);
}

const bench_workload bench_load = {
    .id = "load",
    .summary =
        "ResNet-18 in f32 from a file to its first result in a new process, against ONNX Runtime on the same file",
    .priv_size = sizeof(bench_opening),
    .open = load_open,
    .compare = bench_opening_compare,
    .block = {[BENCH_OURS] = bench_opening_ours, [BENCH_PEER] = bench_opening_peer},
    .close = bench_opening_close,
};
