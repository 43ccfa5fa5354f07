/* SPDX-License-Identifier: Apache-2.0 */
/* erase_search.h - whether bytes of erased pictures are still anywhere below .assay. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  a few numbers a picture.
 *
 * A probe is a 64-bit number of 64 bytes somewhere in a picture (a polynomial, as Rabin and Karp roll it: IBM J. Res. Dev.
 * 31, 1987), so that what is written down to look for shows nothing of the picture. Where it comes up, the bytes around
 * are hashed as long as the picture was: its SHA-256 tells a copy from what pictures have in common.
 */
#ifndef AS_INTAKE_ERASE_SEARCH_H
#define AS_INTAKE_ERASE_SEARCH_H

#include "base/json.h"
#include "base/progress.h"
#include "catalog/history.h"

#define AS_PROBES 2 /* of one picture at most */

typedef struct as_probe {
    uint64_t  sum;
    uint64_t  offset, n_bytes; /* in the picture; of the picture */
    as_digest image;
} as_probe;

typedef AS_VEC(as_probe) as_probes;

/* Where its bytes are most unlike others': none for a picture that is all one colour. */
AS_CHECK bool as_probes_of(const as_digest *image, const uint8_t *bytes, size_t n, as_probes *add, as_err *err);
json_t       *as_probes_json(const as_probes *probes);
AS_CHECK bool as_probes_parse(const json_t *json, as_probes *ret, as_err *err);

typedef struct as_search_result {
    uint64_t n_files, n_bytes;        /* that were read */
    uint64_t n_copies, n_alike;       /* whole pictures; pieces that are the same, without the rest */
    char     first[AS_FS_PATH_BYTES]; /* a file with a copy; "" */
} as_search_result;

/* Every file below dir. */
AS_CHECK bool as_probes_search(const char *dir, as_probes *probes, const as_progress *progress, as_search_result *ret,
                               as_err *err);

#endif
