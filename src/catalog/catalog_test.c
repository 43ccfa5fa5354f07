/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/catalog.h"
#include "catalog/manifest.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"
#include "catalog/rewritten.h"
#include "store/test_fault.h"

#define N_SAMPLES 3000

static char          dir[256];
static as_workspace *ws;
static as_commit     first, second;

static as_workspace *open_ws(as_workspace_mode mode)
{
    as_err err = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/assay.yaml", dir);
    if (!as_fs_is_file(path) && !as_fs_write(path, "assay: 1\n", 9, &err))
        return NULL;
    return as_workspace_open(dir, mode, &err);
}

/* n samples: classes a, b, c by turns; every 10th without a sharpness. */
static as_commit commit_of(as_workspace *into, unsigned n, const char *prefix)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    as_commit    commit = {.utc = 5, .author = "x"};
    for (unsigned i = 0; i < n; i++) {
        char      name[64], label[2] = {(char)('a' + i % 3), '\0'}, part[32];
        as_sample s = {.name = name,
                       .label = label,
                       .split = (as_split)(i % 4),
                       .part = part,
                       .format = "png",
                       .width = 640,
                       .height = 480,
                       .n_bytes = 1000 + i * 7919 % 1000,
                       .utc = (as_ns)i * 10,
                       .sharpness = i % 10 ? (double)(i * 31 % 977) : NAN,
                       .clipped_ratio = 0.5,
                       .severity = NAN};
        s.camera = i % 2 ? "twin:cones" : "";
        snprintf(name, sizeof name, "%s/%s/%06u.png", prefix, label, i);
        snprintf(part, sizeof part, "part %u", i / 2);
        s.image = as_sha256_of(name, strlen(name));
        assert_true(as_manifest_add(m, &s, &err));
    }
    as_manifest_sort(m);
    assert_true(as_commit_write(into, m, &commit, &err));
    as_manifest_free(m);
    return commit;
}

static int setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("catalog");
    if (!made || !as_str_copy(dir, sizeof dir, made) || !(ws = open_ws(AS_WORKSPACE_WRITE)))
        return -1;
    first = commit_of(ws, N_SAMPLES, "one");
    second = commit_of(ws, 30, "two [x]");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ws = as_workspace_close(ws);
    support_remove_dir(dir);
    return 0;
}

static as_catalog *must_open(void)
{
    as_err      err = AS_ERR_NONE;
    as_catalog *catalog = as_catalog_open(ws, &err);
    if (!catalog)
        fail_msg("%s", err.text);
    return catalog;
}

static const char *db_path(void)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/.assay/catalog.db", dir);
    return path;
}

typedef struct seen {
    uint64_t n, stop_after;
    char     first[128], last[128];
    double   last_sharpness;
    bool     in_order;
} seen;

static bool see(void *ctx, const as_sample *sample)
{
    seen *s = ctx;
    if (s->n == 0) {
        as_str_copy(s->first, sizeof s->first, sample->name);
        s->in_order = true;
    } else if (!isnan(sample->sharpness)) {
        s->in_order = s->in_order && !isnan(s->last_sharpness) && s->last_sharpness >= sample->sharpness;
    }
    s->last_sharpness = sample->sharpness;
    as_str_copy(s->last, sizeof s->last, sample->name);
    return ++s->n != s->stop_after;
}

