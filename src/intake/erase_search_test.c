/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/erase_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "store/test_fault.h"

#define N_PICTURE 100000

static char     dir[256];
static uint8_t *picture;
static as_err   err;

static int setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("search");
    as_rng      rng = as_rng_new(7);
    err = (as_err)AS_ERR_NONE;
    picture = malloc(N_PICTURE);
    for (size_t i = 0; picture && i < N_PICTURE; i++)
        picture[i] = (uint8_t)as_rng_u64(&rng);
    return picture && made && as_str_copy(dir, sizeof dir, made) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(picture);
    support_remove_dir(dir);
    return 0;
}

/* A file of `before` other bytes, n of the picture from `from` on, and some more. */
static void put(const char *name, size_t before, size_t from, size_t n)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes = calloc(1, before + n + 1000);
    memcpy(bytes + before, picture + from, n);
    assert_true(as_fs_join(path, dir, name, &err));
    assert_true(as_fs_write_fast(path, bytes, before + n + 1000, &err));
    free(bytes);
}

static as_search_result search(void)
{
    as_search_result result;
    as_probes        probes = {0}, read;
    as_digest        digest = as_sha256_of(picture, N_PICTURE);
    assert_true(as_probes_of(&digest, picture, N_PICTURE, &probes, &err));
    assert_int_equal(probes.n, AS_PROBES);
    json_t *json = as_probes_json(&probes); /* as it is written down */
    assert_true(as_probes_parse(json, &read, &err));
    if (!as_probes_search(dir, &read, NULL, &result, &err))
        fail_msg("%s", err.text);
    json_decref(json);
    as_vec_done(&probes);
    as_vec_done(&read);
    return result;
}

static void test_finds_copies(void **state)
{
    (void)state;
    /* Across the edge of what is read at once, too. */
    static const size_t places[] = {0, 1, 63, 64, 1000, (1 << 20) - N_PICTURE / 2 - 32, (1 << 20) - 1};
    put("other", 5000, 0, 0);
    assert_int_equal(search().n_copies, 0);
    for (size_t i = 0; i < AS_COUNT(places); i++) {
        put("copy", places[i], 0, N_PICTURE);
        as_search_result result = search();
        assert_int_equal(result.n_copies, AS_PROBES);
        assert_int_equal(result.n_alike, 0);
        assert_int_equal(result.n_files, 2);
        assert_non_null(strstr(result.first, "/copy"));
    }
}

static void test_tells_pieces_from_copies(void **state)
{
    (void)state;
    put("piece", 500, N_PICTURE / 4, N_PICTURE / 2);
    as_search_result result = search();
    assert_int_equal(result.n_copies, 0);
    assert_true(result.n_alike >= 1);
    picture[3] ^= 1; /* another picture, with all but one byte the same */
    put("piece", 500, 0, N_PICTURE);
    picture[3] ^= 1;
    result = search();
    assert_int_equal(result.n_copies, 0);
    assert_int_equal(result.n_alike, AS_PROBES);
}

static void test_a_plain_picture_has_no_probe(void **state)
{
    (void)state;
    as_probes probes = {0};
    as_digest digest = {{1}};
    memset(picture, 7, N_PICTURE);
    assert_true(as_probes_of(&digest, picture, N_PICTURE, &probes, &err));
    assert_true(as_probes_of(&digest, picture, 10, &probes, &err));
    assert_int_equal(probes.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_finds_copies), TEST(test_tells_pieces_from_copies),
                                       TEST(test_a_plain_picture_has_no_probe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
