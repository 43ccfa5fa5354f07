/* SPDX-License-Identifier: Apache-2.0 */
/* Operators one by one: our engine against ONNX Runtime, on random numbers. What stands here is what no published case
 * covers: newer operator sets, blocks of channels as a convolution leaves them, odd sizes.
 *
 * A row: the operator set, the operator, its attributes, its inputs. Attributes: "name=1", "name=0.5", "name=[1,2]",
 * "name=text", by blanks. Inputs: "f:2x3" is fed with numbers from -2 to 2, "p:2x3" from 0.1 to 2, "n:2x3" from -2 to -0.1, "c:1x20x9x7" is fed and
 * goes through a 1x1 convolution first, "d:1x20x9x7" through a 3x3 one of each channel, "w:2x3" is a constant like f, "b:2x3" is fed with truths, "j5:2x3" with integers
 * from 0 to 4, "i:1,2" are constant integers, "s:1,2" constant numbers ("s:1" is a scalar), "r:9x4" is fed with boxes, "-" is left out.
 * Behind the operator, "*" is times its input, "+" has its second output too. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/rng.h"
#include "graph/build.h"
#include "graph/upgrade.h"
#include "infer/infer.h"

enum { MAX_INPUTS = 6, MAX_OUTPUTS = 3 };

typedef struct op_case {
    int         opset;
    const char *op, *attrs, *inputs;
} op_case;

static const op_case cases[] = {
    {17, "Relu", "", "c:1x20x9x7"},
    {17, "LeakyRelu", "alpha=0.2", "c:1x20x9x7"},
    {17, "PRelu", "", "c:1x20x9x7 w:20x1x1"},
    {17, "PRelu", "", "c:1x20x9x7 s:0.25"},
    {17, "PRelu", "", "f:3x4 w:4"},
    {17, "Clip", "", "c:1x20x9x7 s:-0.5 s:0.5"},
    {17, "Clip", "", "f:3x4 - s:0.5"},
    {17, "HardSigmoid", "alpha=0.3 beta=0.4", "c:1x20x9x7"},
    {17, "HardSwish", "", "c:1x20x9x7"},
    {17, "Sigmoid*", "", "c:1x20x9x7"},
    {17, "Sigmoid*", "", "f:3x41"},
    {17, "HardSigmoid*", "alpha=0.1666667", "c:1x20x9x7"},
    {17, "HardSigmoid*", "alpha=0.1666667", "f:3x41"},
    {17, "HardSigmoid*", "alpha=0.3", "c:1x20x9x7"},
    {17, "Elu", "alpha=0.7", "c:1x20x9x7"},
    {17, "Selu", "", "c:1x20x9x7"},
    {17, "Celu", "alpha=0.7", "f:3x40"},
    {17, "Softplus", "", "c:1x20x9x7"},
    {17, "Softsign", "", "c:1x20x9x7"},
    {17, "ThresholdedRelu", "alpha=0.5", "f:3x40"},
    {17, "Sigmoid", "", "c:1x20x9x7"},
    {17, "Tanh", "", "c:1x20x9x7"},
    {17, "Erf", "", "c:1x20x9x7"},
    {17, "Exp", "", "c:1x20x9x7"},
    {17, "Log", "", "p:3x41"},
    {17, "Sqrt", "", "p:3x41"},
    {17, "Reciprocal", "", "p:3x41"},
    {17, "Floor", "", "c:1x20x9x7"},
    {17, "Ceil", "", "f:3x41"},
    {17, "Round", "", "f:3x41"},
    {17, "Sign", "", "f:3x41"},
    {17, "Abs", "", "c:1x20x9x7"},
    {17, "Neg", "", "c:1x20x9x7"},
    {17, "Sin", "", "f:3x41"},
    {18, "Mish", "", "c:1x20x9x7"},
    {20, "Gelu", "", "c:1x20x9x7"},
    {20, "Gelu", "approximate=tanh", "c:1x20x9x7"},
    {17, "Add", "", "c:1x20x9x7 w:20x1x1"},
    {17, "Add", "", "c:1x20x9x7 f:1x20x9x7"},
    {17, "Concat", "axis=2", "c:2x32x5x3 f:2x32x2x3"},
    {17, "Concat", "axis=-1", "c:2x32x5x3 w:2x32x5x4 f:2x32x5x1"},
    {17, "Concat", "axis=0", "c:2x32x5x3 f:1x32x5x3"},
    {17, "Mul", "", "c:3x1x12x3 s:0.5"},
    {17, "Mul", "", "c:3x1x9x6 f:3x1x1x6"},
    {17, "Sub", "", "c:3x1x9x6 f:3x1x1x6"},
    {17, "Max", "", "c:3x1x9x6 f:3x1x1x6"},
    {17, "Sub", "", "w:20x1x1 c:1x20x9x7"},
    {17, "Mul", "", "c:1x20x9x7 f:1x1x9x7"},
    {17, "Add", "", "f:1x1x9x7 c:1x20x9x7"},
    {17, "Sub", "", "c:2x32x9x7 f:2x1x9x7"},
    {17, "Max", "", "c:2x32x9x7 f:7"},
    {17, "Mul", "", "f:2x3x9x7 f:2x1x9x7"},
    {17, "Mul", "", "c:1x20x9x7 f:1x20x9x1"},
    {17, "Add", "", "c:2x20x9x7 f:1x20x1x7"},
    {17, "Add", "", "c:2x20x9x7 f:1x20x9x7"},
    {17, "Sub", "", "c:2x20x9x7 f:2x20x1x1"},
    {17, "Mul", "", "c:2x20x9x7 f:1x1x1x1"},
    {17, "Add", "", "c:2x32x9x7 f:2x1x1x1"},
    {17, "Add", "", "f:4x5x6 f:5x1"},
    {17, "Mul", "", "c:2x20x9x7 s:0.5"},
    {17, "Add", "", "c:2x20x9x7 s:0.5"},
    {17, "Div", "", "c:2x32x9x7 s:6"},
    {17, "Sub", "", "s:6 c:2x20x9x7"},
    {17, "Mul", "", "s:6 f:3x4"},
    {17, "Min", "", "f:4x5x6 f:4x1x6"},
    {17, "Div", "", "f:4x6 p:4x1"},
    {17, "Mul", "", "c:2x32x9x7 f:2x32x1x1"},
    {17, "Div", "", "c:2x20x9x7 p:2x1x1x1"},
    {17, "Div", "", "f:2x3x5 p:3x1"},
    {17, "Pow", "", "p:3x5 w:5"},
    {17, "Pow", "", "f:3x5 s:2"},
    {17, "Mod", "fmod=1", "f:3x5 p:5"},
    {17, "Min", "", "f:3x5 f:5 f:3x1"},
    {17, "Max", "", "f:3x5 f:5"},
    {17, "Mean", "", "f:3x5 f:5 f:3x1"},
    {17, "Sum", "", "c:1x20x9x7 f:1x20x9x7 f:9x7"},
    {17, "Mul", "", "d:1x64x9x7 f:1x64x1x1"},
    {17, "Mul", "", "f:2x72x1x1 d:2x72x9x7"},
    {17, "Sub", "", "d:1x20x9x7 f:1x20x1x1"},
    {17, "Add", "", "d:1x64x9x7 c:1x64x9x7"},
    {17, "Conv", "dilations=[24,24] pads=[24,24,24,24]", "f:1x16x14x14 w:24x16x3x3"},
    {17, "Conv", "dilations=[9,3] pads=[9,3,9,3]", "c:2x16x7x9 w:16x16x3x3 w:16"},
    {17, "Conv", "dilations=[5,11] pads=[11,12,9,30] strides=[2,3] group=2", "f:1x6x14x10 w:4x3x5x4 w:4"},
    {17, "Conv", "dilations=[12] pads=[12,12] group=8", "f:2x8x10 w:16x1x3"},
    {17, "Conv", "dilations=[30,30] pads=[0,40,60,70] strides=[1,2]", "f:1x4x20x16 w:4x4x3x3"},
    {17, "Softmax", "axis=1", "c:1x20x9x7"},
    {17, "Softmax", "axis=1", "f:2x16x3x131"},
    {17, "Softmax", "axis=0", "f:5x70"},
    {17, "Softmax", "axis=2", "d:1x20x9x7"},
    {17, "Equal", "", "j3:4x5 j3:5"},
    {17, "Less", "", "f:4x5 f:5"},
    {17, "GreaterOrEqual", "", "f:4x5 f:5"},
    {17, "And", "", "b:4x5 b:5"},
    {17, "Not", "", "b:4x5"},
    {17, "Where", "", "b:4x1 f:5 f:4x5"},
    {17, "Cast", "to=7", "f:4x5"},
    {17, "Cast", "to=9", "f:4x5"},
    {17, "Cast", "to=1", "j100:4x5"},
    {17, "ReduceMean", "axes=[2,3] keepdims=0", "c:2x32x9x7"},
    {17, "ReduceMean", "axes=[2,3]", "c:2x20x9x7"},
    {17, "ReduceMean", "axes=[1]", "c:2x20x9x7"},
    {18, "ReduceMean", "", "f:2x20x9x7 i:-1,1"},
    {17, "ReduceMax", "axes=[2,3]", "c:2x32x9x7"},
    {17, "ReduceMin", "axes=[0,2] keepdims=0", "f:4x5x6x7"},
    {17, "ReduceProd", "axes=[1]", "f:4x5x6"},
    {17, "ReduceL1", "axes=[-1]", "f:4x50"},
    {17, "ReduceL2", "axes=[1] keepdims=0", "f:4x5x6"},
    {17, "ReduceSumSquare", "axes=[0]", "f:4x5x6"},
    {17, "ReduceLogSum", "axes=[1]", "p:4x5x6"},
    {17, "ReduceLogSumExp", "axes=[0,2]", "f:4x5x6"},
    {17, "ReduceSum", "", "f:4x5x6 i:0,-1"},
    {17, "ArgMax", "axis=1 keepdims=0", "f:2x9x5"},
    {17, "ArgMin", "axis=-1", "f:2x9x5"},
    {17, "TopK", "axis=1", "f:2x90x5 i:7"},
    {17, "TopK", "largest=0", "f:2x9 i:9"},
    {17, "CumSum", "reverse=1", "f:2x9x5 i:1"},
    {17, "Softmax", "axis=1", "c:1x20x9x7"},
    {11, "Softmax", "axis=1", "f:2x3x4"},
    {17, "LogSoftmax", "axis=-1", "f:3x40"},
    {17, "LayerNormalization", "axis=-1 epsilon=0.001", "f:2x5x40 w:40 w:40"},
    {17, "LayerNormalization", "axis=1", "f:2x5x40 w:5x40"},
    {17, "InstanceNormalization", "epsilon=0.001", "c:2x20x9x7 w:20 w:20"},
    {21, "GroupNormalization", "num_groups=5", "c:2x20x9x7 w:20 w:20"},
    {17, "LpNormalization", "axis=1", "f:3x40"},
    {17, "LRN", "size=5 alpha=0.1 beta=0.5 bias=1.5", "c:1x20x9x7"},
    {17, "BatchNormalization", "", "c:1x20x9x7 w:20 w:20 w:20 p:20"},
    {17, "ConvTranspose", "strides=[2,2]", "c:1x20x9x7 w:20x8x2x2 w:8"},
    {17, "ConvTranspose", "strides=[2,2] pads=[1,1,1,1] output_padding=[1,1] group=4", "c:1x20x9x7 w:20x3x3x3"},
    {17, "ConvTranspose", "strides=[3,2] dilations=[2,1] pads=[1,0,0,1]", "f:2x3x5x6 f:3x4x3x3 w:4"},
    {17, "ConvTranspose", "strides=[2,2] auto_pad=SAME_LOWER", "f:1x3x5x6 w:3x4x3x3"},
    {17, "ConvTranspose", "strides=[2]", "f:1x3x5 w:3x4x4"},
    {17, "Resize", "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor",
     "c:1x20x9x7 - s:1,1,2,2"},
    {17, "Resize", "mode=nearest", "c:1x20x9x7 - s:1,1,1.7,0.6"},
    {17, "Resize", "mode=nearest nearest_mode=ceil", "f:1x2x9x7 - - i:1,2,13,5"},
    {17, "Resize", "mode=nearest nearest_mode=round_prefer_ceil", "f:1x2x9x7 - - i:1,2,18,14"},
    {17, "Resize", "mode=nearest coordinate_transformation_mode=align_corners", "f:1x2x9x7 - - i:1,2,18,14"},
    {17, "Resize", "mode=linear", "c:1x20x9x7 - s:1,1,2,2"},
    {17, "Resize", "mode=linear coordinate_transformation_mode=pytorch_half_pixel", "c:1x20x9x7 - - i:1,20,1,20"},
    {17, "Resize", "mode=linear coordinate_transformation_mode=align_corners", "c:1x20x9x7 - - i:1,20,16,13"},
    {17, "Resize", "mode=linear coordinate_transformation_mode=asymmetric", "f:1x2x9x7 - s:1,1,2.5,0.7"},
    {17, "Resize", "mode=cubic", "f:1x2x9x7 - s:1,1,2,2"},
    {17, "Resize", "mode=cubic exclude_outside=1 cubic_coeff_a=-0.5", "f:1x2x9x7 - - i:1,2,5,17"},
    {18, "Resize", "mode=linear antialias=1", "f:1x2x24x24 - - i:1,2,7,9"},
    {18, "Resize", "mode=cubic antialias=1", "f:1x2x24x24 - - i:1,2,7,9"},
    {18, "Resize", "mode=linear axes=[2,3] keep_aspect_ratio_policy=not_larger", "f:1x2x9x7 - - i:20,20"},
    {9, "Upsample", "mode=linear", "f:1x2x9x7 s:1,1,2,2"},
    {9, "Upsample", "mode=nearest", "c:1x20x9x7 s:1,1,2,3"},
    {17, "Pad", "mode=reflect", "f:2x3x5x6 i:0,0,2,3,0,0,1,2"},
    {17, "Pad", "mode=edge", "f:2x3x5x6 i:0,1,2,3,0,0,4,9"},
    {17, "Pad", "", "c:1x20x9x7 i:0,0,-1,1,0,0,2,-2 s:0.5"},
    {18, "Pad", "mode=edge", "f:2x3x5x6 i:1,2 - i:3"},
    {19, "Pad", "mode=wrap", "f:2x3x5 i:0,0,2,0,1,3"},
    {17, "Tile", "", "f:2x3x4 i:2,1,3"},
    {17, "Expand", "", "f:3x1 i:2,1,6"},
    {17, "DepthToSpace", "blocksize=2 mode=CRD", "c:1x20x9x7"},
    {17, "SpaceToDepth", "blocksize=3", "f:2x3x6x9"},
    {17, "Trilu", "upper=0", "f:2x4x5 i:1"},
    {17, "OneHot", "axis=1", "j5:2x3 i:5 s:0.5,2"},
    {17, "Gather", "axis=1", "f:2x5x3 j5:4x2"},
    {17, "GatherElements", "axis=1", "f:2x5x3 j5:2x7x3"},
    {17, "GatherND", "", "f:2x2x3 j2:4x2"},
    {17, "ScatterElements", "axis=1 reduction=add", "f:2x5x3 j5:2x4x3 f:2x4x3"},
    {17, "ScatterND", "reduction=mul", "f:5x3 j5:4x1 f:4x3"},
    {17, "Slice", "", "c:1x20x9x7 i:1,-1 i:9,-9 i:2,3 i:2,-2"},
    {17, "Split", "axis=1", "c:1x20x9x7 i:20"},
    {17, "Concat", "axis=1", "c:1x20x9x7 f:1x3x9x7"},
    {17, "Transpose", "perm=[0,2,3,1]", "c:1x20x9x7"},
    {17, "Einsum", "equation=bhid,bhjd->bhij", "f:2x3x5x8 f:2x3x7x8"},
    {17, "Einsum", "equation=bij,bkj->kib", "f:2x3x5 f:2x4x5"},
    {17, "Einsum", "equation=ij->ji", "f:3x5"},
    {17, "Einsum", "equation=...ij,...jk->...ik", "f:2x1x3x4 f:1x5x4x7"},
    {17, "Einsum", "equation=...ij,...jk", "f:2x3x4 f:2x4x7"},
    {17, "Einsum", "equation=...ii->...i", "f:3x5x5"},
    {17, "Einsum", "equation=b...,b...->...", "f:4x3x1 f:4x1x5"},
    {17, "Einsum", "equation=bnd,hdk->bhnk", "f:2x5x6 f:3x6x4"},
    {17, "MatMul", "", "f:2x5x6 f:6x4"},
    {16, "GridSample", "mode=bilinear padding_mode=border align_corners=1", "f:1x3x7x9 f:1x4x5x2"},
    {16, "GridSample", "mode=bilinear padding_mode=border", "f:2x3x7x9 f:2x9x15x2"},
    {16, "GridSample", "mode=bicubic padding_mode=zeros", "f:1x3x7x9 f:1x4x5x2"},
    {16, "GridSample", "mode=nearest padding_mode=reflection", "f:1x3x7x9 f:1x4x5x2"},
    {10, "RoiAlign", "output_height=3 output_width=4 spatial_scale=5.0", "f:2x3x9x11 r:6x4 j2:6"},
    {10, "RoiAlign", "output_height=2 output_width=2 sampling_ratio=2 spatial_scale=3.0", "c:2x20x9x7 r:6x4 j2:6"},
    {10, "RoiAlign", "mode=max output_height=3 output_width=2 spatial_scale=5.0", "f:2x3x9x11 r:6x4 j2:6"},
    {16, "RoiAlign", "output_height=3 output_width=4 spatial_scale=5.0", "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "output_height=7 output_width=7 spatial_scale=80.0", "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "output_height=2 output_width=3 sampling_ratio=3 spatial_scale=6.0", "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "coordinate_transformation_mode=output_half_pixel output_height=3 spatial_scale=6.0",
     "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "mode=max output_height=2 output_width=3 sampling_ratio=3 spatial_scale=6.0",
     "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "mode=max output_height=3 output_width=3 spatial_scale=30.0", "f:2x3x9x11 r:9x4 j2:9"},
    {16, "RoiAlign", "mode=max output_height=3 output_width=3 spatial_scale=30.0", "n:2x3x9x11 r:9x4 j2:9"},
    {10, "RoiAlign", "mode=max sampling_ratio=2 spatial_scale=16.0", "n:2x3x9x11 r:99x4 j2:99"},
    {17, "MaxPool+", "kernel_shape=[2,2] strides=[2,2]", "f:2x3x8x10"},
    {17, "MaxPool+", "kernel_shape=[3,2] strides=[2,1] pads=[1,0,1,1] dilations=[1,2]", "c:2x20x9x7"},
    {17, "MaxPool+", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1 storage_order=1", "f:2x3x8x10"},
    {17, "MaxPool+", "kernel_shape=[3] pads=[1,1]", "f:2x3x17"},
    {17, "MaxPool+", "kernel_shape=[2,3,2] strides=[1,2,1] auto_pad=SAME_UPPER", "f:2x3x5x6x4"},
    {17, "MaxPool+", "kernel_shape=[2,3,2] storage_order=1", "f:2x3x5x6x4"},
    {11, "MaxUnpool", "kernel_shape=[2,2] strides=[2,2]", "f:2x3x4x5 j480:2x3x4x5"},
    {11, "MaxUnpool", "kernel_shape=[3] strides=[2] pads=[1,0]", "f:1x2x6 j24:1x2x6"},
    {11, "MaxUnpool", "kernel_shape=[2,2] strides=[2,2]", "c:1x20x4x5 j2000:1x20x4x5 i:1,20,9,12"},
    {17, "AveragePool", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1 count_include_pad=1 pads=[1,0,0,1]",
     "c:1x20x9x8"},
    {17, "AveragePool", "kernel_shape=[3] strides=[3] ceil_mode=1 count_include_pad=1 pads=[1,1]", "f:2x3x9"},
    {19, "AveragePool",
     "kernel_shape=[3,2] strides=[2,3] dilations=[2,1] ceil_mode=1 count_include_pad=1 pads=[1,0,1,1]", "f:2x3x10x9"},
    {11, "LpPool", "kernel_shape=[2,3] strides=[1,2]", "c:1x20x9x7"},
    {11, "LpPool", "kernel_shape=[3] p=1 pads=[1,1]", "f:2x3x9"},
    {11, "LpPool", "kernel_shape=[2,2,3] p=3 auto_pad=SAME_UPPER", "f:2x3x4x5x6"},
    {18, "LpPool", "kernel_shape=[3,3] p=3 strides=[2,2] dilations=[2,1] ceil_mode=1", "f:2x3x10x9"},
    {18, "LpPool", "kernel_shape=[3,3] pads=[2,1,2,1] strides=[3,3] ceil_mode=1 p=1", "f:3x17x6x16"},
    {17, "GlobalLpPool", "", "c:2x20x9x7"},
    {17, "GlobalLpPool", "p=3", "f:2x3x9x5x4"},
    {17, "MeanVarianceNormalization", "", "c:2x20x9x7"},
    {17, "MeanVarianceNormalization", "axes=[2,3]", "f:2x3x9x7"},
    {17, "MeanVarianceNormalization", "axes=[1,-1]", "f:2x3x9x7"},
    {17, "MeanVarianceNormalization", "axes=[0]", "f:9x7"},
};

/* Of sets before 13: what was an attribute, and what counts its axes otherwise. */
static const op_case old_cases[] = {
    {9, "Softmax", "axis=1", "f:2x30"},
    {9, "Softmax", "axis=-1", "f:1x2x3x4"},
    {11, "LogSoftmax", "axis=1", "f:2x30x1x1"},
    {11, "Squeeze", "axes=[0]", "f:1x3x4"},
    {11, "Unsqueeze", "axes=[0,3]", "f:3x4"},
    {11, "ReduceSum", "axes=[1] keepdims=0", "f:2x3x4"},
    {11, "Split", "axis=1 split=[4]", "f:2x4"},
    {7, "Dropout", "ratio=0.5", "f:3x4"},
    {7, "Clip", "min=-0.5 max=0.5", "c:1x20x9x7"},
    {9, "Clip", "max=0.5", "f:3x4"},
    {7, "Pad", "pads=[0,1,2,0] value=0.5", "f:3x4"},
    {7, "Pad", "mode=reflect pads=[0,1,0,2]", "f:3x4"},
    {10, "Resize", "mode=nearest", "f:1x2x5x6 s:1,1,2,2"},
    {10, "Resize", "mode=linear", "f:1x2x5x6 s:1,1,2,1.5"},
    {9, "Slice", "starts=[1,0] ends=[3,100] axes=[0,1]", "f:4x5"},
    {9, "TopK", "k=3", "f:2x9"},
    {9, "Upsample", "mode=linear", "f:1x2x9x7 s:1,1,2,2"},
    {8, "BatchNormalization", "spatial=1", "c:1x20x9x7 w:20 w:20 w:20 p:20"},
    {7, "Conv", "pads=[1,1,1,1]", "f:1x3x8x8 w:4x3x3x3 w:4"},
};

