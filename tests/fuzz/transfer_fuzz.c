/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the listing of a transfer pack, or as a list of erasures: what is accepted is written again as the same
 * bytes (a listing), or as a list that reads back the same. When the first byte is odd a listing's head is made right. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "remote/transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "transfer: %s\n", what);
    abort();
}

static void check_listing(uint8_t *bytes, size_t n, bool mend)
{
    as_transfer first = {.at = NULL}, again;
    as_str      out;
    as_err      err = AS_ERR_NONE;
    if (mend && n >= 32) {
        uint64_t total = 0;
        n = 32 + (n - 32) / 36 * 36;
        for (size_t at = 32; at < n; at += 36) {
            as_bytes_put32(bytes + at, (uint32_t)at); /* each once */
            as_bytes_put32(bytes + at + 32, as_bytes_get32(bytes + at + 32) & 0x7fff);
            total += as_bytes_get32(bytes + at + 32);
        }
        memset(bytes, 0, 32);
        memcpy(bytes, "ASTPACK1\1", 9);
        as_bytes_put32(bytes + 12, (uint32_t)((n - 32) / 36));
        as_bytes_put64(bytes + 16, total);
    }
    if (!as_transfer_parse(bytes, n, &first, &err)) {
        must(err.code != AS_OK && !(mend && n > 32), "a listing that is right is refused, or without a word");
        return;
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < first.n; i++) {
        must(first.at[i].offset == offset, "objects do not follow each other");
        offset += first.at[i].n_bytes;
    }
    must(offset == first.n_bytes, "objects do not fill the pack");
    as_str_init(&out);
    must(as_transfer_write(first.at, first.n, &out, &again, NULL), "what was read cannot be written");
    if (memcmp(bytes + 24, "\0\0\0\0\0\0\0\0", 8) == 0)
        must(out.len == n && memcmp(out.s, bytes, n) == 0 && as_digest_equal(&again.name, &first.name),
             "it is not what it was");
    as_str_done(&out);
    as_transfer_done(&first);
}

static void check_stones(const uint8_t *bytes, size_t n)
{
    as_remote_stone *first, *again;
    size_t           n_first, n_again;
    as_str           out;
    as_err           err = AS_ERR_NONE;
    if (!as_stones_parse(bytes, n, &first, &n_first, &err)) {
        must(err.code != AS_OK, "refused without a word");
        return;
    }
    as_str_init(&out);
    must(as_stones_write(first, n_first, &out, NULL), "what was read cannot be written");
    must(as_stones_parse((const uint8_t *)out.s, out.len, &again, &n_again, NULL), "nor read again");
    must(n_again == n_first && memcmp(first, again, n_first * sizeof *first) == 0, "it is not what it was");
    as_str_done(&out);
    free(first);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_digest digest;
    bool      is_pack;
    if (size == 0 || size > 1 << 20)
        return 0;
    char *bytes = calloc(1, size);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, size - 1);
    (void)!as_transfer_name_parse(bytes, &digest, &is_pack);
    check_stones((const uint8_t *)bytes, size - 1);
    check_listing((uint8_t *)bytes, size - 1, data[0] & 1);
    free(bytes);
    return 0;
}
