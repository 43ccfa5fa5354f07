/* SPDX-License-Identifier: Apache-2.0 */
/* fault_writer KIND ROUND: what no verb does by itself, in the workspace ws: objects put, synced and sealed, refs moved,
 * garbage collected, objects erased, records journaled. Each thing is said on stdout once it is promised. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/vec.h"
#include "catalog/commit.h"
#include "journal/journal.h"
#include "store/append.h"

#define MARK       "fault-object-"
#define MAX_BYTES  6000
#define SEAL_BYTES 20000

static void writer_must(bool ok, const as_err *err)
{
    if (ok)
        return;
    fprintf(stderr, "fault_writer: %s\n", err->text);
    exit(as_err_exit_status(err->code));
}

/* At once, as one call. */
static void writer_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void writer_say(const char *fmt, ...)
{
    char    line[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n > 0 && write(1, line, (size_t)n) != n)
        exit(3);
}

/* "fault-object-00000000deadbeef " and then bytes without any order; the length goes from that to MAX_BYTES. */
static size_t writer_make(as_rng *rng, char *bytes)
{
    size_t n = (size_t)as_rng_below(rng, as_rng_below(rng, 4) ? 400 : MAX_BYTES - 40) + 40;
    int    at = snprintf(bytes, 40, MARK "%016llx ", (unsigned long long)as_rng_u64(rng));
    for (size_t i = (size_t)at; i < n; i++)
        bytes[i] = (char)as_rng_below(rng, 256);
    return n;
}

/* Objects of which this is false are never promised: they are what gc is to drop. */
static bool writer_is_kept(const as_digest *digest)
{
    return digest->b[0] % 2 == 0;
}

/* is_junk: nothing is said of it, so that gc may drop it. */
static void writer_store(as_workspace *ws, as_rng *rng, unsigned round, bool is_junk)
{
    static char bytes[MAX_BYTES + 64];
    as_err      err = AS_ERR_NONE;
    as_digest   put[16];
    char        marks[16][40], hex[AS_SHA256_HEX_BYTES], value[AS_REF_BYTES];
    size_t      n_put = 0;
    ws->store->seal_bytes = SEAL_BYTES;
    for (unsigned i = 0; i < 12; i++) {
        size_t    n = writer_make(rng, bytes);
        as_digest digest;
        writer_must(as_store_put(ws->store, bytes, n, &digest, NULL, &err), &err);
        if (writer_is_kept(&digest)) {
            put[n_put] = digest;
            snprintf(marks[n_put++], sizeof marks[0], "%.29s", bytes);
        }
        if (i % 4 != 3)
            continue;
        writer_must(as_store_sync(ws->store, &err), &err);
        for (size_t k = 0; k < n_put && !is_junk; k++)
            writer_say("put %s %s\n", as_digest_hex(&put[k], hex), marks[k]);
        n_put = 0;
    }
    if (is_junk)
        return;
    snprintf(value, sizeof value, "%u", round + 1);
    writer_must(as_store_ref_set(ws->store, "test/ref", value, &err), &err);
    writer_say("ref %s\n", value);
}

typedef AS_VEC(as_digest) writer_digests;

static void writer_add(writer_digests *all, const as_digest *digest)
{
    if (!as_vec_push(all, *digest))
        exit(3);
}

/* All that the history needs. */
static void writer_reach(as_workspace *ws, writer_digests *all)
{
    as_commit commit;
    as_err    err = AS_ERR_NONE;
    bool      ok = as_commit_find(ws, "main", &commit, &err);
    writer_must(ok || err.code == AS_ENOTFOUND, &err);
    while (ok) {
        as_manifest *manifest = as_commit_manifest(ws, &commit, &err);
        writer_must(manifest != NULL, &err);
        writer_add(all, &commit.id);
        writer_add(all, &commit.manifest);
        writer_add(all, &commit.labels);
        for (size_t i = 0; i < as_manifest_count(manifest); i++)
            writer_add(all, &as_manifest_at(manifest, i)->image);
        as_manifest_free(manifest);
        if (commit.n_parents == 0)
            break;
        as_digest parent = commit.parents[0];
        ok = as_commit_read(ws, &parent, &commit, &err);
        writer_must(ok, &err);
    }
}