/* --- making a model of a row ---------------------------------------------------------------------------------------- */

typedef struct feed {
    char kind; /* f p n r c b j */
    int  below;
} feed;

typedef struct op_model {
    as_graph *graph;
    as_rng    rng;
    feed      feeds[MAX_INPUTS];
    size_t    n_feeds;
} op_model;

static size_t n_wrong;

/* All that is wrong is told, at the end the test fails. */
#define WRONG(row, ...)                                                         \
    do {                                                                        \
        print_error("%s {%s} of %s: ", (row)->op, (row)->attrs, (row)->inputs); \
        print_error(__VA_ARGS__);                                               \
        n_wrong++;                                                              \
    } while (0)

static void must(bool ok, const op_case *row, const as_err *err)
{
    if (!ok)
        fail_msg("%s {%s} of %s: %s", row->op, row->attrs, row->inputs, err->text);
}

static size_t read_ints(const char *text, int64_t *at)
{
    size_t n = 0;
    for (char *end; *text && n < 16; text = *end == ',' || *end == 'x' ? end + 1 : end) {
        at[n] = strtoll(text, &end, 10);
        if (end == text)
            break;
        n++;
    }
    return n;
}

static void fill(as_rng *rng, const feed *f, as_tensor *t)
{
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        if (t->dtype == AS_DTYPE_I64)
            ((int64_t *)t->data)[i] = (int64_t)as_rng_below(rng, (uint64_t)f->below);
        else if (t->dtype == AS_DTYPE_BOOL)
            ((uint8_t *)t->data)[i] = (uint8_t)as_rng_below(rng, 2);
        else
            ((float *)t->data)[i] = (float)as_rng_range(
                rng, f->kind == 'p' || (f->kind == 'r' && i % 4 > 1) ? 0.1 : -2.0, f->kind == 'n' ? -0.1 : 2.0);
        if (f->kind == 'r' && i % 4 > 1)
            ((float *)t->data)[i] += ((float *)t->data)[i - 2];
    }
}

