/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/serve.h"

#define X(name) extern const as_serve_kind as_serve_##name;
#include "wire/serve_list.inc"
#undef X

static const as_serve_kind *const kinds[] = {
#define X(name) &as_serve_##name,
#include "wire/serve_list.inc"
#undef X
    NULL};

const as_serve_kind *as_serve_kind_at(size_t i)
{
    return i < AS_COUNT(kinds) ? kinds[i] : NULL;
}
