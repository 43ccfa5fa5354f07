/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a label map, and as the run lengths of a brush: what is read, written and read again is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/codes.h"
#include "intake/brush.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "codes: %s\n", what);
    abort();
}

static void check_brush(const uint8_t *data, size_t size)
{
    as_err   err = AS_ERR_NONE;
    as_mask  mask, again;
    as_str   text;
    uint32_t width = size ? data[0] % 64u + 1 : 1;
    if (size < 2 || !as_brush_decode(data + 1, size - 1, width, 4, &mask, &err))
        return;
    as_str_init(&text);
    must(as_brush_encode(&mask, &text, &err), "a brush cannot be written");
    must(as_brush_decode((const uint8_t *)text.s, text.len, width, 4, &again, &err), "a brush cannot be read again");
    must(again.n_runs == mask.n_runs && memcmp(again.runs, mask.runs, mask.n_runs * sizeof *mask.runs) == 0,
         "a brush differs");
    as_str_done(&text);
    as_mask_done(&mask);
    as_mask_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err   err = AS_ERR_NONE;
    as_codes codes, again;
    as_str   text;
    check_brush(data, size);
    if (!as_codes_decode(data, size, &codes, &err)) {
        must(err.code != AS_OK, "refused without an error");
        return 0;
    }
    as_str_init(&text);
    if ((uint64_t)codes.width * codes.height < 1u << 20) {
        must(as_codes_encode(&codes, &text, &err), "cannot be written");
        must(as_codes_decode((const uint8_t *)text.s, text.len, &again, &err), "cannot be read again");
        must(memcmp(codes.at, again.at, (size_t)codes.width * codes.height) == 0, "differs");
        as_codes_done(&again);
    }
    as_str_done(&text);
    as_codes_done(&codes);
    return 0;
}
