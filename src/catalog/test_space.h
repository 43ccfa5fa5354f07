/* SPDX-License-Identifier: Apache-2.0 */
/* test_space.h - an empty workspace in a folder of its own, for the tests of this folder.
 *
 * Layer:   catalog (tests only).
 * Threads: one thread.
 * Memory:  as_test_space_close frees, and removes the folder.
 */
#ifndef AS_CATALOG_TEST_SPACE_H
#define AS_CATALOG_TEST_SPACE_H

#include "store/workspace.h"

#define AS_TEST_SPACE_DIR_BYTES 256

/* Open for writing; dir[AS_TEST_SPACE_DIR_BYTES] gets its path. NULL: it could not be made. */
as_workspace *as_test_space_open(const char *name, char *dir);
as_workspace *as_test_space_close(as_workspace *ws, const char *dir); /* returns NULL */

#endif
