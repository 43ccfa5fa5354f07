/* SPDX-License-Identifier: Apache-2.0 */
/* Every operator's shape rule, one line a case: the operator, its attributes, its inputs, and the shape that comes out or
 * what is said instead.
 *
 * Attributes: "name=1", "name=[1,2]", "name=text", by blanks. Inputs: "f:2x3" is fed ("?" is symbolic), "u:2x3" fed u8,
 * "c:2x3" i8, "b:2x3" bool, "j:2x3" i64, "i:1,2" a constant list of integers, "s:1,2" constant f32 scales, "-" left out. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/rules.h"

typedef struct shape_case {
    const char *op, *attrs, *inputs, *want; /* "2x3", or "! part of the text" */
} shape_case;

static const shape_case cases[] = {
    {"Conv", "", "f:?x3x8x8 f:4x3x3x3", "?x4x6x6"},
    {"Conv", "pads=[1,1,1,1] strides=[2,2]", "f:1x3x9x8 f:4x3x3x3 f:4", "1x4x5x4"},
    {"Conv", "dilations=[2,2]", "f:1x3x9x9 f:4x3x3x3", "1x4x5x5"},
    {"Conv", "auto_pad=SAME_LOWER strides=[2,2]", "f:1x3x9x9 f:4x3x3x3", "1x4x5x5"},
    {"Conv", "auto_pad=VALID", "f:1x3x9x9 f:4x3x3x3", "1x4x7x7"},
    {"Conv", "group=3", "f:1x3x9x9 f:6x1x3x3", "1x6x7x7"},
    {"Conv", "", "f:1x3x? f:4x3x3", "1x4x?"},
    {"Conv", "group=2", "f:1x3x9x9 f:6x1x3x3", "!its input has 3 channels, its weights take 2"},
    {"Conv", "group=0", "f:1x3x9x9 f:6x1x3x3", "!cannot form 0 groups"},
    {"Conv", "kernel_shape=[3,5]", "f:1x3x9x9 f:6x3x3x3", "!'kernel_shape' is not that of its weights"},
    {"Conv", "", "f:1x3x2x9 f:4x3x3x3", "!a window of 3 does not fit into 2 padded to 2"},
    {"Conv", "", "f:1x3x9x9 f:4x3x3x3 f:3", "!its bias does not have one entry for each of 4"},
    {"Conv", "pads=[0,0,0,99999]", "f:1x3x9x9 f:4x3x3x3", "!'pads' is 99999"},
    {"Conv", "", "f:3x9 f:4x3", "!its input has 2 dimensions"},
    {"MaxPool", "kernel_shape=[3,3] strides=[2,2]", "f:1x2x112x112", "1x2x55x55"},
    {"MaxPool", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1", "f:1x2x112x112", "1x2x56x56"},
    {"MaxPool", "kernel_shape=[2,2] strides=[2,2] ceil_mode=1 pads=[1,1,1,1]", "f:1x2x4x4", "1x2x3x3"},
    {"MaxPool", "kernel_shape=[1,1] strides=[3,3] ceil_mode=1", "f:1x2x5x5", "1x2x2x2"}, /* the third starts outside */
    {"MaxPool", "", "f:1x2x5x5", "!it has no 'kernel_shape'"},
    {"MaxPool", "kernel_shape=[2,2] pads=[2,0,0,0]", "f:1x2x5x5", "!its padding is not smaller than its window"},
    {"MaxPool", "kernel_shape=[0,2]", "f:1x2x5x5", "!'kernel_shape' is 0"},
    {"AveragePool", "kernel_shape=[2] count_include_pad=1 pads=[1,0]", "f:1x2x5", "1x2x5"},
    {"LpPool", "kernel_shape=[3,2] strides=[2,1] p=3", "f:?x2x5x5", "?x2x2x4"},
    {"LpPool", "kernel_shape=[3,2] p=0", "f:1x2x5x5", "!'p' is 0"},
    {"LpPool", "p=1", "f:1x2x5x5", "!it has no 'kernel_shape'"},
    {"GlobalLpPool", "p=1", "f:?x7x5x5", "?x7x1x1"},
    {"GlobalLpPool", "p=-1", "f:?x7x5x5", "!'p' is -1"},
    {"MaxUnpool", "kernel_shape=[2,2] strides=[2,2]", "f:?x3x4x5 j:?x3x4x5", "?x3x8x10"},
    {"MaxUnpool", "kernel_shape=[3] pads=[1,0]", "f:1x3x? j:1x3x4", "1x3x?"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 j:1x3x4x5 i:1,3,9,8", "1x3x9x8"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 j:1x3x4x5 j:4", "?x?x?x?"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 j:1x3x4x5 i:1,3,9", "!its size does not have 4 integers"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 j:1x3x4x5 i:1,3,-9,8", "!it makes dimension 2 -9 long"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 f:1x3x4x5", "!its indices are f32"},
    {"MaxUnpool", "kernel_shape=[2,2]", "f:1x3x4x5 j:1x3x4x4", "!it has 4 indices for 5 numbers in dimension 3"},
    {"MaxUnpool", "kernel_shape=[1,1] pads=[4,0,4,0]", "f:1x3x4x5 j:1x3x4x5", "!it makes dimension 2 -4 long"},
    {"MaxUnpool", "", "f:1x3x4x5 j:1x3x4x5", "!it has no 'kernel_shape'"},
    {"RoiAlign", "output_height=7 output_width=5", "f:2x3x9x9 f:?x4 j:?", "?x3x7x5"},
    {"RoiAlign", "mode=max sampling_ratio=2", "f:2x3x9x9 f:?x4 j:6", "6x3x1x1"},
    {"RoiAlign", "", "f:2x3x9x9 f:3x4 i:0,1,2", "!index 2 is not one of 2"},
    {"RoiAlign", "", "f:2x3x9x9 f:3x4 i:0,1,-1", "!index -1 is not one of 2"},
    {"RoiAlign", "", "f:3x9x9 f:6x4 j:6", "!its input has 3 dimensions"},
    {"RoiAlign", "", "f:2x3x9x9 f:6x5 j:6", "!its boxes are not N x 4"},
    {"RoiAlign", "", "f:2x3x9x9 f:6x4 j:5", "!its boxes do not have one i64 each"},
    {"RoiAlign", "output_width=0", "f:2x3x9x9 f:6x4 j:6", "!it makes 1 x 0 of a box"},
    {"RoiAlign", "output_width=65537", "f:2x3x9x9 f:6x4 j:6", "!it makes 1 x 65537 of a box"},
    {"RoiAlign", "sampling_ratio=257", "f:2x3x9x9 f:6x4 j:6", "!'sampling_ratio' is 257 and not 0 to 256"},
    {"RoiAlign", "mode=sum", "f:2x3x9x9 f:6x4 j:6", "!its 'mode' of 'sum' is not known"},
    {"GlobalAveragePool", "", "f:?x7x5x5", "?x7x1x1"},
    {"GlobalMaxPool", "", "f:7x5", "!its input has 2 dimensions"},
    {"Gemm", "transA=1 transB=1", "f:3x2 f:4x3 f:4", "2x4"},
    {"Gemm", "", "f:?x3 f:3x4 f:1x4", "?x4"},
    {"Gemm", "", "f:2x3 f:4x3", "!it multiplies 3 columns with 4 rows"},
    {"Gemm", "", "f:2x3 f:3x4 f:3x4", "!shapes 2x4 and 3x4 do not fit"},
    {"Gemm", "", "f:1x3 f:3x4 f:3x4", "!its third input is larger than its result"},
    {"MatMul", "", "f:2x1x3x4 f:5x4x6", "2x5x3x6"},
    {"MatMul", "", "f:4 f:4", "scalar"},
    {"MatMul", "", "f:4 f:2x4x3", "2x3"},
    {"MatMul", "", "f:2x3x4 f:4", "2x3"},
    {"MatMul", "", "f:2x3 f:2x3", "!it multiplies 3 columns with 2 rows"},
    {"BatchNormalization", "", "f:?x3x4x4 f:3 f:3 f:3 f:3", "?x3x4x4"},
    {"BatchNormalization", "", "f:?x3x4x4 f:3 f:2 f:3 f:3", "!does not have one entry for each of 3 channels"},
    {"BatchNormalization", "training_mode=1", "f:?x3 f:3 f:3 f:3 f:3", "!it is in training mode"},
    {"BatchNormalization", "", "f:?x3 f:3 i:1,2,3 f:3 f:3", "!its input 'c' is i64, which it does not take"},
    {"Softmax", "axis=-2", "f:2x3", "2x3"},
    {"Softmax", "axis=2", "f:2x3", "!axis 2 is not one of 2 dimensions"},
    {"Add", "", "f:2x1x4 f:3x1", "2x3x4"},
    {"Add", "", "f:?x4 f:1x4", "?x4"},
    {"Add", "", "f:? f:3", "3"},
    {"Sub", "", "f:2 f:3", "!shapes 2 and 3 do not fit"},
    {"Mul", "", "f:2 i:1,2", "!are f32 and i64"},
    {"Add", "", "i:1,2 i:3,4", "2 = 4,6"},
    {"Sub", "", "i:1,2 i:3", "2 = -2,-1"},
    {"Mul", "", "i:3,-4 i:5,6", "2 = 15,-24"},
    {"Div", "", "i:7,-7 i:2,2", "2 = 3,-3"},
    {"Div", "", "i:7,1 i:0,1", "2"},
    {"Pow", "", "f:2x3 f:3", "2x3"},
    {"Max", "", "f:2x1 f:3 f:1", "2x3"},
    {"Clip", "", "f:2x3 s:0 s:6", "2x3"},
    {"Clip", "", "f:2x3 s:0,1", "!is no single number"},
    {"PRelu", "", "f:2x3 f:3", "2x3"},
    {"PRelu", "", "f:3 f:2x3", "!its slope has more dimensions"},
    {"Relu", "", "f:2x3", "2x3"},
    {"Neg", "", "i:3,-4", "2 = -3,4"},
    {"Equal", "", "i:3,4 i:3", "2"},
    {"Where", "", "b:1 i:3 i:4", "1"},
    {"Sigmoid", "", "i:1", "!is i64, which it does not take"},
    {"Concat", "axis=1", "f:?x3x4 f:2x5x4", "2x8x4"},
    {"Concat", "axis=0", "f:?x3 f:2x3", "?x3"},
    {"Concat", "axis=0", "i:1,2 i:3", "3 = 1,2,3"},
    {"Concat", "axis=1", "f:2x3 f:3x3", "!input 1 is 3 in dimension 0, others are 2"},
    {"Concat", "axis=2", "f:2x3 f:2x3", "!axis 2"},
    {"Split", "axis=1", "f:2x6", "2x6"},
    {"Split", "axis=1", "f:2x6 i:4", "!its parts sum to 4 of 6"},
    {"Split", "axis=1", "f:2x6 i:-6", "!part 0 has a size of -6"},
    {"Reshape", "", "f:2x3x4 i:0,-1", "2x12"},
    {"Reshape", "", "f:?x3x4 i:0,-1", "?x12"},
    {"Reshape", "", "f:?x3x4 i:-1,12", "?x12"},
    {"Reshape", "", "f:2x3 i:4,2", "!a shape of 2x3 cannot become 4x2"},
    {"Reshape", "", "f:2x3 i:-1,4", "!a shape of 2x3 cannot become"},
    {"Reshape", "", "f:2x3 i:-1,-1", "!it leaves two dimensions open"},
    {"Reshape", "", "f:2x3 i:-2,3", "!it asks for a dimension of -2"},
    {"Reshape", "", "f:2x3 i:2,3,0", "!it copies dimension 2 of 2"},
    {"Reshape", "allowzero=1", "f:2x3 i:0,3", "!a shape of 2x3 cannot become 0x3"},
    {"Reshape", "", "f:2x3 i:1,1,1,1,1,1,1,2,3", "!is no list of at most 8 integers"},
    {"Flatten", "axis=2", "f:?x3x4x5", "?x20"},
    {"Flatten", "axis=0", "f:2x3", "1x6"},
    {"Flatten", "axis=-1", "f:2x3x4", "6x4"},
    {"Flatten", "axis=5", "f:2x3", "!axis 5"},
    {"Transpose", "perm=[0,2,3,1]", "f:?x3x4x5", "?x4x5x3"},
    {"Transpose", "", "f:2x3x4", "4x3x2"},
    {"Transpose", "perm=[0,0]", "f:2x3", "!'perm' is no permutation"},
    {"Transpose", "perm=[0]", "f:2x3", "!'perm' has 1 entries for 2"},
    {"Squeeze", "", "f:1x3x1 i:0,-1", "3"},
    {"Squeeze", "", "f:1x3x1", "3"},
    {"Squeeze", "", "f:1x3x1 i:1", "!it drops dimension 1, which is 3"},
    {"Unsqueeze", "", "f:3x4 i:0,-1", "1x3x4x1"},
    {"Unsqueeze", "", "f:3x4 i:0,0", "!it adds dimension 0 twice"},
    {"Unsqueeze", "", "i:7,8 i:0", "1x2 = 7,8"},
    {"Identity", "", "i:7,8", "2 = 7,8"},
    {"Dropout", "", "f:2x3", "2x3"},
    {"Dropout", "", "f:2x3 s:0 b:1", "2x3"}, /* training, and none is dropped */
    {"Dropout", "", "f:2x3 s:0.5 b:1", "!it is in training mode"},
    {"ReduceMean", "axes=[-1]", "f:?x3x4", "?x3x1"},
    {"ReduceMax", "axes=[0,2] keepdims=0", "f:2x3x4", "3"},
    {"ReduceSum", "keepdims=0", "f:2x3x4 i:1", "2x4"},
    {"ReduceSum", "", "f:2x3x4", "1x1x1"},
    {"ReduceSum", "noop_with_empty_axes=1", "f:2x3x4", "2x3x4"},
    {"ReduceMean", "axes=[3]", "f:2x3x4", "!axis 3"},
    {"ArgMax", "axis=1 keepdims=0", "f:2x3x4", "2x4"},
    {"Cast", "to=1", "f:2x3", "2x3"},
    {"Cast", "to=7", "i:1,2", "2 = 1,2"},
    {"Cast", "to=8", "f:2x3", "!its element type 8 is not supported"},
    {"Pad", "", "f:2x3 i:1,0,0,2", "3x5"},
    {"Pad", "", "f:2x3 i:-1,0,-2,0", "!it makes dimension 0 -1 long"},
    {"Pad", "", "f:2x3 i:1,0", "!it has 2 pads for 2 dimensions"},
    {"Slice", "", "f:10x10 i:1 i:9 i:1 i:3", "10x3"},
    {"Slice", "", "f:10x10 i:-1,0 i:-99,4 i:0,1 i:-4,1", "3x4"},
    {"Slice", "", "f:10 i:5 i:2", "0"},
    {"Slice", "", "f:10 i:0 i:9223372036854775807", "10"},
    {"Slice", "", "i:1,2,3,4 i:-3 i:-1", "2 = 2,3"},
    {"Slice", "", "f:10 i:0 i:9 i:0 i:0", "!it steps by nothing"},
    {"Slice", "", "f:10 i:0 i:9 i:0 i:9223372036854775807", "!it steps by 9223372036854775807"},
    {"Slice", "", "f:6x12 i:0,7 i:6,-9 i:0,0 i:9,-2", "!dimension 0 is among its axes twice"},
    {"Slice", "", "f:6x12 i:0,7 i:6,-9 i:1,-1 i:9,-2", "!dimension 1 is among its axes twice"},
    {"Slice", "", "f:10 i:0,1 i:9", "!differ in length"},
    {"Gather", "axis=1", "f:2x5x3 i:0,1", "2x2x3"},
    {"Gather", "", "i:5,6,7 i:-1", "1 = 7"},
    {"Gather", "axis=1", "f:2 i:0", "!axis 1"},
    {"Shape", "", "f:2x3x4", "3 = 2,3,4"},
    {"Shape", "start=-2", "f:?x3x4", "2 = 3,4"},
    {"Shape", "", "f:?x3x4", "3"},
    {"Equal", "", "f:2x1 f:3", "2x3"},
    {"Equal", "", "f:2 i:1,2", "!are f32 and i64"},
    {"Less", "", "f:2 f:3", "!shapes 2 and 3 do not fit"},
    {"IsNaN", "", "f:?x3", "?x3"},
    {"Not", "", "f:2", "!is f32 and not bool"},
    {"Where", "", "b:2x1 f:3 f:1", "2x3"},
    {"Where", "", "b:2x1 f:3 i:1", "!are f32 and i64"},
    {"Where", "", "f:2 f:2 f:2", "!is f32 and not bool"},
    {"CastLike", "", "f:2x3 i:1", "2x3"},
    {"LayerNormalization", "axis=1", "f:?x3x4 f:3x4 f:4", "?x3x4"},
    {"LayerNormalization", "axis=2", "f:2x3x4 f:3x4", "!has more dimensions than are normalised"},
    {"LayerNormalization", "", "f:2x3x4 f:3", "!do not fit"},
    {"InstanceNormalization", "", "f:?x3x4x4 f:3 f:3", "?x3x4x4"},
    {"InstanceNormalization", "", "f:?x3x4x4 f:3 f:2", "!does not have one entry for each of 3 channels"},
    {"GroupNormalization", "num_groups=2", "f:?x4x4x4 f:2 f:2", "?x4x4x4"},
    {"GroupNormalization", "num_groups=3", "f:?x4x4x4 f:2 f:2", "!4 channels cannot form 3 groups"},
    {"GroupNormalization", "num_groups=2", "f:?x4x4x4 f:4 f:2", "!each of 2 groups"},
    {"MeanVarianceNormalization", "", "f:?x3x4x4", "?x3x4x4"},
    {"MeanVarianceNormalization", "axes=[-1,1]", "f:?x3", "!it names axis 1 twice"},
    {"MeanVarianceNormalization", "", "f:2x3x4", "!axis 3 is not one of 3 dimensions"},
    {"LpNormalization", "axis=2", "f:2x3", "!axis 2"},
    {"GatherElements", "axis=1", "f:2x3 j:2x5", "2x5"},
    {"GatherElements", "axis=1", "f:2x3 j:3x5", "!its indices are 3 long in dimension 0"},
    {"GatherElements", "", "f:2x3 f:2x3", "!its indices are f32"},
    {"GatherND", "", "f:2x3x4 j:5x2", "5x4"},
    {"GatherND", "batch_dims=1", "f:2x3x4 j:2x1", "2x4"},
    {"GatherND", "", "f:2x3 j:5x3", "!an index of 3 entries does not fit 2 dimensions"},
    {"ScatterElements", "axis=1", "f:2x3 j:2x2 f:2x2", "2x3"},
    {"ScatterElements", "axis=1", "f:2x3 j:2x2 f:2x3", "!do not fit its input"},
    {"ScatterElements", "reduction=mean", "f:2x3 j:2x2 f:2x2", "!'mean' is not known"},
    {"ScatterND", "", "f:4x3 j:2x1 f:2x3", "4x3"},
    {"ScatterND", "", "f:4x3 j:2x1 f:2x4", "!its updates do not fit its indices"},
    {"OneHot", "axis=1", "j:2x3 i:5 f:2", "2x5x3"},
    {"OneHot", "", "j:2 i:0 f:2", "!its depth is 0"},
    {"OneHot", "", "j:2 i:5 f:3", "!its values are not two"},
    {"TopK", "axis=0", "f:?x3 i:2", "2x3"},
    {"TopK", "", "f:2x3 i:4", "!it picks 4 of 3"},
    {"TopK", "", "f:2x3 j:1", "!how many it picks is not constant"},
    {"CumSum", "", "f:2x3 i:-1", "2x3"},
    {"CumSum", "", "f:2x3 j:1", "!its axis is not constant"},
    {"NonMaxSuppression", "", "f:1x6x4 f:1x2x6", "?x3"},
    {"NonMaxSuppression", "", "f:1x6x4 f:1x2x5", "!differ in number"},
    {"NonMaxSuppression", "", "f:1x6x5 f:1x2x6", "!its boxes are not"},
    {"NonZero", "", "f:1x6x5", "3x?"},
    {"Tile", "", "f:2x3 i:2,1", "4x3"},
    {"Tile", "", "f:2x3 i:2", "!it repeats 1 of 2"},
    {"Tile", "", "f:2x3 i:2,-1", "!it repeats dimension 1 -1 times"},
    {"Expand", "", "f:3x1 i:2,1,6", "2x3x6"},
    {"Expand", "", "f:3x1 i:2,6", "!shapes 3x1 and 2x6 do not fit"},
    {"ConstantOfShape", "", "i:2,3", "2x3"},
    {"ConstantOfShape", "", "i:2,-3", "!it asks for a dimension of -3"},
    {"Range", "", "i:3 i:10 i:2", "4 = 3,5,7,9"},
    {"Range", "", "i:3 i:10 i:0", "!it goes from 3 to 10 by 0"},
    {"Size", "", "f:2x3", "scalar = 6"},
    {"DepthToSpace", "blocksize=2", "f:1x8x2x3", "1x2x4x6"},
    {"DepthToSpace", "blocksize=2", "f:1x6x2x3", "!6 cannot be divided by 4"},
    {"DepthToSpace", "blocksize=2 mode=RCD", "f:1x8x2x3", "!neither DCR nor CRD"},
    {"SpaceToDepth", "blocksize=2", "f:1x2x4x6", "1x8x2x3"},
    {"SpaceToDepth", "", "f:1x2x4x6", "!'blocksize' is 0"},
    {"Trilu", "", "f:2x3", "2x3"},
    {"Trilu", "", "f:3", "!its input has 1 dimensions"},
    {"Einsum", "equation=bij,bjk->bik", "f:2x3x4 f:2x4x5", "2x3x5"},
    {"Einsum", "equation=ij,jk", "f:3x4 f:4x5", "3x5"},
    {"Einsum", "equation=ij,jk->ik", "f:3x4 f:5x5", "!one letter of its equation is 4 and 5 long"},
    {"Einsum", "equation=ij->iz", "f:3x4", "!not made of its letters"},
    {"Einsum", "equation=ij", "f:3x4x5", "!names 2 dimensions of an input that has 3"},
    {"Einsum", "equation=...j->...", "f:3x4x5", "3x4"},
    {"Einsum", "equation=...ij,...jk->...ik", "f:2x1x3x4 f:5x4x7", "2x5x3x7"},
    {"Einsum", "equation=...ij,...jk", "f:2x3x4 f:2x4x7", "2x3x7"},
    {"Einsum", "equation=...ij,jk->k...", "f:6x3x4 f:4x7", "7x6"},
    {"Einsum", "equation=...ij,...jk->...ik", "f:2x3x4 f:5x4x7", "!one letter of its equation is 2 and 5 long"},
    {"Einsum", "equation=...j->j", "f:3x4x5", "!an ellipsis in an input and none in the result"},
    {"Einsum", "equation=ij->...i", "f:3x4", "!not made of its letters"},
    {"Einsum", "equation=......j->j", "f:3x4", "!two ellipses"},
    {"Einsum", "equation=i.j->ij", "f:3x4", "!names 1 dimensions of an input that has 2"},
    {"Einsum", "equation=ij,jk,->ik", "f:3x4 f:4x5", "!something else than '->'"},
    {"ConvTranspose", "strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]", "f:1x3x4x5 f:3x2x3x3", "1x2x8x10"},
    {"ConvTranspose", "group=3 dilations=[2,2]", "f:1x3x4x5 f:3x2x3x3 f:6", "1x6x8x9"},
    {"ConvTranspose", "auto_pad=SAME_UPPER strides=[2,2]", "f:1x3x4x5 f:3x2x3x3", "1x2x8x10"},
    {"ConvTranspose", "output_shape=[9,9] strides=[2,2]", "f:1x3x4x5 f:3x2x3x3", "1x2x9x9"},
    {"ConvTranspose", "output_padding=[2,2] strides=[2,2]", "f:1x3x4x5 f:3x2x3x3", "!'output_padding' is 2"},
    {"ConvTranspose", "", "f:1x4x4x5 f:3x2x3x3", "!do not form 1 groups"},
    {"ConvTranspose", "", "f:1x3x4x5 f:3x2x3x3 f:3", "!its bias"},
    {"ConvTranspose", "pads=[9,9,9,9]", "f:1x3x4x5 f:3x2x3x3", "!it makes dimension 2 -12 long"},
    {"GridSample", "", "f:1x3x4x5 f:1x7x8x2", "1x3x7x8"},
    {"GridSample", "", "f:1x3x4x5 f:1x7x8x3", "!its grid is not"},
    {"Resize", "mode=nearest", "f:1x1x4x5 - s:1,1,2,2.5", "1x1x8x12"},
    {"Resize", "mode=linear", "f:1x1x4x5 - - i:1,1,3,3", "1x1x3x3"},
    {"Resize", "mode=cubic", "f:1x1x4x5 - s:1,1,2,2", "1x1x8x10"},
    {"Resize", "mode=area", "f:1x1x4x5 - s:1,1,2,2", "!its 'mode' of 'area' is not known"},
    {"Resize", "nearest_mode=up", "f:1x1x4x5 - s:1,1,2,2", "!its 'nearest_mode' of 'up' is not known"},
    {"Resize", "coordinate_transformation_mode=odd", "f:1x1x4x5 - s:1,1,2,2", "!mode' of 'odd' is not known"},
    {"Resize", "axes=[2,3] keep_aspect_ratio_policy=not_larger", "f:1x1x4x5 - - i:8,8", "1x1x6x8"},
    {"Resize", "axes=[2,3] keep_aspect_ratio_policy=not_smaller", "f:1x1x4x5 - - i:8,8", "1x1x8x10"},
    {"Resize", "axes=[2,-2]", "f:1x1x4x5 - - i:8,8", "!it names axis 2 twice"},
    {"Resize", "", "f:1x1x4x5 - s:1,1,0.1,2", "!it makes dimension 2 0 long"},
    {"Resize", "coordinate_transformation_mode=tf_crop_and_resize", "f:1x1x4x5 - s:1,1,2,2", "!its region is not 8"},
    {"Upsample", "mode=linear", "f:1x1x4x5 s:1,1,2,2", "1x1x8x10"},
    {"Upsample", "", "f:1x1x4x5", "!it has no scales"},
    {"Resize", "", "f:1x1x4x5 - s:1,1,0,2", "!it scales dimension 2 by 0"},
    {"Resize", "", "f:1x1x4x5 - - i:1,1,0,2", "!it makes dimension 2 0 long"},
    {"Resize", "", "f:1x1x4x5", "!it has neither scales nor sizes"},
    {"QuantizeLinear", "", "f:?x3 s:0.5", "?x3"},
    {"QuantizeLinear", "axis=-1", "f:2x3 s:1,2,3 c:3", "2x3"},
    {"QuantizeLinear", "axis=0", "f:2x3 s:1,2,3 u:3", "!it has 3 scales for 2 indices of axis 0"},
    {"QuantizeLinear", "axis=2", "f:2x3 s:1,2,3 u:3", "!axis 2"},
    {"QuantizeLinear", "", "f:2x3 s:1,2,3 u:2", "!differ in shape"},
    {"QuantizeLinear", "", "f:2x3 s:1 f:1", "!it quantises to f32"},
    {"QuantizeLinear", "", "f:2x3 i:1", "!its scale 'b' is i64"},
    {"QuantizeLinear", "block_size=2", "f:2x3 f:2x2", "!it quantises in blocks"},
    {"QuantizeLinear", "", "f:2x3 f:2x2", "!its scale 'b' has 2 dimensions"},
    {"DequantizeLinear", "", "u:?x3 s:1", "?x3"},
    {"DequantizeLinear", "axis=0", "c:2x3 s:1,2 c:2", "2x3"},
    {"DequantizeLinear", "", "f:2x3 s:1", "!is f32 and not u8, i8 or i32"},
    {"DequantizeLinear", "", "u:2x3 s:1 c:1", "!its input is u8 and its zero point i8"},
    {"DynamicQuantizeLinear", "", "f:2x3", "2x3"},
    {"QLinearConv", "pads=[1,1,1,1]", "u:?x3x8x8 s:1 u:1 c:4x3x3x3 s:1,1,1,1 c:4 s:1 u:1", "?x4x8x8"},
    {"QLinearConv", "", "u:1x3x8x8 s:1 u:1 c:4x3x3x3 s:1,1 c:2 s:1 u:1", "!'e' is neither a single number nor one"},
    {"QLinearConv", "", "u:1x3x8x8 s:1 u:1 c:4x3x3x3 s:1 u:1 s:1 u:1", "!'d' is i8 and its zero point 'f' u8"},
    {"QLinearConv", "", "u:1x3x8x8 s:1,1 u:1 c:4x3x3x3 s:1 c:1 s:1 u:1", "!'b' is neither a single number nor one"},
    {"QLinearConv", "", "u:1x3x8x8 i:1 u:1 c:4x3x3x3 s:1 c:1 s:1 u:1", "!its scale 'b' is i64"},
    {"QLinearConv", "", "u:1x3x8x8 s:1 u:1 f:4x3x3x3 s:1 u:1 s:1 u:1", "!its input 'd' is f32 and not u8 or i8"},
    {"QLinearConv", "", "u:1x3x8x8 s:1 u:1 c:4x3x3x3 s:1 c:1 s:1 u:1 f:4", "!its bias is f32 and not i32"},
    {"ConvInteger", "strides=[2,2]", "u:1x3x9x9 c:4x3x3x3 u:1 c:1", "1x4x4x4"},
    {"ConvInteger", "", "u:1x3x9x9 c:4x3x3x3 f:1", "!'a' is u8 and its zero point 'c' f32"},
    {"ConvInteger", "", "u:1x3x9x9 c:4x2x3x3", "!its input has 3 channels, its weights take 2"},
    {"QLinearMatMul", "", "u:2x3x4 s:1 u:1 c:4x5 s:1 c:1 s:1 u:1", "2x3x5"},
    {"QLinearMatMul", "", "u:2x4 s:1 u:1 c:4x5 s:1 c:1 s:1 f:1", "!its input 'h' is f32"},
    {"MatMulInteger", "", "c:4 u:4x2", "2"},
    {"QLinearMatMul", "", "u:2x4 s:1,1 u:2 c:4x5 s:1 c:1 s:1,1,1 u:1", "!'g' is neither a single number nor one"},
    {"MatMulInteger", "", "c:4 u:4x2 - u:3", "!'d' is neither a single number nor one"},
    {"MatMulInteger", "", "c:3 u:4x2", "!it multiplies 3 columns with 4 rows"},
    {"Add", "", "f:65536x1 f:65536", "!larger than a tensor may be"},
};

/* --- reading a case --- */

static size_t read_ints(const char *text, int64_t *at)
{
    size_t n = 0;
    for (char *end; *text && n < 16; text = *end == ',' || *end == 'x' ? end + 1 : end) {
        at[n] = strtoll(*text == '?' ? "-1" : text, &end, 10);
        if (*text == '?')
            end = (char *)(uintptr_t)text + 1;
        if (end == text)
            break;
        n++;
    }
    return n;
}

static void add_input(as_graph *graph, const char *name, const char *text)
{
    as_err   err = AS_ERR_NONE;
    int64_t  at[16];
    float    scales[16];
    as_shape shape = {.rank = 1};
    size_t   n = text[0] == 's' ? 0 : read_ints(text + 2, at);
    for (char *s = (char *)(uintptr_t)text + 2; text[0] == 's' && *s; s += *s == ',')
        scales[n++] = strtof(s, &s);
    shape.dims[0] = (int64_t)n;
    as_tensor ints = as_tensor_view(AS_DTYPE_I64, &shape, at), floats = as_tensor_view(AS_DTYPE_F32, &shape, scales);
    if (text[0] == 'i') {
        assert_true(as_graph_add_constant(graph, name, &ints, &err));
    } else if (text[0] == 's') {
        if (n == 1)
            floats.shape.rank = 0;
        assert_true(as_graph_add_constant(graph, name, &floats, &err));
    } else {
        shape.rank = (int)n;
        memcpy(shape.dims, at, n * sizeof *at);
        const as_dtype dtype = text[0] == 'u'   ? AS_DTYPE_U8
                               : text[0] == 'c' ? AS_DTYPE_I8
                               : text[0] == 'b' ? AS_DTYPE_BOOL
                               : text[0] == 'j' ? AS_DTYPE_I64
                                                : AS_DTYPE_F32;
        assert_true(as_graph_add_input(graph, name, dtype, &shape, &err));
    }
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

static as_graph *make_case(const shape_case *row)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    const char              *inputs[10] = {0};
    char                     text[200], attr_text[200], *rest;
    int64_t                  lists[8][16];
    as_attr                  attrs[8];
    as_err                   err = AS_ERR_NONE;
    as_graph                *graph = as_graph_new("case", &err);
    size_t                   n = 0;
    assert_non_null(graph);
    as_str_copy(text, sizeof text, row->inputs);
    as_str_copy(attr_text, sizeof attr_text, row->attrs);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest), n++) {
        inputs[n] = *word == '-' ? "" : names[n];
        if (*word != '-')
            add_input(graph, names[n], word);
    }
    size_t       n_attrs = read_attrs(attr_text, attrs, lists);
    const char  *outputs[] = {"y", "y1", "y2", NULL};
    const size_t n_outputs = as_graph_op_find(row->op)->min_out;
    outputs[AS_MIN(AS_MAX(n_outputs, 1u), 3u)] = NULL;
    if (!as_graph_add_node(graph, row->op, "n", inputs, outputs, attrs, n_attrs, &err) ||
        !as_graph_add_output(graph, "y", AS_DTYPE_F32, &(as_shape){.rank = 0}, &err) || !as_graph_finish(graph, &err))
        fail_msg("%s %s: %s", row->op, row->attrs, err.text);
    return graph;
}

