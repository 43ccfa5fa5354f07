/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/backend_opt.h"

#include <string.h>

const char *const as_cli_backends[] = {"native", "ort", "ort:", "auto", NULL};

char *as_cli_next_backend(char **rest)
{
    char *word = *rest;
    if (!word || !*word)
        return NULL;
    for (char *comma = strchr(word, ','); comma; comma = strchr(comma + 1, ',')) {
        const size_t n = strcspn(comma + 1, ",=");
        if (comma[1 + n] == '=')
            continue;
        *comma = '\0';
        *rest = comma + 1;
        return word;
    }
    *rest = NULL;
    return word;
}
