/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a remembered choice of a back end, and as the options of a provider: what is accepted is whole, and names
 * none that would open itself. */
#include <stdlib.h>
#include <string.h>

#include "infer/choice.h"
#include "infer/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_options(const char *text)
{
    char        copy[256];
    const char *keys[AS_PROVIDER_MOST_OPTIONS], *values[AS_PROVIDER_MOST_OPTIONS];
    size_t      n = 0;
    as_err      err = AS_ERR_NONE;
    if (!as_provider_options(text, copy, sizeof copy, keys, values, &n, &err)) {
        if (err.code != AS_EINVAL)
            abort();
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i] < copy || keys[i] >= copy + sizeof copy || !*keys[i] || strchr(keys[i], '=') ||
            values[i] <= keys[i] || values[i] >= copy + sizeof copy)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_choice choice = {.backend = "none"};
    as_err    err = AS_ERR_NONE;
    char     *text = malloc(size + 1);
    if (as_choice_parse(data, size, "key", &choice, &err)) {
        if (!*choice.backend || strncmp(choice.backend, "auto", 4) == 0 ||
            !memchr(choice.backend, 0, sizeof choice.backend) || !memchr(choice.reason, 0, sizeof choice.reason))
            abort();
    } else if (err.code == AS_OK || strcmp(choice.backend, "none") != 0) {
        abort();
    }
    if (text) {
        memcpy(text, data, size);
        text[size] = '\0';
        try_options(text);
    }
    free(text);
    return 0;
}
