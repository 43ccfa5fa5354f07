/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of credentials: what is found can stand in a header, and an error never quotes the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "credentials: %s\n", what);
    abort();
}

static bool is_word(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_credentials found = {.id = {0}};
    as_err         err = AS_ERR_NONE;
    if (!as_credentials_parse(data, size, "default", &found, &err)) {
        must(err.code != AS_OK && !strstr(err.text, "secret-in-it"), "refused without a word, or with a secret");
        return 0;
    }
    must(found.id[0] && found.secret[0], "a key without its half");
    must(is_word(found.id) && is_word(found.secret) && is_word(found.token), "a key that is no word");
    return 0;
}