static void add_random(op_model *m, const op_case *row, const char *name, const as_shape *shape)
{
    as_tensor t;
    as_err    err = AS_ERR_NONE;
    must(as_tensor_new(&t, AS_DTYPE_F32, shape, &err), row, &err);
    fill(&m->rng, &(feed){.kind = 'w'}, &t);
    must(as_graph_add_constant(m->graph, name, &t, &err), row, &err);
    as_tensor_done(&t);
}

/* `name` becomes what a convolution makes of what is fed: 1x1, or 3x3 of each channel for itself. */
static void add_convolved(op_model *m, const op_case *row, const char *name, const as_shape *shape, bool depthwise)
{
    const int64_t  channels = shape->dims[1], ones[4] = {1, 1, 1, 1};
    const as_attr  attrs[] = {{.name = "group", .kind = AS_ATTR_INT, .i = channels},
                              {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4}};
    const as_shape w = depthwise ? (as_shape){.rank = 4, .dims = {channels, 1, 3, 3}}
                                 : (as_shape){.rank = 4, .dims = {channels, channels, 1, 1}};
    char           weights[16], fed[16];
    as_err         err = AS_ERR_NONE;
    snprintf(weights, sizeof weights, "%sw", name);
    snprintf(fed, sizeof fed, "%sx", name);
    add_random(m, row, weights, &w);
    must(as_graph_add_input(m->graph, fed, AS_DTYPE_F32, shape, &err) &&
             as_graph_add_node(m->graph, "Conv", fed, (const char *const[]){fed, weights, NULL},
                               (const char *const[]){name, NULL}, attrs, depthwise ? AS_COUNT(attrs) : 0, &err),
         row, &err);
}

