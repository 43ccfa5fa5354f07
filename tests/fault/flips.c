/* SPDX-License-Identifier: Apache-2.0 */
/* fault_flips TIMES SEED DIR: bits that fall over in what is stored, one at a time, and are put back. `assay data verify`
 * finds each and names it, everything else can still be read, and nothing is ever read with other bytes than its own.
 * What no bit of matters (padding, records that are nothing, a segment's unused slots ...) is counted apart. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/rng.h"
#include "base/str.h"
#include "catalog/catalog.h"
#include "cli/program.h"
#include "journal/journal.h"
#include "journal/segment.h"
#include "site.h"
#include "store/state.h"

#define MAX_KINDS 6

extern const as_verb as_verb_data;

typedef struct flip_file {
    char     path[700], name[64];
    unsigned kind;
    uint8_t *bytes;
    size_t   n, n_used; /* where bits are turned: the rest of a journal's segment is empty */
} flip_file;

typedef struct flip_kind {
    const char *name, *where, *ending;
    uint64_t    n_flips, n_found, n_harmless;
} flip_kind;

static flip_kind kinds[MAX_KINDS] = {
    {"packs", "objects/packs", ".pack", 0, 0, 0}, {"indexes", "objects/packs", ".idx", 0, 0, 0},
    {"refs", "refs/data", "", 0, 0, 0},           {"journal", "journal", ".asj", 0, 0, 0},
    {"its head", "journal", "head", 0, 0, 0},     {"catalog", "", "catalog.db", 0, 0, 0},
};

typedef struct flip_known {
    AS_VEC(as_digest) objects; /* all that can be read */
    AS_VEC(flip_file) files;
    uint64_t n_records, n_erased;
} flip_known;

static flip_known known;

static void flip_load(unsigned kind)
{
    char folder[650];
    snprintf(folder, sizeof folder, "%s/.assay/%s", site_ws, kinds[kind].where);
    DIR *dir = opendir(folder);
    if (!dir)
        site_fail("there is no '%s'", folder);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        flip_file file = {.kind = kind};
        as_err    err = AS_ERR_NONE;
        if (entry->d_type != DT_REG || !as_str_ends(entry->d_name, kinds[kind].ending))
            continue;
        snprintf(file.path, sizeof file.path, "%.500s/%.150s", folder, entry->d_name);
        snprintf(file.name, sizeof file.name, "%.60s", entry->d_name);
        if (!as_fs_read(file.path, (size_t)1 << 30, &file.bytes, &file.n, &err) || !as_vec_push(&known.files, file))
            site_fail("%s", err.text);
        file.n_used = file.n;
        for (size_t i = file.n; kind == 3 && i > 0 && file.bytes[i - 1] == 0; i--)
            file.n_used = i - 1 + 4 * (size_t)AS_SLOT_BYTES; /* and some of what is empty */
        known.files.at[known.files.n - 1].n_used = AS_MIN(file.n_used, file.n);
    }
    closedir(dir);
}

static void flip_write(const flip_file *file, size_t at, uint8_t byte)
{
    int fd = open(file->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &byte, 1, (off_t)at) != 1)
        site_fail("cannot write '%s'", file->path);
    close(fd);
}

/* As it was: what the program made anew meanwhile goes. */
static void flip_restore(const flip_file *file)
{
    static const char *const ends[] = {"-wal", "-shm"};
    char                     path[720];
    as_err                   err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(ends); i++) {
        snprintf(path, sizeof path, "%s%s", file->path, ends[i]);
        unlink(path);
    }
    if (!as_fs_write_fast(file->path, file->bytes, file->n, &err))
        site_fail("%s", err.text);
}

static void flip_know(void)
{
    as_err           err = AS_ERR_NONE;
    as_digest       *all;
    size_t           n;
    as_journal_check check;
    char             dir[700];
    as_workspace    *ws = as_workspace_open(site_ws, AS_WORKSPACE_READ, &err);
    if (!ws || !as_store_list(ws->store, &all, &n, &err))
        site_fail("%s", err.text);
    for (size_t i = 0; i < n; i++)
        if (!as_vec_push(&known.objects, all[i]))
            site_fail("not enough memory");
    free(all);
    as_workspace_close(ws);
    snprintf(dir, sizeof dir, "%s/.assay/journal", site_ws);
    if (!as_journal_read(dir, NULL, NULL, &check, &err) || !check.whole)
        site_fail("journal: %s%s", err.text, check.text);
    known.n_records = check.n_records;
}

