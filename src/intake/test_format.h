/* SPDX-License-Identifier: Apache-2.0 */
/* test_format.h - what the tests of formats share.
 *
 * Layer:   intake; linked into tests only.
 * Threads: one thread.
 * Memory:  fixture_done frees and removes what fixture_make made.
 */
#ifndef AS_INTAKE_TEST_FORMAT_H
#define AS_INTAKE_TEST_FORMAT_H

#include "intake/format.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space    space;
    as_import_cfg cfg;
    as_scan       scan;
    as_err        err;
} fixture;

void fixture_make(fixture *f);
void fixture_done(fixture *f);
bool scan(fixture *f);
void put_text(const fixture *f, const char *relative, const char *text);

void put_mask(const fixture *f, const char *relative, uint8_t value, uint32_t x, uint32_t y, uint32_t width,
              uint32_t height); /* grey; black outside the box */

void                expect_scan(fixture *f, const char *format, size_t n_files);
const as_scan_file *file_at(const fixture *f, const char *name);
void                expect_refusal(fixture *f, const char *text);

/* What a commit holds, written and read again, is the same labels, and what the format says beyond them. */
void expect_round_trip(fixture *f, const char *format);

#endif
