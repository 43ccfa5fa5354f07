/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/said.h"

#include <string.h>

void as_said_add(as_said *said, const char *check, const char *text)
{
    size_t n_check = strlen(check) + 1, n_text = strlen(text) + 1;
    if (n_check + n_text > sizeof said->packed - said->n_bytes || said->n == AS_NOTE_MAX_FOUND)
        return;
    memcpy(said->packed + said->n_bytes, check, n_check);
    memcpy(said->packed + said->n_bytes + n_check, text, n_text);
    said->n_bytes = (uint16_t)(said->n_bytes + n_check + n_text);
    said->n++;
}

size_t as_said_found(const as_said *said, as_note_found found[AS_NOTE_MAX_FOUND])
{
    const char *p = said->packed;
    for (size_t i = 0; i < said->n; i++) {
        found[i] = (as_note_found){.check = p, .text = p + strlen(p) + 1};
        p = found[i].text + strlen(found[i].text) + 1;
    }
    return said->n;
}