/* --- what the program says */

static uint64_t flip_verify(char **ret_text)
{
    static const as_verb *const verbs[] = {&as_verb_data, NULL};
    const char                 *words[] = {"assay", "-C", site_ws, "--json", "data", "verify", NULL};
    char                        path[600];
    uint8_t                    *bytes;
    size_t                      n;
    snprintf(path, sizeof path, "%s/said", site_work);
    fflush(stdout);
    int keep = dup(1), out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(out, 1);
    close(out);
    int status = as_program_main("assay", verbs, 6, (char **)(uintptr_t)words);
    fflush(stdout);
    dup2(keep, 1);
    close(keep);
    if (!as_fs_read(path, (size_t)1 << 24, &bytes, &n, NULL))
        site_fail("cannot read '%s'", path);
    *ret_text = (char *)bytes;
    return (uint64_t)status;
}

/* Objects that cannot be read; ends the test when one is read with other bytes. */
static size_t flip_unreadable(const char *how)
{
    size_t        n_bad = 0;
    as_err        err = AS_ERR_NONE;
    as_workspace *ws = as_workspace_open(site_ws, AS_WORKSPACE_READ, &err);
    if (!ws)
        site_fail("%s: %s", how, err.text);
    for (size_t i = 0; i < known.objects.n; i++) {
        uint8_t *bytes;
        size_t   n;
        if (!as_store_get(ws->store, &known.objects.at[i], &bytes, &n, &err)) {
            n_bad++;
            continue;
        }
        as_digest real = as_sha256_of(bytes, n);
        if (!as_digest_equal(&real, &known.objects.at[i]))
            site_fail("%s: an object was read with other bytes than its own", how);
        free(bytes);
    }
    as_workspace_close(ws);
    return n_bad;
}

/* --- what no bit of matters */

typedef struct flip_where {
    uint64_t       at;
    bool           found, in_head;
    as_pack_record record;
} flip_where;

static bool flip_visit(void *ctx, const as_pack_record *record)
{
    flip_where *where = ctx;
    if (where->at < record->offset || where->at >= as_pack_end(record))
        return true;
    where->found = true;
    where->record = *record;
    return false;
}

/* The record that the byte belongs to, in the pack as it was. */
static flip_where flip_find(const flip_file *file, size_t at)
{
    flip_where   where = {.at = at};
    as_pack_id   id;
    bool         whole;
    as_pack_span span;
    uint64_t     number;
    as_err       err = AS_ERR_NONE;
    int          fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (!as_pack_name_parse(file->name, ".pack", &number) ||
        !as_pack_head_parse(file->bytes, number, &id, &whole, &err) ||
        !as_pack_scan(fd, &id, AS_PACK_HEAD_BYTES, flip_visit, &where, &span, &err))
        site_fail("'%s': %s", file->path, err.text);
    close(fd);
    return where;
}

/* Why nothing depends on this byte of the undamaged file; NULL: something does. */
static const char *flip_excuse(const flip_file *file, size_t at, unsigned bit)
{
    if (file->kind == 3 && at >= AS_SLOT_BYTES && as_segment_is_empty(file->bytes + at / AS_SLOT_BYTES * AS_SLOT_BYTES))
        return "an unused slot";
    if (file->kind == 2 && file->bytes[at] >= 'a' && (file->bytes[at] ^ 1u << bit) == (file->bytes[at] & 0xdfu))
        return "a letter's case";
    if (file->kind != 0 || at < AS_PACK_HEAD_BYTES)
        return file->kind == 5 ? "a part of the catalog that nothing is in" : NULL;
    flip_where where = flip_find(file, at);
    if (!where.found || where.record.kind == AS_PACK_GAP)
        return "between records";
    if (where.record.kind == AS_PACK_MARK)
        return "a mark of how far the disk is";
    if (where.record.kind == AS_PACK_VOID || where.record.kind == AS_PACK_ERASED)
        return "a record that is nothing";
    return at >= where.record.offset + 64 + where.record.n_bytes ? "padding" : NULL;
}

static bool flip_catalog_right(void)
{
    char          why[1200];
    site_promises none = {.may_be_erased = true};
    return site_check(&none, why, sizeof why);
}