static void add_input(op_model *m, const op_case *row, const char *name, const char *text)
{
    as_err      err = AS_ERR_NONE;
    int64_t     at[16];
    float       numbers[16];
    as_shape    shape = {.rank = 1};
    const char *colon = strchr(text, ':') + 1;
    size_t      n = *text == 's' ? 0 : read_ints(colon, at);
    for (char *s = (char *)(uintptr_t)colon; *text == 's' && *s; s += *s == ',')
        numbers[n++] = strtof(s, &s);
    shape.dims[0] = (int64_t)n;
    as_tensor ints = as_tensor_view(AS_DTYPE_I64, &shape, at), floats = as_tensor_view(AS_DTYPE_F32, &shape, numbers);
    if (*text == 'i' || *text == 's') {
        if (n == 1 && (*text == 's' || strcmp(row->op, "CumSum") == 0 || strcmp(row->op, "Trilu") == 0))
            ints.shape.rank = floats.shape.rank = 0;
        must(as_graph_add_constant(m->graph, name, *text == 'i' ? &ints : &floats, &err), row, &err);
        return;
    }
    shape.rank = (int)n;
    memcpy(shape.dims, at, n * sizeof *at);
    if (*text == 'w') {
        add_random(m, row, name, &shape);
        return;
    }
    feed *f = &m->feeds[m->n_feeds++];
    f->kind = *text;
    f->below = *text == 'j' ? (int)strtol(text + 1, NULL, 10) : 1;
    if (*text == 'c' || *text == 'd')
        add_convolved(m, row, name, &shape, *text == 'd');
    else
        must(as_graph_add_input(m->graph, name,
                                *text == 'j'   ? AS_DTYPE_I64
                                : *text == 'b' ? AS_DTYPE_BOOL
                                               : AS_DTYPE_F32,
                                &shape, &err),
             row, &err);
}

