/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - parts as files with their truth, for whoever learns from them or measures with them.
 *
 * Layer:   twin.
 * Threads: draws on all cores; progress is told from the caller's thread.
 * Memory:  bounded: some parts at a time, and a line of truth for each.
 */
#ifndef AS_TWIN_EXPORT_H
#define AS_TWIN_EXPORT_H

#include "base/json.h"
#include "base/progress.h"
#include "twin/twin.h"

#define AS_EXPORT_MAX_PARTS 1000000

typedef struct as_twin_export_kind as_twin_export_kind;

typedef struct as_twin_export_cfg {
    const as_twin_export_kind *kind;
    const char                *dir;
    uint64_t                   first, n; /* parts */
    bool                       masks;    /* COCO: pixels of each defect, beside its box */
} as_twin_export_cfg;

struct as_twin_export_kind {
    const char *name, *about;
    /* Where the picture of a part goes, below dir. */
    void (*path)(const as_twin_truth *truth, char *text, size_t cap);
    /* What stands beside the pictures, from every part's truth (as_twin_export_truth). NULL: nothing but truth.jsonl. */
    bool (*finish)(const as_twin *twin, const as_twin_export_cfg *cfg, const json_t *truths, as_err *err);
    bool annotates;
};

const as_twin_export_kind *as_twin_export_kind_at(size_t i); /* NULL past the last */

typedef struct as_twin_export_counts {
    uint64_t n_pictures, n_findings, n_faulty; /* faulty: pictures with a fault of the station */
} as_twin_export_counts;

/* dir is made; it must not hold anything yet (AS_EEXIST), and nobody else write into it (AS_EBUSY). truth.jsonl grows by a line
 * a part; stopped by progress (AS_ECANCELLED), dir holds the parts that were made, with annotations of their own. */
AS_CHECK bool as_twin_export_run(const as_twin *twin, const as_twin_export_cfg *cfg, const as_progress *progress,
                                 as_twin_export_counts *ret, as_err *err);

/* {"part", "class", "severity", "recipe", "seconds", "px_per_mm", "faults", "conditions", "findings"}; NULL without memory. */
json_t *as_twin_export_truth(const as_twin_truth *truth);

#endif