static void flip_one(const flip_file *file, size_t at, unsigned bit)
{
    char       how[300], *text;
    flip_kind *kind = &kinds[file->kind];
    snprintf(how, sizeof how, "%s: bit %u of byte %zu of %zu", file->name, bit, at, file->n);
    flip_write(file, at, (uint8_t)(file->bytes[at] ^ (1u << bit)));
    const size_t   n_bad = file->kind == 5 ? 0 : flip_unreadable(how);
    const uint64_t status = flip_verify(&text);
    const bool     named = strstr(text, "\"damaged\":[{") || strstr(text, "\"text\":");
    const bool     is_found = status == 1 && named;
    if (status > 1 && file->kind != 2)
        site_fail("%s: verify ends with %llu: %s", how, (unsigned long long)status, text);
    if (n_bad > (file->kind == 0))
        site_fail("%s: %zu objects cannot be read any more", how, n_bad);
    if (n_bad && !is_found)
        site_fail("%s: an object cannot be read, and verify says that all is whole", how);
    /* The catalog is made anew by whoever finds it damaged. */
    if (file->kind == 5 && !is_found && !flip_catalog_right())
        site_fail("%s: the catalog gives a wrong answer, and verify says that all is whole", how);
    flip_write(file, at, file->bytes[at]);
    if (file->kind == 5)
        flip_restore(file);
    const char *excuse = is_found ? NULL : flip_excuse(file, at, bit);
    if (!is_found && !excuse)
        site_fail("%s: not found: %s", how, text);
    kind->n_flips++;
    kind->n_found += is_found;
    kind->n_harmless += !is_found;
    free(text);
}

static void flip_prepare(void)
{
    static const site_case   one = {.name = "flips",
                                    .prepare = {"assay init ws --classes good,bad", "assay import p0", "assay import p1",
                                                "writer store 0", "writer erase 0", "writer journal 0"}};
    static const char *const more[] = {"assay label set bad --where name~*good*", "assay data ls"};
    site_promises            promises = {0};
    site_prepare(&one, &promises);
    for (size_t i = 0; i < AS_COUNT(more); i++)
        if (!site_status_ok(site_run(more[i], 0, 0), false))
            site_fail("'%s': %s", more[i], site_err());
    site_promises_done(&promises);
}

int main(int argc, char **argv)
{
    uint64_t times, seed, n_flips = 0, n_found = 0, n_harmless = 0;
    char    *text;
    if (argc < 4 || !as_str_to_u64(argv[1], &times) || !as_str_to_u64(argv[2], &seed)) {
        fprintf(stderr, "fault_flips TIMES SEED DIR\n");
        return 2;
    }
    site_begin(argv[3]);
    flip_prepare();
    flip_know();
    for (unsigned i = 0; i < MAX_KINDS; i++)
        flip_load(i);
    if (flip_verify(&text) != 0)
        site_fail("the workspace is damaged before a bit was turned: %s", text);
    free(text);
    const as_ns begin = as_clock_mono();
    as_rng      rng = as_rng_new(seed);
    for (uint64_t i = 0; i < times; i++) {
        const flip_file *file = &known.files.at[as_rng_below(&rng, known.files.n)];
        flip_one(file, (size_t)as_rng_below(&rng, file->n_used), (unsigned)as_rng_below(&rng, 8));
    }
    for (size_t i = 0; i < MAX_KINDS; i++) {
        printf("%-8s %6llu turned, %6llu found and named, %6llu in what no bit of matters\n", kinds[i].name,
               (unsigned long long)kinds[i].n_flips, (unsigned long long)kinds[i].n_found,
               (unsigned long long)kinds[i].n_harmless);
        n_flips += kinds[i].n_flips;
        n_found += kinds[i].n_found;
        n_harmless += kinds[i].n_harmless;
    }
    printf("%llu bits turned in %zu files: %llu found, %llu where it does not matter, 0 missed; the other %zu objects "
           "were read "
           "each time, 0 with wrong bytes; at 95 %% confidence fewer than 1 in %llu is missed. %.0f s\n",
           (unsigned long long)n_flips, known.files.n, (unsigned long long)n_found, (unsigned long long)n_harmless,
           known.objects.n - 1, (unsigned long long)n_flips / 3, (double)(as_clock_mono() - begin) / 1e9);
    return 0;
}
