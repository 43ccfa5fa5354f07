/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - assay.yaml: what must be true, read against one schema table.
 *
 * Layer:   spec (may use base/ and journal/verdict.h).
 * Threads: immutable after loading.
 * Memory:  as_spec_free frees; strings belong to the spec.
 *
 * Every error is "FILE:LINE:COLUMN: message"; an unknown key is refused with the nearest known one. The same table makes
 * the JSON Schema, the reference page and what `assay spec show` prints.
 */
#ifndef AS_SPEC_SPEC_H
#define AS_SPEC_SPEC_H

#include "base/json.h"
#include "journal/verdict.h"
#include "spec/interval.h"
#include "spec/measure.h"
#include "spec/optics.h"
#include "spec/retention.h"
#include "spec/rule.h"

#define AS_SPEC_MAX_CLASSES      64
#define AS_SPEC_MAX_REQUIREMENTS 64
#define AS_SPEC_MAX_VARIANTS     64
#define AS_SPEC_MAX_BYTES        ((size_t)1 << 20)

typedef enum as_task_kind { AS_TASK_NONE, AS_TASK_CLASSIFY } as_task_kind;
typedef enum as_per { AS_PER_NONE, AS_PER_FRAME, AS_PER_PART } as_per;

typedef enum as_split_by { AS_SPLIT_BY_NONE, AS_SPLIT_BY_CHANCE, AS_SPLIT_BY_TIME } as_split_by;

typedef struct as_class {
    const char *name;
    as_verdict  verdict; /* what a part of this class gets */
} as_class;

typedef struct as_requirement {
    const char *id, *text;
    as_measure  measure;
    const char *of;         /* a class, or "reject"; NULL where the measure has no `of` */
    as_per      per;        /* default part */
    double      at_least;   /* NAN when the bound is at_most */
    double      at_most;    /* in base units: seconds, bytes, ratio; NAN when the bound is at_least */
    double      confidence; /* one-sided; default 0.95 */
    double      quantile;   /* latency only; default 0.99 */
    uint32_t    line, column;
} as_requirement;

typedef struct as_spec {
    const char    *path;
    const char    *line, *goal; /* goal may be "" */
    const char    *product;     /* "" if not given */
    double         size_mm[2];  /* 0: not given */
    const char    *camera;      /* URI; "" if not given */
    as_variant     variants[AS_SPEC_MAX_VARIANTS];
    size_t         n_variants;
    uint32_t       frame_px[2];      /* 0: any size */
    uint32_t       channels;         /* of a file; 0: any */
    uint32_t       bit_depth;        /* of a channel in a file; 0: any */
    double         parts_per_minute; /* 0: not paced */
    as_ns          deadline_ns;      /* trigger to verdict; default 1 s */
    uint32_t       frames_per_part;  /* default 1 */
    as_spec_optics optics;
    as_task_kind   task;
    as_class       classes[AS_SPEC_MAX_CLASSES];
    size_t         n_classes;
    as_requirement requirements[AS_SPEC_MAX_REQUIREMENTS];
    size_t         n_requirements;
    double         split[3];                   /* train, validation, test; default 0.6 0.15 0.25 */
    as_split_by    split_by;                   /* default chance */
    const char    *group_by;                   /* "part", "camera", or a pattern with one *; default part */
    double         max_clipped_ratio;          /* intake: refuse pictures with more; default 0.5 */
    double         min_sharpness;              /* intake: variance of Laplacian; default 0: not checked */
    double         min_contrast;               /* intake, as all here to levels: grey levels; default 10 */
    double         max_blank_ratio;            /* of one level, from an end of the picture; default 0.25 */
    double         max_motion_px;              /* default 12; 0: not checked */
    double         max_noise;                  /* grey levels; default 0: not checked */
    double         max_vignetting_ratio;       /* by which corners are darker; default 0.5 */
    double         max_dirt_ratio;             /* by which a spot is darker; default 0.1 */
    uint32_t       near_bits;                  /* of difference hashes; default 2 */
    unsigned       metadata;                   /* must be there: bits 1 << as_metadata */
    const char    *reference;                  /* a commit; "" if not given */
    double         unlike_share;               /* of the reference's own pictures are nearer; default 0.99 */
    double         max_psi;                    /* default 0.25 */
    unsigned       levels[AS_RULE_COUNT];      /* as_check_level */
    as_faces_rule  faces;                      /* default keep */
    const char    *face_detector;              /* "cascade", or a file's path beside the spec */
    double         face_sensitivity;           /* 0..1; default 0.5 */
    double         face_margin;                /* covered around a face, a share of it; default 0.2 */
    as_redaction   redaction;                  /* default fill */
    double         cost_escape, cost_overkill; /* default 1, 1 */
    double         cost_review;                /* NAN: the operating point leaves no unsure band */
    uint32_t       max_flips;                  /* pictures judged otherwise by another back end; default 0 */
    as_retention   retention[AS_SPEC_MAX_RETENTION];
    size_t         n_retention;
    const char    *currency;                                       /* "" if not given */
    as_verdict     failsafe_late, failsafe_unsure, failsafe_fault; /* default reject, review, reject; pass is refused */
} as_spec;

AS_CHECK as_spec *as_spec_load(const char *path, as_err *err);
AS_CHECK as_spec *as_spec_parse(const char *text, size_t n, const char *name, as_err *err);
as_spec          *as_spec_free(as_spec *spec);

/* One number, word or pair ("60x160") of the file set to what `text` says, checked as if it stood there: "optics.snr", "20".
 * by: what an error calls the place. AS_EINVAL for a key that is none, or no such value. */
AS_CHECK bool as_spec_set(as_spec *spec, const char *path, const char *text, const char *by, as_err *err);

/* Index into classes, or -1. */
int as_spec_class(const as_spec *spec, const char *name);

/* CRC-32C of the classes' names and verdicts in their order: the same for the same classes. */
uint32_t as_spec_classes_crc(const as_spec *spec);

AS_CHECK json_t *as_spec_schema(as_err *err);                                 /* JSON Schema 2020-12 */
AS_CHECK json_t *as_spec_json(const as_spec *spec, as_err *err);              /* everything understood, with defaults */
AS_CHECK bool    as_spec_text(const as_spec *spec, as_str *out, as_err *err); /* the same as YAML */
AS_CHECK bool    as_spec_reference(as_str *out, as_err *err);                 /* Markdown page of all keys */

#endif