/* --- judging it --- */

static void describe(const as_value *value, char *text, size_t cap)
{
    as_shape_text(&value->shape, text, cap);
    for (size_t i = 0; value->constant && value->dtype == AS_DTYPE_I64 && i < as_tensor_count(value->constant); i++) {
        size_t n = strlen(text);
        snprintf(text + n, cap - n, "%s%lld", i ? "," : " = ", (long long)((const int64_t *)value->constant->data)[i]);
    }
}

static void test_every_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        const shape_case *row = &cases[i];
        as_err            err = AS_ERR_NONE;
        char              text[256];
        as_graph         *graph = make_case(row);
        graph->view.declared[as_graph_find(graph, "y")] = AS_DTYPE_NONE; /* cases do not say it */
        bool ok = as_graph_infer_shapes(graph, 0, &err);
        if (ok)
            describe(as_graph_value(graph, as_graph_find(graph, "y")), text, sizeof text);
        else
            as_str_copy(text, sizeof text, err.text);
        bool want = row->want[0] == '!' ? !ok && strstr(text, row->want + 1) && strstr(text, "node 'n'")
                                        : ok && strcmp(text, row->want) == 0;
        if (!want)
            fail_msg("%s {%s} of %s: %s; wanted %s", row->op, row->attrs, row->inputs, text, row->want);
        as_graph_free(graph);
    }
}

