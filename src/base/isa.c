/* SPDX-License-Identifier: Apache-2.0 */
#include "base/isa.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

/* flags: the kernel's words, all of which it takes. below: what it holds too. */
static const struct {
    const char *name, *flags;
    as_isa      below;
} isas[] = {
    [AS_ISA_NONE] = {"none", "", AS_ISA_NONE},
    [AS_ISA_SSE41] = {"sse41", "sse4_1", AS_ISA_NONE},
    [AS_ISA_SSE42] = {"sse42", "sse4_2", AS_ISA_SSE41},
    [AS_ISA_AVX] = {"avx", "avx", AS_ISA_SSE42},
    [AS_ISA_AVX2] = {"avx2", "avx2 fma", AS_ISA_AVX},
    [AS_ISA_AVX2_VNNI] = {"avx2_vnni", "avx_vnni", AS_ISA_AVX2},
    [AS_ISA_AVX512] = {"avx512", "avx512f avx512bw avx512dq avx512vl", AS_ISA_AVX2},
    [AS_ISA_AVX512_VNNI] = {"avx512_vnni", "avx512_vnni", AS_ISA_AVX512},
    [AS_ISA_AVX512_BF16] = {"avx512_bf16", "avx512_bf16", AS_ISA_AVX512_VNNI},
    [AS_ISA_AMX] = {"amx", "amx_tile amx_int8 amx_bf16", AS_ISA_AVX512_BF16},
};

atomic_uint as_isa_mask;

const char *as_isa_name(as_isa isa)
{
    return isa < AS_COUNT(isas) ? isas[isa].name : NULL;
}

static bool isa_flags(const char *flags)
{
    char text[64], *rest = text, *one;
    bool has = true;
    if (snprintf(text, sizeof text, "%s", flags) >= (int)sizeof text)
        return false;
    while (has && (one = strsep(&rest, " ")))
        has = !*one || as_cpu_has(one);
    return has;
}

bool as_isa_has(as_isa isa)
{
    for (as_isa i = isa; i != AS_ISA_NONE; i = isas[i].below)
        if (!isa_flags(isas[i].flags))
            return false;
    return true;
}

static bool isa_holds(as_isa wide, as_isa isa)
{
    while (wide != isa && wide != AS_ISA_NONE)
        wide = isas[wide].below;
    return wide == isa;
}

as_isa as_isa_limit(void)
{
    const char *text = getenv("ASSAY_ISA");
    for (size_t i = 1; text && i < AS_COUNT(isas); i++)
        if (strcmp(isas[i].name, text) == 0)
            return (as_isa)i;
    return AS_ISA_NONE;
}

unsigned as_isa_find(void)
{
    const as_isa limit = as_isa_limit();
    unsigned     mask = 1u << AS_ISA_NONE;
    for (size_t i = 1; i < AS_COUNT(isas); i++)
        if (as_isa_has((as_isa)i) && (limit == AS_ISA_NONE || isa_holds(limit, (as_isa)i)))
            mask |= 1u << i;
    atomic_store_explicit(&as_isa_mask, mask, memory_order_relaxed);
    return mask;
}

as_isa as_isa_top(void)
{
    as_isa top = AS_ISA_NONE;
    for (size_t i = 1; i < AS_COUNT(isas); i++)
        if (as_isa_may((as_isa)i))
            top = (as_isa)i;
    return top;
}

bool as_isa_check(bool *ret_lacks, as_err *err)
{
    const char  *text = getenv("ASSAY_ISA");
    const as_isa limit = as_isa_limit();
    char         names[160] = "";
    if (text && *text && limit == AS_ISA_NONE) {
        for (size_t i = 1, n = 0; i < AS_COUNT(isas); n = strlen(names), i++)
            snprintf(names + n, sizeof names - n, "%s%s", i > 1 ? ", " : "", isas[i].name);
        return AS_FAIL(err, AS_EINVAL,
                       "ASSAY_ISA is '%.40s' and none of %s (unset it to use all that the processor has)", text, names);
    }
    *ret_lacks = limit != AS_ISA_NONE && !as_isa_has(limit);
    return true;
}
