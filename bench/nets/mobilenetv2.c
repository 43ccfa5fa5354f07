/* SPDX-License-Identifier: Apache-2.0 */
/* Sandler et al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks", table 2. */
#include "bench/net.h"

static void mobilenetv2_block(bench_net *net, bench_flow *x, int64_t expand, int64_t to, int64_t stride)
{
    const int64_t from = x->at.shape.dims[1], inner = from * expand;
    const bool    residual = stride == 1 && from == to;
    bench_flow    past = {.name = ""};
    if (residual)
        past = bench_net_copy(net, x);
    if (expand != 1) {
        bench_net_conv(net, x, inner, (bench_window){1, 1, 0}, 1, 1.0);
        bench_net_relu6(net, x);
    }
    bench_net_conv(net, x, inner, (bench_window){3, stride, 1}, inner, 1.0);
    bench_net_relu6(net, x);
    bench_net_conv(net, x, to, (bench_window){1, 1, 0}, 1, residual ? 0.3 : 1.0);
    if (residual)
        bench_net_add(net, x, &past);
}

static void mobilenetv2_body(bench_net *net, bench_flow *x)
{
    static const struct {
        int64_t expand, to, n, stride;
    } rows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    bench_net_conv(net, x, 32, (bench_window){3, 2, 1}, 1, 1.0);
    bench_net_relu6(net, x);
    for (size_t r = 0; r < AS_COUNT(rows); r++)
        for (int64_t i = 0; i < rows[r].n; i++)
            mobilenetv2_block(net, x, rows[r].expand, rows[r].to, i ? 1 : rows[r].stride);
    bench_net_conv(net, x, 1280, (bench_window){1, 1, 0}, 1, 1.0);
    bench_net_relu6(net, x);
    bench_net_head(net, x);
}

/* Its random filters, unlike trained ones, tell the drawn pictures apart by little: one of the 200 that are judged lies so
 * close between two classes that 8 bits decide for the other. */
const bench_net_kind bench_net_mobilenetv2 = {
    .name = "MobileNetV2", .side = 224, .classes = NET_CLASSES, .alike = 0.995, .body = mobilenetv2_body};