static size_t read_attrs(char *text, as_attr *attrs, int64_t (*lists)[16])
{
    size_t n = 0;
    char  *rest;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest), n++) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        attrs[n] = (as_attr){.name = word};
        if (*value == '[') {
            attrs[n].kind = AS_ATTR_INTS;
            attrs[n].ints = lists[n];
            attrs[n].n = read_ints(value + 1, lists[n]);
        } else if (strchr(value, '.') && (*value == '-' || (*value >= '0' && *value <= '9'))) {
            attrs[n].kind = AS_ATTR_FLOAT;
            attrs[n].f = strtof(value, NULL);
        } else if (*value == '-' || (*value >= '0' && *value <= '9')) {
            attrs[n].kind = AS_ATTR_INT;
            attrs[n].i = strtoll(value, NULL, 10);
        } else {
            attrs[n].kind = AS_ATTR_STR;
            attrs[n].s = value;
        }
    }
    return n;
}

/* The first output as `dtype`, in any shape; false where it is of another type. */
static bool try_outputs(op_model *m, const op_case *row, const char *const *names, as_dtype dtype, as_err *err)
{
    must(as_graph_clear_outputs(m->graph, err), row, err);
    for (size_t i = 0; names[i]; i++)
        must(as_graph_add_output(m->graph, names[i], i ? AS_DTYPE_I64 : dtype, &(as_shape){.rank = 0}, err), row, err);
    must(as_graph_finish(m->graph, err), row, err);
    return as_graph_infer_shapes(m->graph, 1, err);
}

