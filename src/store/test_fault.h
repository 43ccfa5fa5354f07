/* SPDX-License-Identifier: Apache-2.0 */
/* test_fault.h - what tests need to see how a module bears a full disk, a read-only folder and a kill.
 *
 * Layer:   store; linked into tests only.
 * Threads: one thread.
 * Memory:  the text of support_temp_dir is static.
 */
#ifndef AS_STORE_TEST_FAULT_H
#define AS_STORE_TEST_FAULT_H

#include "store/store.h"

/* In a child of support_on_disk: true, or the child ends with the line's number on stderr and status 1. */
#define SUPPORT_CHECK(condition) ((condition) ? (void)0 : support_fail(__FILE__, __LINE__, #condition))

/* A new empty folder "/tmp/assay-NAME-XXXXXX" (or below TMPDIR); support_remove_dir() it. NULL if there is none. */
const char *support_temp_dir(const char *name);
void        support_remove_dir(const char *dir);

/* Runs fn(ctx) in a child process that has a file system of its own, of `bytes` bytes, mounted on dir. Returns the
 * child's exit status (0 when fn returned), or -1 when this user may not mount here: the test should then skip. */
int  support_on_disk(const char *dir, size_t bytes, void (*fn)(void *ctx), void *ctx);
bool support_make_read_only(const char *dir); /* in the child: remounts it */
void support_fill_disk(const char *dir);      /* in the child: dir/filler takes what room there is */
void support_free_disk(const char *dir);      /* in the child: removes dir/filler */

/* Runs fn(ctx) in a child, which calls support_step() after each thing it has done, and kills it (SIGKILL) delay_ns after
 * its n_steps-th. False when the child ended before, or did nothing for a minute. */
bool support_kill_after(uint64_t n_steps, as_ns delay_ns, void (*fn)(void *ctx), void *ctx);
void support_step(void);

/* What a test does to an object in the packs of the store or workspace at dir. All end the test when the
 * object is not there. */
uint64_t support_find_object(const char *dir, const as_digest *digest,
                             char *path);                 /* offset of its record in its pack */
void     support_flip(const char *path, uint64_t offset); /* one bit; again: back */
void     support_flip_object(const char *dir, const as_digest *digest, size_t at); /* one bit of its byte `at` */
void     support_lose_object(const char *dir, const as_digest *digest);            /* its record is nothing any more */
void     support_forge_object(as_store *store, const as_digest *digest);           /* of this name, with other bytes */

_Noreturn void support_fail(const char *file, int line, const char *text);

#endif
