/* SPDX-License-Identifier: Apache-2.0 */
/* He et al. 2016, "Deep residual learning for image recognition", table 1. */
#include "bench/net.h"

static void resnet18_block(bench_net *net, bench_flow *x, int64_t to, int64_t stride)
{
    bench_flow past = bench_net_copy(net, x);
    const bool turns = stride != 1 || x->at.shape.dims[1] != to;
    bench_net_conv(net, x, to, (bench_window){3, stride, 1}, 1, 1.0);
    bench_net_relu(net, x);
    bench_net_conv(net, x, to, (bench_window){3, 1, 1}, 1, 0.6);
    if (turns)
        bench_net_conv(net, &past, to, (bench_window){1, stride, 0}, 1, 0.8);
    bench_net_add(net, x, &past);
    bench_net_relu(net, x);
}

static void resnet18_body(bench_net *net, bench_flow *x)
{
    bench_net_conv(net, x, 64, (bench_window){7, 2, 3}, 1, 1.0);
    bench_net_relu(net, x);
    bench_net_max(net, x, (bench_window){3, 2, 1});
    for (int64_t stage = 0, width = 64; stage < 4; stage++, width *= 2) {
        resnet18_block(net, x, width, stage ? 2 : 1);
        resnet18_block(net, x, width, 1);
    }
    bench_net_head(net, x);
}

const bench_net_kind bench_net_resnet18 = {
    .name = "ResNet-18", .side = 224, .classes = NET_CLASSES, .alike = 0.995, .body = resnet18_body};
