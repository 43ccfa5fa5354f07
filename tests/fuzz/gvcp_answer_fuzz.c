/* SPDX-License-Identifier: Apache-2.0 */
/* Any datagram as a camera's answer to a search, and any text as the place of a camera. */
#include <stdlib.h>

#include "camera/gige_seek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_gvcp_answer answer;
    as_gige_place  place, again;
    char           text[AS_GIGE_PLACE_BYTES], *copy = malloc(size + 1);
    uint8_t       *exact = malloc(size ? size : 1);
    if (copy && exact) {
        memcpy(exact, data, size);
        memcpy(copy, data, size);
        copy[size] = '\0';
        if (as_gvcp_answer_parse(exact, size, &answer)) {
            must(answer.length + (size_t)AS_GVCP_HEAD_BYTES <= size);
            if (as_gige_place_of(&answer, 0x7f000001, &place))
                must(place.has_mac);
        }
        if (as_gige_place_parse(copy, &place))
            must(as_gige_place_parse(as_gige_place_text(&place, text), &again) && again.address == place.address &&
                 again.has_mac == place.has_mac);
    }
    free(exact);
    free(copy);
    return 0;
}