/* Then in the shape that is inferred: ONNX Runtime checks it against its own. */
static void declare_outputs(op_model *m, const op_case *row, const char *const *names)
{
    static const as_dtype dtypes[] = {AS_DTYPE_BOOL, AS_DTYPE_I64, AS_DTYPE_F32};
    as_value              values[MAX_OUTPUTS] = {{0}};
    as_err                err = AS_ERR_NONE;
    size_t                n = 0;
    bool                  ok = false;
    for (size_t i = 0; !ok && i < AS_COUNT(dtypes); i++)
        ok = try_outputs(m, row, names, dtypes[i], &err);
    must(ok, row, &err);
    for (; names[n]; n++)
        values[n] = *as_graph_value(m->graph, as_graph_find(m->graph, names[n]));
    must(as_graph_clear_outputs(m->graph, &err), row, &err);
    for (size_t i = 0; i < n; i++)
        must(as_graph_add_output(m->graph, names[i], values[i].dtype, &values[i].shape, &err), row, &err);
    must(as_graph_finish(m->graph, &err), row, &err);
}

static void make_model(op_model *m, const op_case *row, as_str *ret_bytes)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const char              *inputs[8] = {0}, *outputs[MAX_OUTPUTS + 1] = {"y", NULL};
    char                     text[200], attr_text[200], *rest;
    int64_t                  lists[8][16];
    as_attr                  attrs[8];
    as_err                   err = AS_ERR_NONE;
    size_t                   n = 0;
    m->graph = as_graph_new("case", &err);
    must(m->graph && as_graph_set_opset(m->graph, row->opset, &err), row, &err);
    as_str_copy(text, sizeof text, row->inputs);
    as_str_copy(attr_text, sizeof attr_text, row->attrs);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest), n++) {
        inputs[n] = *word == '-' ? "" : names[n];
        if (*word != '-')
            add_input(m, row, names[n], word);
    }
    size_t n_attrs = read_attrs(attr_text, attrs, lists);
    if (strcmp(row->op, "TopK") == 0 || strchr(row->op, '+'))
        outputs[1] = "z";
    const bool gate = strchr(row->op, '*') != NULL; /* "Sigmoid*": times its input */
    char       op[32];
    as_str_copy(op, sizeof op, row->op);
    op[strcspn(op, "*+")] = '\0';
    must(as_graph_add_node(m->graph, op, "n", inputs, gate ? (const char *const[]){"g", NULL} : outputs, attrs, n_attrs,
                           &err),
         row, &err);
    if (gate)
        must(as_graph_add_node(m->graph, "Mul", "m", (const char *const[]){"a", "g", NULL}, outputs, NULL, 0, &err),
             row, &err);
    declare_outputs(m, row, outputs);
    must(as_graph_write(m->graph, ret_bytes, &err), row, &err);
}

/* --- running it ------------------------------------------------------------------------------------------------------- */

