/* SPDX-License-Identifier: Apache-2.0 */
/* A remote that others can write to says what it likes: nothing here is read beyond its end, lost or named by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remote/test_remote.h"

/* In the pack the empty one is before the picture, at the same place; asked for, it comes after it. */
static void test_empty_beside_picture(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    as_remote_moved moved = {0};
    as_digest       empty;
    const as_digest picture = remote_picture(a, 1);
    as_digests      sent = {.n_slots = 0}, wanted = {.n_slots = 0};
    remote_must(as_store_put(a->store, "", 0, &empty, NULL, &err), &err);
    assert_true(as_digests_add(&sent, &empty, NULL, NULL) && as_digests_add(&sent, &picture, NULL, NULL));
    assert_true(as_digests_add(&wanted, &picture, NULL, NULL) && as_digests_add(&wanted, &empty, NULL, NULL));
    as_remote *remote = remote_open(a);
    remote_must(as_remote_greet(remote, true, &err) && as_remote_look(remote, &err), &err);
    remote_must(as_remote_send(remote, &sent, 0, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(remote_find("/packs", NULL).n_files, 2);
    remote = remote_open(b);
    remote_must(as_remote_look(remote, &err), &err);
    remote_must(as_remote_fetch(remote, &wanted, &moved, &err), &err);
    as_remote_close(remote);
    assert_true(as_store_has(b->store, &picture) && as_store_has(b->store, &empty));
    as_digests_done(&sent);
    as_digests_done(&wanted);
    as_workspace_close(a);
    as_workspace_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_beside_picture, remote_setup, remote_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
