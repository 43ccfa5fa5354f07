/* SPDX-License-Identifier: Apache-2.0 */
/* test_pictures.h - a small workspace of made pictures, for tests of the lab.
 *
 * Layer:   lab; linked into tests only.
 * Threads: one thread.
 * Memory:  test_set_done closes everything and removes the folder.
 *
 * Classes: good (a brown disc on grey), red (its middle is red), small (a disc of half the size). Place, size and noise
 * vary with the seed. Parts p0, p1, ... have two frames each.
 */
#ifndef AS_LAB_TEST_PICTURES_H
#define AS_LAB_TEST_PICTURES_H

#include "catalog/commit.h"
#include "image/frame.h"
#include "spec/spec.h"

typedef struct test_set {
    char          dir[256];
    as_workspace *ws;
    as_spec      *spec;
} test_set;

typedef struct test_set_cfg {
    uint32_t width, height;
    uint32_t n[3];    /* pictures of each class in train, validation, test */
    int      without; /* this class has no picture in train; -1: all have */
    uint64_t seed;
} test_set_cfg;

/* A picture of class 0, 1, 2. as_image_done() it. */
typedef void test_draw(as_image *image, uint32_t width, uint32_t height, uint32_t class_index, uint64_t seed);
test_draw    test_picture;

/* Ends the test when something fails. */
void test_set_make(test_set *set, const char *name, const test_set_cfg *cfg);
void test_set_make_of(test_set *set, const char *name, const test_set_cfg *cfg, test_draw *draw);
void test_set_done(test_set *set);

#endif