static bool writer_keep(void *ctx, const as_digest *digest)
{
    const writer_digests *all = ctx;
    bool                  keep = writer_is_kept(digest);
    for (size_t i = 0; !keep && i < all->n; i++)
        keep = as_digest_equal(&all->at[i], digest);
    return keep;
}

static void writer_gc(as_workspace *ws)
{
    as_err             err = AS_ERR_NONE;
    as_store_gc_result result;
    writer_digests     all = {0};
    writer_reach(ws, &all);
    ws->store->seal_bytes = SEAL_BYTES;
    writer_must(as_store_gc(ws->store, writer_keep, &all, 0.1, NULL, &result, &err), &err);
    as_vec_done(&all);
    printf("gc %llu packs, %llu moved, %llu dropped\n", (unsigned long long)result.n_packs,
           (unsigned long long)result.n_moved, (unsigned long long)result.n_dropped);
}

/* Two of the objects that this program put. */
static void writer_erase(as_workspace *ws, as_rng *rng)
{
    as_err     err = AS_ERR_NONE;
    as_digest *all;
    size_t     n, n_erased = 0;
    writer_must(as_store_begin(ws->store, &err), &err);
    writer_must(as_store_list(ws->store, &all, &n, &err), &err);
    for (size_t i = 0, at = n ? (size_t)as_rng_below(rng, n) : 0; i < n && n_erased < 2; i++) {
        const as_digest *digest = &all[(at + i) % n];
        char             mark[40], hex[AS_SHA256_HEX_BYTES];
        uint8_t         *bytes;
        size_t           size;
        writer_must(as_store_get(ws->store, digest, &bytes, &size, &err), &err);
        bool is_ours = size > 40 && memcmp(bytes, MARK, strlen(MARK)) == 0;
        snprintf(mark, sizeof mark, "%.29s", is_ours ? (char *)bytes : "");
        free(bytes);
        if (!is_ours)
            continue;
        writer_must(as_store_erase(ws->store, digest, "a test", &err), &err);
        writer_say("erased %s %s\n", as_digest_hex(digest, hex), mark);
        n_erased++;
    }
    free(all);
}

static void writer_journal(as_workspace *ws, unsigned round)
{
    char   dir[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    writer_must(as_workspace_path(ws, "journal", dir, &err), &err);
    as_journal *journal = as_journal_open(dir, &err);
    writer_must(journal != NULL, &err);
    as_record record = {.verdict = AS_VERDICT_REJECT, .reason = AS_REASON_NONE, .trigger_utc = as_clock_utc()};
    for (unsigned i = 0; i < 20; i++) {
        record.part = 1000 * (uint64_t)round + i;
        writer_must(as_journal_append(journal, &record, &err), &err);
        if (i % 5 != 4)
            continue;
        writer_must(as_journal_sync(journal, &err), &err);
        writer_say("journal %llu\n", (unsigned long long)record.sequence);
    }
    as_journal_close(journal);
}

int main(int argc, char **argv)
{
    as_err   err = AS_ERR_NONE;
    unsigned round = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    as_rng   rng = as_rng_stream(11, round);
    if (argc != 3)
        return 2;
    as_workspace *ws = as_workspace_open("ws", AS_WORKSPACE_WRITE, &err);
    writer_must(ws != NULL, &err);
    if (strcmp(argv[1], "store") == 0)
        writer_store(ws, &rng, round, false);
    else if (strcmp(argv[1], "junk") == 0)
        writer_store(ws, &rng, round, true);
    else if (strcmp(argv[1], "gc") == 0)
        writer_gc(ws);
    else if (strcmp(argv[1], "erase") == 0)
        writer_erase(ws, &rng);
    else if (strcmp(argv[1], "journal") == 0)
        writer_journal(ws, round);
    else
        return 2;
    as_workspace_close(ws);
    return 0;
}