/* Types that only some operator sets allow beside an f32. */
static void test_types_of_other_inputs(void **state)
{
    (void)state;
    static const struct {
        shape_case  row;
        size_t      input;
        as_dtype    dtype;
        int         opset;
        const char *want; /* NULL: taken */
    } typed[] = {
        {{"Pow", "", "f:2x3 f:3", ""}, 1, AS_DTYPE_F64, 12, NULL},
        {{"Pow", "", "f:2x3 f:3", ""}, 1, AS_DTYPE_F64, 11, "its inputs 'a' and 'b' are f32 and f64"},
        {{"Pow", "", "f:2x3 f:3", ""}, 1, AS_DTYPE_BOOL, 12, "its input 'b' is bool, which it does not take"},
        {{"BatchNormalization", "", "f:1x3 f:3 f:3 f:3 f:3", ""}, 4, AS_DTYPE_F64, 15, "'d' and 'e' are f32 and f64"},
        {{"BatchNormalization", "", "f:1x3 f:3 f:3 f:3 f:3", ""}, 2, AS_DTYPE_F64, 15, "'b' and 'c' are f32 and f64"},
        {{"BatchNormalization", "", "f:1x3 f:3 f:3 f:3 f:3", ""}, 0, AS_DTYPE_F16, 15, NULL},
        {{"BatchNormalization", "", "f:1x3 f:3 f:3 f:3 f:3", ""}, 0, AS_DTYPE_F16, 9, "'a' and 'b' are f16 and f32"},
        {{"BatchNormalization", "", "f:1x3 f:3 f:3 f:3 f:3", ""}, 3, AS_DTYPE_BOOL, 15, "'d' is bool"},
    };
    for (size_t i = 0; i < AS_COUNT(typed); i++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = make_case(&typed[i].row);
        graph->view.declared[as_graph_find(graph, "y")] = AS_DTYPE_NONE;
        graph->model->graph->input[typed[i].input]->type->tensor_type->elem_type = (int32_t)typed[i].dtype;
        graph->opset = typed[i].opset;
        bool ok = as_graph_infer_shapes(graph, 0, &err);
        if (typed[i].want ? ok || !strstr(err.text, typed[i].want) || !strstr(err.text, "node 'n'") : !ok)
            fail_msg("%s %zu: %s; wanted %s", typed[i].row.op, i, ok ? "taken" : err.text,
                     typed[i].want ? typed[i].want : "taken");
        as_graph_free(graph);
    }
}

/* The rows that share a rule with one that has a case. */
static void test_every_operator_has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; as_graph_op_name(i); i++) {
        const graph_op *op = as_graph_op_find(as_graph_op_name(i));
        bool            found = op->min_in == 0; /* Constant: its shape is its tensor's */
        for (size_t k = 0; k < AS_COUNT(cases); k++)
            found = found || as_graph_op_find(cases[k].op)->rule == op->rule;
        if (!found)
            fail_msg("no case for %s", op->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule),
        cmocka_unit_test(test_types_of_other_inputs),
        cmocka_unit_test(test_every_operator_has_a_case),
    };
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
