/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a signed object: nothing that was not signed passes. */
#include <stdio.h>
#include <stdlib.h>

#include "release/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err  err = AS_ERR_NONE;
    uint8_t open[AS_KEY_BYTES];
    json_t *object = as_json_parse(data, size, "fuzz", &err);
    if (object && as_json_sign_check(object, open, &err)) {
        /* The corpus has one that is signed: then another value in it must not pass. */
        json_object_set_new(object, "and", json_integer((json_int_t)size));
        if (json_is_object(object) && as_json_sign_check(object, open, &err)) {
            fprintf(stderr, "signed: an object passes that was changed\n");
            abort();
        }
    }
    json_decref(object);
    return 0;
}
