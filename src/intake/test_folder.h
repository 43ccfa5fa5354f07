/* SPDX-License-Identifier: Apache-2.0 */
/* test_folder.h - a workspace and folders of small pictures for the tests of this module.
 *
 * Layer:   intake; linked into tests only.
 * Threads: one thread.
 * Memory:  test_space_done frees and removes it.
 */
#ifndef AS_INTAKE_TEST_FOLDER_H
#define AS_INTAKE_TEST_FOLDER_H

#include "base/fs.h"
#include "intake/intake.h"
#include "store/test_fault.h"

typedef struct test_space {
    char          dir[AS_FS_PATH_BYTES];    /* of the workspace */
    char          photos[AS_FS_PATH_BYTES]; /* dir/photos: what is to be imported; hidden from nobody */
    as_workspace *ws;
    as_spec      *spec;
    char          told[8192]; /* what test_tell got: "LEVEL name text\n" */
} test_space;

/* A workspace with classes good and bad; `more` is put behind its assay.yaml. */
void test_space_make(test_space *space, const char *name, const char *more);
void test_space_done(test_space *space);

/* Grey noise around a level that comes from the seed; 64x48. */
void test_png(uint64_t seed, uint32_t width, uint32_t height, as_str *out);
void test_put(const test_space *space, const char *relative, const void *bytes, size_t n);
void test_put_png(const test_space *space, const char *relative, uint64_t seed);

/* A cascade that takes a light square above a dark one, together 20 px wide or more, for a face: its XML, and a picture of
 * 120 x 90 with one at x, y of that size (0: none). */
extern const char test_cascade[];
void              test_face_png(uint32_t x, uint32_t y, uint32_t size, as_str *out);
void              test_cascades_make(const test_space *space); /* three of them, named in ASSAY_CASCADES */

/* For told of the configurations; ctx is the space. */
void test_tell(void *ctx, as_check_level level, const char *name, const char *text);

#endif
