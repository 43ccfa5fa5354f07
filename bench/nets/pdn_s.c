/* SPDX-License-Identifier: Apache-2.0 */
/* The small patch description network of Batzner et al. 2024, "EfficientAD", table 6: no padding, 384 features a patch. */
#include "bench/net.h"

static void pdn_s_body(bench_net *net, bench_flow *x)
{
    bench_net_conv(net, x, 128, (bench_window){4, 1, 0}, 1, 1.0);
    bench_net_relu(net, x);
    bench_net_mean(net, x, (bench_window){2, 2, 0});
    bench_net_conv(net, x, 256, (bench_window){4, 1, 0}, 1, 1.0);
    bench_net_relu(net, x);
    bench_net_mean(net, x, (bench_window){2, 2, 0});
    bench_net_conv(net, x, 256, (bench_window){3, 1, 0}, 1, 1.0);
    bench_net_relu(net, x);
    bench_net_conv(net, x, 384, (bench_window){4, 1, 0}, 1, 1.0);
}

const bench_net_kind bench_net_pdn_s = {.name = "PDN-S", .side = 256, .classes = 0, .body = pdn_s_body};