static void compare(const op_case *row, const as_tensor *native, const as_tensor *ort)
{
    double largest = 1e-3;
    if (native->dtype != ort->dtype || !as_shape_equal(&native->shape, &ort->shape)) {
        WRONG(row, "another type or shape\n");
        return;
    }
    const size_t n = as_tensor_count(native);
    if (native->dtype != AS_DTYPE_F32) {
        if (memcmp(native->data, ort->data, n * as_dtype_bytes(native->dtype)) != 0)
            WRONG(row, "another result\n");
        return;
    }
    const float *a = native->data, *b = ort->data;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= 1e-4 * largest)) {
            WRONG(row, "entry %zu is %g, in ONNX Runtime (or set 13) %g\n", i, (double)a[i], (double)b[i]);
            return;
        }
}

/* other: what our engine runs too, in the place of ONNX Runtime; or NULL. False: there is no ONNX Runtime. */
static bool run_model(op_model *m, const op_case *row, const as_str *bytes, const as_str *other)
{
    as_err      err = AS_ERR_NONE;
    as_tensor   inputs[MAX_INPUTS] = {0}, outs[2][MAX_OUTPUTS] = {0};
    as_session *sessions[2];
    bool        missing = false;
    for (int k = 0; k < 2; k++) {
        const as_session_cfg cfg = {.backend = k && !other ? "ort" : "native"};
        const as_str        *of = k && other ? other : bytes;
        sessions[k] = as_session_open((const uint8_t *)of->s, of->len, "case", &cfg, &err);
        if (!sessions[k] && err.code != AS_EMISSING)
            WRONG(row, "%s: %s\n", cfg.backend, err.text);
        missing = missing || err.code == AS_EMISSING;
        err = (as_err)AS_ERR_NONE;
    }
    for (size_t i = 0; sessions[0] && i < m->n_feeds; i++) {
        const as_port *port = as_session_input(sessions[0], i);
        must(as_tensor_new(&inputs[i], port->dtype, &port->shape, &err), row, &err);
        fill(&m->rng, &m->feeds[i], &inputs[i]);
    }
    for (int k = 0; k < 2 && sessions[0] && sessions[1]; k++)
        must(as_session_run(sessions[k], inputs, outs[k], &err), row, &err);
    count_begin();
    if (sessions[0])
        must(as_session_run(sessions[0], inputs, outs[0], &err), row, &err);
    const unsigned n_allocations = count_end(); /* none in a run of ours */
    if (n_allocations)
        WRONG(row, "%u allocations in a run\n", n_allocations);
    for (size_t i = 0; sessions[0] && sessions[1] && i < as_session_n_outputs(sessions[0]); i++)
        compare(row, &outs[0][i], &outs[1][i]);
    const bool both = sessions[1] != NULL || !missing;
    for (int k = 0; k < 2; k++)
        as_session_close(sessions[k]);
    for (size_t i = 0; i < m->n_feeds; i++)
        as_tensor_done(&inputs[i]);
    as_graph_free(m->graph);
    return both;
}

static bool run_case(const op_case *row, uint64_t seed)
{
    op_model m = {.rng = as_rng_new(seed)};
    as_str   bytes;
    as_str_init(&bytes);
    make_model(&m, row, &bytes);
    const bool both = run_model(&m, row, &bytes, NULL);
    as_str_done(&bytes);
    return both;
}

static void test_operators_are_equal_in_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            if (!run_case(&cases[i], seed * 100 + i)) {
                print_message("skipped: no ONNX Runtime here\n");
                skip();
            }
    assert_int_equal(n_wrong, 0);
}

static void test_older_models_compute_the_same_in_set_13(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(old_cases); i++) {
        const op_case *row = &old_cases[i];
        as_err         err = AS_ERR_NONE;
        op_model       m = {.rng = as_rng_new(900 + i)};
        as_str         bytes, after;
        as_str_init(&bytes);
        as_str_init(&after);
        make_model(&m, row, &bytes);
        as_graph *graph = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "case", &err);
        must(graph && as_graph_upgrade(graph, &err) && as_graph_write(graph, &after, &err), row, &err);
        assert_int_equal(as_graph_opset(graph), AS_GRAPH_UPGRADED);
        as_graph_free(graph);
        run_model(&m, row, &bytes, &after);
        as_str_done(&bytes);
        as_str_done(&after);
    }
    assert_int_equal(n_wrong, 0);
}

/* --- a block of a vision transformer (Dosovitskiy et al. 2021), as PyTorch exports it -------------------------------- */

enum { TOKENS = 17, WIDTH = 24, HEADS = 3, HEAD = WIDTH / HEADS, HIDDEN = 40 };

static const op_case block = {17, "block", "", "a transformer"};

static void add_ints(op_model *m, const char *name, const int64_t *at, size_t n)
{
    as_err    err = AS_ERR_NONE;
    as_shape  shape = {.rank = 1, .dims = {(int64_t)n}};
    as_tensor t = as_tensor_view(AS_DTYPE_I64, &shape, (void *)(uintptr_t)at);
    must(as_graph_add_constant(m->graph, name, &t, &err), &block, &err);
}

static void add_number(op_model *m, const char *name, float v)
{
    as_err    err = AS_ERR_NONE;
    as_tensor t = as_tensor_view(AS_DTYPE_F32, &(as_shape){.rank = 0}, &v);
    must(as_graph_add_constant(m->graph, name, &t, &err), &block, &err);
}

static void add(op_model *m, const char *op, const char *a, const char *b, const char *out, const as_attr *attr)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_node(m->graph, op, out, (const char *const[]){a, b, NULL}, (const char *const[]){out, NULL}, attr,
                           attr ? 1 : 0, &err),
         &block, &err);
}

