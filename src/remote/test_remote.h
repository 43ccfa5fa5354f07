/* SPDX-License-Identifier: Apache-2.0 */
/* test_remote.h - workspaces, a folder as their remote, and one that fails as it is told; linked into tests only.
 *
 * Layer:   remote.
 * Threads: one thread; puts of a faulty remote come from several.
 * Memory:  the caller's. Whatever fails ends the test.
 */
#ifndef AS_REMOTE_TEST_REMOTE_H
#define AS_REMOTE_TEST_REMOTE_H

#include "remote/state.h"

extern char        remote_dir[256]; /* of this test */
extern const char *remote_label;    /* of samples in new versions: "good" */

int remote_setup(void **state);
int remote_teardown(void **state);

void          remote_must(bool ok, const as_err *err);
as_workspace *remote_workspace(const char *name); /* remote_dir/NAME, for writing; made when it is not there */
as_remote    *remote_open(as_workspace *ws);      /* remote_dir/there */

as_digest       remote_picture(as_workspace *ws, unsigned i); /* 8 KiB that begin with "picture I of a face" */
as_digest       remote_version(as_workspace *ws, unsigned from, unsigned to);
as_remote_moved remote_push(as_workspace *ws);
as_remote_moved remote_pull(as_workspace *ws);
void            remote_fail_push(as_workspace *ws, const as_push_cfg *cfg, as_err_code code, const char *text);
void            remote_fail_pull(as_workspace *ws, as_err_code code, const char *text);
/* main is this version (all zero: any), of so many samples, and nothing of it is missing or damaged. */
void remote_check(as_workspace *ws, const as_digest *version, unsigned from, unsigned to);

typedef struct remote_found {
    const char *text;
    unsigned    n_files, n_with;
    char        path[AS_FS_PATH_BYTES];
} remote_found;

/* In how many files of the remote, below "/packs" or "", the text is. */
remote_found remote_find(const char *below, const char *text);

typedef struct remote_fault_state {
    const as_remote_kind *real;
    atomic_int            n_puts_left; /* then every put fails; -1: none does */
    atomic_uint_least64_t n_put_bytes;
    void (*before_swap)(void);
} remote_fault_state;

extern remote_fault_state remote_fault;

/* kind lives as long as the remote. */
as_remote *remote_faulty(as_workspace *ws, as_remote_kind *kind, int n_puts);

#endif
