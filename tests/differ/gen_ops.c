/* SPDX-License-Identifier: Apache-2.0 */
#include "gen_ops.h"

static const gen_op ops[] = {
#define X(op, opset, exact, weight, emit) {#op, opset, exact, weight, gen_##emit},
#include "gen_ops.def"
#undef X
};

const gen_op *gen_op_at(size_t i)
{
    return i < AS_COUNT(ops) ? &ops[i] : NULL;
}