/* out = in x weights + bias */
static void add_linear(op_model *m, const char *in, int64_t n_in, int64_t n_out, const char *out)
{
    char w[16], b[16], product[16];
    snprintf(w, sizeof w, "%s_w", out);
    snprintf(b, sizeof b, "%s_b", out);
    snprintf(product, sizeof product, "%s_p", out);
    add_random(m, &block, w, &(as_shape){.rank = 2, .dims = {n_in, n_out}});
    add_random(m, &block, b, &(as_shape){.rank = 1, .dims = {n_out}});
    add(m, "MatMul", in, w, product, NULL);
    add(m, "Add", b, product, out, NULL);
}

static void add_norm(op_model *m, const char *in, const char *out)
{
    char   w[16], b[16];
    as_err err = AS_ERR_NONE;
    snprintf(w, sizeof w, "%s_w", out);
    snprintf(b, sizeof b, "%s_b", out);
    add_random(m, &block, w, &(as_shape){.rank = 1, .dims = {WIDTH}});
    add_random(m, &block, b, &(as_shape){.rank = 1, .dims = {WIDTH}});
    must(as_graph_add_node(m->graph, "LayerNormalization", out, (const char *const[]){in, w, b, NULL},
                           (const char *const[]){out, NULL}, NULL, 0, &err),
         &block, &err);
}

static void add_attention(op_model *m)
{
    static const char *const picks[] = {"pick0", "pick1", "pick2"}, *const parts[] = {"q", "k", "v"};
    static const int64_t split[] = {0, TOKENS, 3, HEADS, HEAD}, turn[] = {2, 0, 3, 1, 4}, keys[] = {0, 1, 3, 2};
    static const int64_t heads[] = {0, 2, 1, 3}, join[] = {0, TOKENS, WIDTH}, which[] = {0, 1, 2};
    const as_attr        perm = {.name = "perm", .kind = AS_ATTR_INTS, .ints = turn, .n = 5};
    const as_attr        swap = {.name = "perm", .kind = AS_ATTR_INTS, .ints = keys, .n = 4};
    const as_attr        back = {.name = "perm", .kind = AS_ATTR_INTS, .ints = heads, .n = 4};
    const as_attr        last = {.name = "axis", .kind = AS_ATTR_INT, .i = -1};
    add_linear(m, "n1", WIDTH, 3 * WIDTH, "qkv");
    add_ints(m, "split", split, 5);
    add(m, "Reshape", "qkv", "split", "five", NULL);
    add(m, "Transpose", "five", NULL, "turned", &perm);
    for (int i = 0; i < 3; i++) {
        as_err    err = AS_ERR_NONE;
        as_tensor t = as_tensor_view(AS_DTYPE_I64, &(as_shape){.rank = 0}, (void *)(uintptr_t)&which[i]);
        must(as_graph_add_constant(m->graph, picks[i], &t, &err), &block, &err);
        add(m, "Gather", "turned", picks[i], parts[i], NULL);
    }
    add(m, "Transpose", "k", NULL, "kt", &swap);
    add(m, "MatMul", "q", "kt", "raw", NULL);
    add_number(m, "scale", 0.35f);
    add(m, "Mul", "raw", "scale", "scaled", NULL);
    add(m, "Softmax", "scaled", NULL, "weights", &last);
    add(m, "MatMul", "weights", "v", "mixed", NULL);
    add(m, "Transpose", "mixed", NULL, "merged", &back);
    add_ints(m, "join", join, 3);
    add(m, "Reshape", "merged", "join", "joined", NULL);
    add_linear(m, "joined", WIDTH, WIDTH, "attended");
}

static void make_block(op_model *m, as_str *ret_bytes)
{
    as_err err = AS_ERR_NONE;
    m->graph = as_graph_new("block", &err);
    must(m->graph &&
             as_graph_add_input(m->graph, "x", AS_DTYPE_F32, &(as_shape){.rank = 3, .dims = {2, TOKENS, WIDTH}}, &err),
         &block, &err);
    m->feeds[m->n_feeds++].kind = 'f';
    add_norm(m, "x", "n1");
    add_attention(m);
    add(m, "Add", "x", "attended", "r1", NULL);
    add_norm(m, "r1", "n2");
    add_linear(m, "n2", WIDTH, HIDDEN, "h");
    add_number(m, "root2", 1.4142135f);
    add_number(m, "one", 1.0f);
    add_number(m, "half", 0.5f);
    add(m, "Div", "h", "root2", "h1", NULL); /* Gelu, as it was exported before it was an operator */
    add(m, "Erf", "h1", NULL, "h2", NULL);
    add(m, "Add", "h2", "one", "h3", NULL);
    add(m, "Mul", "h", "h3", "h4", NULL);
    add(m, "Mul", "h4", "half", "h5", NULL);
    add_linear(m, "h5", HIDDEN, WIDTH, "o");
    add(m, "Add", "r1", "o", "y", NULL);
    declare_outputs(m, &block, (const char *const[]){"y", NULL});
    must(as_graph_write(m->graph, ret_bytes, &err), &block, &err);
}

static void test_a_transformer_block_is_equal_in_both(void **state)
{
    (void)state;
    op_model m = {.rng = as_rng_new(5)};
    as_str   bytes;
    as_str_init(&bytes);
    n_wrong = 0;
    make_block(&m, &bytes);
    const bool both = run_model(&m, &block, &bytes, NULL);
    as_str_done(&bytes);
    assert_int_equal(n_wrong, 0);
    if (!both)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators_are_equal_in_both),
        cmocka_unit_test(test_older_models_compute_the_same_in_set_13),
        cmocka_unit_test(test_a_transformer_block_is_equal_in_both),
    };
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
