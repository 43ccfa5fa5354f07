/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h - a growing array of one type: AS_VEC(int) v = {0};
 *
 * Layer:   base.
 * Threads: one thread.
 * Memory:  owned by the vector; as_vec_done(&v) frees the array, not what its items own.
 */
#ifndef AS_BASE_VEC_H
#define AS_BASE_VEC_H

#include <stdlib.h>

#include "base/def.h"

#define AS_VEC(type)   \
    struct {           \
        type  *at;     \
        size_t n, cap; \
    }

/* True, with room for one more item made; false when memory ran out (the vector is unchanged). */
#define as_vec_reserve(v, want) as_vec_grow_((void **)&(v)->at, &(v)->cap, (want), sizeof *(v)->at)
#define as_vec_push(v, item)    (as_vec_reserve((v), (v)->n + 1) ? ((v)->at[(v)->n++] = (item), true) : false)
#define as_vec_done(v)          (free((v)->at), (v)->at = NULL, (v)->n = 0, (v)->cap = 0)

bool as_vec_grow_(void **at, size_t *cap, size_t want, size_t item_bytes) AS_CHECK;

#endif
