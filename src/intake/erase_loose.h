/* SPDX-License-Identifier: Apache-2.0 */
/* erase_loose.h - texts about samples in the store that no version leads to: what a killed import or pull left there.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  a list of the store's objects, and one text at a time.
 */
#ifndef AS_INTAKE_ERASE_LOOSE_H
#define AS_INTAKE_ERASE_LOOSE_H

#include "base/json.h"
#include "catalog/history.h"

/* Each line of each such manifest, labels and notes. line may be changed, and is not kept. */
typedef struct as_loose {
    bool (*line)(void *ctx, const as_digest *object, json_t *line, as_err *err);
    void *ctx;
} as_loose;

AS_CHECK bool as_loose_walk(as_workspace *ws, const as_loose *loose, const as_progress *progress, as_err *err);

#endif