static seen ask(as_catalog *catalog, as_sample_query query)
{
    as_err err = AS_ERR_NONE;
    seen   s = {0};
    if (as_digest_is_zero(&query.commit))
        query.commit = first.id;
    if (!as_catalog_samples(catalog, &query, see, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static bool check_fields(void *ctx, const as_sample *got)
{
    const as_sample *want = as_manifest_find(ctx, got->name);
    assert_non_null(want);
    assert_string_equal(got->label, want->label);
    assert_string_equal(got->part, want->part);
    assert_string_equal(got->camera, want->camera);
    assert_string_equal(got->format, want->format);
    assert_int_equal(got->split, want->split);
    assert_true(as_digest_equal(&got->image, &want->image));
    assert_int_equal(got->width, want->width);
    assert_int_equal(got->height, want->height);
    assert_int_equal(got->n_bytes, want->n_bytes);
    assert_int_equal(got->utc, want->utc);
    assert_true(isnan(want->sharpness) ? isnan(got->sharpness) : got->sharpness == want->sharpness);
    assert_true(got->clipped_ratio == 0.5 && isnan(got->severity));
    return true;
}

static void test_all_fields_come_back(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_catalog  *catalog = must_open();
    as_manifest *m = as_commit_manifest(ws, &first, &err);
    assert_true(as_catalog_index(catalog, &first, &err));
    assert_true(as_catalog_index(catalog, &first, &err)); /* known already */
    assert_true(as_catalog_samples(catalog, &(as_sample_query){.commit = first.id}, check_fields, m, &err));
    as_manifest_free(m);
    assert_null(as_catalog_close(catalog));
    assert_null(as_catalog_close(NULL));
}

static void test_filters(void **state)
{
    (void)state;
    as_catalog *catalog = must_open();
    assert_int_equal(ask(catalog, (as_sample_query){.offset = 0}).n, N_SAMPLES);
    assert_int_equal(ask(catalog, (as_sample_query){.label = "a"}).n, N_SAMPLES / 3);
    assert_int_equal(ask(catalog, (as_sample_query){.label = "no such"}).n, 0);
    assert_int_equal(ask(catalog, (as_sample_query){.split = AS_SPLIT_TEST}).n, N_SAMPLES / 4);
    assert_int_equal(ask(catalog, (as_sample_query){.camera = "twin:cones"}).n, N_SAMPLES / 2);
    assert_int_equal(ask(catalog, (as_sample_query){.camera = "", .label = "b"}).n, N_SAMPLES / 6);
    assert_int_equal(ask(catalog, (as_sample_query){.name_like = "*/00001?.png"}).n, 10);
    assert_int_equal(ask(catalog, (as_sample_query){.name_like = "one/[abc]/*"}).n, 0);
    assert_int_equal(ask(catalog, (as_sample_query){.commit = second.id, .name_like = "two [x]/*"}).n, 30);
    assert_int_equal(ask(catalog, (as_sample_query){.commit = second.id}).n, 30);
    assert_int_equal(ask(catalog, (as_sample_query){.label = "a' OR 1=1 --"}).n, 0);
    as_catalog_close(catalog);
}

static uint64_t ask_where(as_catalog *catalog, const char *text)
{
    as_err    err = AS_ERR_NONE;
    as_query *where = as_query_parse(text, &err);
    if (!where)
        fail_msg("%s", err.text);
    uint64_t n = ask(catalog, (as_sample_query){.where = where}).n;
    as_query_free(where);
    return n;
}

/* Every 10th sample has no sharpness: it meets neither a condition on it nor... but it does meet its negation. */
static void test_queries(void **state)
{
    (void)state;
    as_catalog *catalog = must_open();
    uint64_t    less = ask_where(catalog, "sharpness<200"), more = ask_where(catalog, "sharpness>=200");
    assert_true(less > 100 && more > 100);
    assert_int_equal(less + more, N_SAMPLES * 9 / 10);
    assert_int_equal(ask_where(catalog, "not sharpness<200"), N_SAMPLES - less);
    assert_int_equal(ask_where(catalog, "class=a or class=b"), N_SAMPLES * 2 / 3);
    assert_int_equal(ask_where(catalog, "class in (a, b, 'no such') and camera=''"), N_SAMPLES / 3);
    assert_int_equal(ask_where(catalog, "class!=a and not class=b"), N_SAMPLES / 3);
    assert_int_equal(ask_where(catalog, "split=test or split=none"), N_SAMPLES / 2);
    assert_int_equal(ask_where(catalog, "name~'*/00001?.png' and labelled and not reviewed"), 10);
    assert_int_equal(ask_where(catalog, "time<1970-01-02 and width=640 and findings=0 and by=''"), N_SAMPLES);
    assert_int_equal(ask_where(catalog, "time>=1970-01-02 or proposed"), 0);
    assert_int_equal(ask_where(catalog, "camera=1"), ask_where(catalog, "camera!=''"));
    assert_int_equal(ask_where(catalog, "camera=1"), ask_where(catalog, "camera in (1, 7)"));
    assert_true(ask_where(catalog, "camera=1") > 0);
    assert_int_equal(ask_where(catalog, "camera=2"), 0);
    assert_int_equal(ask_where(catalog, "camera='1'"), 0); /* a text */
    char      hex[AS_SHA256_HEX_BYTES], text[100];
    as_digest digest = as_sha256_of("one/a/000000.png", 16);
    snprintf(text, sizeof text, "image=%s", as_digest_hex(&digest, hex));
    assert_int_equal(ask_where(catalog, text), 1);
    as_str many;
    as_str_init(&many);
    as_str_add(&many, "width=1");
    for (int i = 1; i < AS_QUERY_MAX_CONDITIONS; i++)
        as_str_add(&many, i % 2 ? " or width=640" : " and not labelled");
    assert_int_equal(ask_where(catalog, many.s), N_SAMPLES); /* the last one stands alone */
    as_str_done(&many);
    as_catalog_close(catalog);
}

static void test_order_and_pages(void **state)
{
    (void)state;
    as_catalog *catalog = must_open();
    seen        s = ask(catalog, (as_sample_query){.limit = 10});
    assert_int_equal(s.n, 10);
    assert_string_equal(s.first, "one/a/000000.png");
    s = ask(catalog, (as_sample_query){.limit = 10, .offset = 10});
    assert_string_equal(s.first, "one/a/000030.png");
    s = ask(catalog, (as_sample_query){.descending = true, .limit = 1});
    assert_string_equal(s.first, "one/c/002999.png");
    s = ask(catalog, (as_sample_query){.offset = N_SAMPLES - 3});
    assert_int_equal(s.n, 3);
    assert_int_equal(ask(catalog, (as_sample_query){.offset = UINT64_MAX, .limit = UINT64_MAX}).n, 0);
    s = ask(catalog, (as_sample_query){.sort = "sharpness", .descending = true});
    assert_int_equal(s.n, N_SAMPLES);
    assert_true(s.in_order); /* and those without one last */
    s = ask(catalog, (as_sample_query){.sort = "sharpness"});
    assert_true(isnan(s.last_sharpness)); /* here too */
    s = ask(catalog, (as_sample_query){.sort = "utc", .descending = true, .limit = 1});
    assert_string_equal(s.first, "one/c/002999.png");
    static const char *const columns[] = {"name", "clipped_ratio", "n_bytes", "severity"};
    for (size_t i = 0; i < AS_COUNT(columns); i++)
        assert_int_equal(ask(catalog, (as_sample_query){.sort = columns[i]}).n, N_SAMPLES);

    as_err err = AS_ERR_NONE;
    seen   stopped = {.stop_after = 5};
    assert_true(as_catalog_samples(catalog, &(as_sample_query){.commit = first.id}, see, &stopped, &err));
    assert_int_equal(stopped.n, 5);
    assert_false(as_catalog_samples(catalog, &(as_sample_query){.commit = first.id, .sort = "name; DROP TABLE samples"},
                                    see, &stopped, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_catalog_close(catalog);
}

static void test_counts(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_catalog    *catalog = must_open();
    as_class_count counts[3];
    size_t         n = 9;
    uint64_t       total = 0;
    assert_true(as_catalog_counts(catalog, &first.id, counts, 3, &n, &err));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(counts[i].label[0], 'a' + (int)i);
        for (int k = 0; k < AS_SPLIT_COUNT; k++) {
            assert_int_equal(counts[i].n[k], N_SAMPLES / 12);
            total += counts[i].n[k];
        }
    }
    assert_int_equal(total, N_SAMPLES);
    n = 9;
    assert_false(as_catalog_counts(catalog, &first.id, counts, 2, &n, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_int_equal(n, 9);
    as_digest none = {{1}};
    assert_false(as_catalog_counts(catalog, &none, counts, 3, &n, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    as_catalog_close(catalog);
}

static void test_index_is_kept(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_catalog *catalog = must_open();
    assert_true(as_catalog_index(catalog, &first, &err));
    as_catalog_close(catalog);
    /* Without the manifest only the index can answer. */
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&first.manifest, hex);
    support_lose_object(dir, &first.manifest);
    ws = as_workspace_close(ws);
    assert_non_null(ws = open_ws(AS_WORKSPACE_WRITE));
    catalog = must_open();
    assert_int_equal(ask(catalog, (as_sample_query){.offset = 0}).n, N_SAMPLES);
    as_catalog_close(catalog);
    /* A damaged store is told, and not taken for a damaged catalog. */
    assert_true(as_fs_remove(db_path(), &err));
    catalog = must_open();
    assert_false(as_catalog_index(catalog, &first, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, hex));
    as_catalog_close(catalog);
}

static void overwrite(size_t at, const void *bytes, size_t n)
{
    int fd = open(db_path(), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
    close(fd);
}

/* SQLite's user_version: "Database File Format", section 1.3. */
static int file_version(void)
{
    uint8_t b[4] = {0};
    int     fd = open(db_path(), O_RDONLY);
    assert_int_equal(pread(fd, b, sizeof b, 60), sizeof b);
    close(fd);
    return b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static void test_damaged_or_older_is_made_anew(void **state)
{
    (void)state;
    static uint8_t junk[8192];
    memset(junk, 0xa5, sizeof junk);
    for (int kind = 0; kind < 8; kind++) {
        as_err      err = AS_ERR_NONE;
        as_catalog *catalog = must_open();
        assert_true(as_catalog_index(catalog, &first, &err));
        as_catalog_close(catalog);
        struct stat st;
        assert_int_equal(stat(db_path(), &st), 0);
        size_t size = (size_t)st.st_size;
        switch (kind) {
        case 0: overwrite(0, junk, 200); break;                     /* not a database */
        case 1: assert_int_equal(truncate(db_path(), 0), 0); break; /* empty: a new one */
        case 2: assert_int_equal(truncate(db_path(), (off_t)size / 2), 0); break;
        case 3: assert_int_equal(truncate(db_path(), 5000), 0); break;
        case 4: overwrite(60, "\0\0\0\x63", 4); break;     /* user_version 99 */
        case 5: overwrite(4096, junk, sizeof junk); break; /* inner pages */
        case 6: overwrite(size / 2 / 4096 * 4096, junk, sizeof junk); break;
        case 7: overwrite(size - 4096, junk, 4096); break;
        }
        catalog = must_open();
        as_class_count counts[3];
        size_t         n;
        assert_int_equal(ask(catalog, (as_sample_query){.sort = "utc", .limit = N_SAMPLES}).n, N_SAMPLES);
        assert_true(as_catalog_counts(catalog, &first.id, counts, 3, &n, &err));
        assert_int_equal(n, 3);
        assert_int_equal(counts[1].n[2], N_SAMPLES / 12);
        as_catalog_close(catalog);
        assert_int_equal(file_version(), 4);
        assert_true(as_fs_remove(db_path(), &err));
    }
}

/* A letter of a name, somewhere in a page: SQLite sees nothing wrong in it. */
static void test_a_bit_that_fell_over(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_commit_manifest(ws, &first, &err);
    bool         agrees = false;
    uint8_t     *bytes;
    size_t       n;
    as_catalog  *catalog = must_open();
    assert_true(as_catalog_index(catalog, &first, &err));
    assert_true(as_catalog_agrees(catalog, &first, m, &agrees, &err) && agrees);
    assert_true(as_catalog_agrees(catalog, &second, m, &agrees, &err) && agrees); /* not indexed: nothing to believe */
    as_catalog_close(catalog);
    assert_true(as_fs_read(db_path(), (size_t)1 << 30, &bytes, &n, &err));
    const uint8_t *at = memmem(bytes, n, "twin:cones", 10);
    assert_non_null(at);
    overwrite((size_t)(at - bytes), "t", 1);
    catalog = must_open();
    assert_true(as_catalog_agrees(catalog, &first, m, &agrees, &err) && agrees);
    as_catalog_close(catalog);
    overwrite((size_t)(at - bytes), "u", 1);
    catalog = must_open();
    assert_true(as_catalog_agrees(catalog, &first, m, &agrees, &err));
    assert_false(agrees);
    as_catalog_close(catalog);
    free(bytes);
    as_manifest_free(m);
}

/* An erasure writes a version's manifest anew, without somebody's name: the catalog does not go on saying it. */
static void test_written_anew(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_digest       other;
    char            reason[AS_STORE_REASON_BYTES];
    as_str          text;
    as_sample_query all = {.commit = second.id};
    as_catalog     *catalog = must_open();
    assert_int_equal(ask(catalog, all).n, 30);
    as_catalog_close(catalog);
    as_manifest *m = as_commit_manifest(ws, &second, &err);
    as_manifest_drop(m, 10);
    as_str_init(&text);
    assert_true(as_manifest_write(m, &text, &err) && as_store_put(ws->store, text.s, text.len, &other, NULL, &err) &&
                as_commit_rewritten(&other, "asked to", reason, &err) &&
                as_store_erase(ws->store, &second.manifest, reason, &err));
    as_str_done(&text);
    as_manifest_free(m);
    catalog = must_open();
    assert_int_equal(ask(catalog, all).n, 10);
    as_catalog_close(catalog);
}

static void test_a_folder_in_its_place(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_true(as_fs_make_dirs(db_path(), &err));
    as_catalog *catalog = must_open(); /* in memory */
    assert_int_equal(ask(catalog, (as_sample_query){.offset = 0}).n, N_SAMPLES);
    as_catalog_close(catalog);
}

static void test_two_programs(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    int    status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        as_workspace *own = open_ws(AS_WORKSPACE_READ);
        for (int i = 0; i < 10; i++) {
            as_catalog *catalog = as_catalog_open(own, &err);
            SUPPORT_CHECK(catalog && as_catalog_index(catalog, &first, &err) &&
                          as_catalog_index(catalog, &second, &err));
            as_catalog_close(catalog);
        }
        _exit(0);
    }
    for (int i = 0; i < 10; i++) {
        as_catalog *catalog = must_open();
        assert_int_equal(ask(catalog, (as_sample_query){.commit = second.id}).n, 30);
        assert_int_equal(ask(catalog, (as_sample_query){.offset = 0}).n, N_SAMPLES);
        as_catalog_close(catalog);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void index_for_ever(void *ctx)
{
    as_err        err = AS_ERR_NONE;
    as_workspace *own = open_ws(AS_WORKSPACE_READ);
    (void)ctx;
    for (;;) {
        as_catalog *catalog = own ? as_catalog_open(own, &err) : NULL;
        if (!catalog || !as_catalog_index(catalog, &second, &err) || !as_catalog_index(catalog, &first, &err))
            support_fail(__FILE__, __LINE__, err.text);
        as_catalog_close(catalog);
        support_step();
        unlink(db_path());
    }
}

static void test_kill_while_indexing(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(17);
    for (int round = 0; round < 15; round++) {
        assert_true(support_kill_after(as_rng_below(&rng, 3), (as_ns)as_rng_below(&rng, 20 * AS_NS_PER_MS),
                                       index_for_ever, NULL));
        as_catalog *catalog = must_open();
        assert_int_equal(ask(catalog, (as_sample_query){.sort = "utc"}).n, N_SAMPLES);
        assert_int_equal(ask(catalog, (as_sample_query){.commit = second.id}).n, 30);
        as_catalog_close(catalog);
    }
}

static void no_room(void *ctx)
{
    (void)ctx;
    as_err err = AS_ERR_NONE;
    ws = open_ws(AS_WORKSPACE_WRITE);
    SUPPORT_CHECK(ws);
    first = commit_of(ws, N_SAMPLES, "one");
    as_catalog *catalog = as_catalog_open(ws, &err); /* with room for an empty one */
    seen        s = {0};
    support_fill_disk(dir);
    SUPPORT_CHECK(catalog && as_catalog_index(catalog, &first, &err));
    as_catalog_close(catalog);
    catalog = as_catalog_open(ws, &err);
    SUPPORT_CHECK(catalog && as_catalog_index(catalog, &first, &err));
    SUPPORT_CHECK(as_catalog_samples(catalog, &(as_sample_query){.commit = first.id}, see, &s, &err));
    SUPPORT_CHECK(s.n == N_SAMPLES);
    as_catalog_close(catalog);
    support_free_disk(dir);
    ws = as_workspace_close(ws);
    SUPPORT_CHECK(support_make_read_only(dir) && (ws = open_ws(AS_WORKSPACE_READ)));
    catalog = as_catalog_open(ws, &err);
    s = (seen){0};
    SUPPORT_CHECK(catalog && as_catalog_samples(catalog, &(as_sample_query){.commit = first.id}, see, &s, &err));
    SUPPORT_CHECK(s.n == N_SAMPLES);
    as_catalog_close(catalog);
}

static void test_full_disk_and_read_only(void **state)
{
    (void)state;
    ws = as_workspace_close(ws);
    int status = support_on_disk(dir, 2 << 20, no_room, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
}

/* Samples of no version: each for itself, also two of one name. */
static void test_match(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_sample one = {.name = "x", .label = "a", .part = "x", .camera = "", .format = "png", .sharpness = 3, .by = ""};
    as_sample two = one, three = one;
    bool      met[3];
    two.label = "b";
    three.sharpness = NAN;
    const as_sample *samples[] = {&one, &two, &three};
    as_query        *where = as_query_parse("class=a and sharpness<5 and name~x", &err);
    assert_non_null(where);
    if (!as_catalog_match(where, samples, 3, met, &err))
        fail_msg("%s", err.text);
    assert_true(met[0]);
    assert_false(met[1]);
    assert_false(met[2]);
    as_query_free(where);
    /* The number of a camera is one of all that are asked about. */
    one.camera = "b://";
    two.camera = "a://";
    where = as_query_parse("camera=2 or camera='a://' and camera!=1", &err);
    assert_non_null(where);
    assert_true(as_catalog_match(where, samples, 3, met, &err));
    assert_true(met[0]);
    assert_false(met[1]);
    assert_false(met[2]);
    as_query_free(where);
    assert_null(as_query_parse("camera=0", &err));
}

static void test_a_hundred_thousand(void **state)
{
    (void)state;
    as_commit   big = commit_of(ws, 100000, "big");
    as_catalog *catalog = must_open();
    seen        s = ask(catalog, (as_sample_query){.commit = big.id, .label = "b", .sort = "sharpness", .limit = 50});
    assert_int_equal(s.n, 50);
    s = ask(catalog, (as_sample_query){.commit = big.id, .limit = 20, .offset = 90000});
    assert_int_equal(s.n, 20);
    assert_int_equal(ask(catalog, (as_sample_query){.commit = big.id}).n, 100000);
    as_catalog_close(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_fields_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_and_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_or_older_is_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bit_that_fell_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_written_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_in_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_programs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_while_indexing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_and_read_only, setup, teardown),
        cmocka_unit_test(test_match),
        cmocka_unit_test_setup_teardown(test_a_hundred_thousand, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
