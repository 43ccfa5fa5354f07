/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - what is known of one picture: what it is, and what people, models and data sets say of it.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: immutable.
 * Memory:  strings and findings belong to whoever made it; a manifest copies them.
 */
#ifndef AS_CATALOG_SAMPLE_H
#define AS_CATALOG_SAMPLE_H

#include "base/clock.h"
#include "base/hash.h"
#include "catalog/finding.h"

/* Both take one byte, for samples are many. */
typedef enum __attribute__((packed)) as_split {
    AS_SPLIT_NONE,
    AS_SPLIT_TRAIN,
    AS_SPLIT_VALIDATION,
    AS_SPLIT_TEST,
    AS_SPLIT_COUNT
} as_split;

const char *as_split_name(as_split split);    /* "train", "validation", "test"; "none" */
as_split    as_split_parse(const char *name); /* also "val"; AS_SPLIT_NONE if unknown */

typedef enum __attribute__((packed)) as_label_state {
    AS_LABEL_NONE,     /* not labelled */
    AS_LABEL_PROPOSED, /* by a model: nothing is learnt from it, and nothing judged by it */
    AS_LABEL_GIVEN,    /* by a person, a camera that knows, a data set */
    AS_LABEL_REVIEWED, /* and confirmed by a second look */
    AS_LABEL_STATE_COUNT
} as_label_state;

const char    *as_label_state_name(as_label_state state); /* "none", "proposed", "given", "reviewed" */
as_label_state as_label_state_parse(const char *name);    /* AS_LABEL_NONE if unknown */

#define AS_VOTE_MAX 64 /* of one sample */

/* What somebody else says of a sample, or said before the label it has. One of each who: the newest. */
typedef struct as_vote {
    const char       *by, *label;
    as_label_state    state;    /* REVIEWED: given by one who saw the label; PROPOSED: by a model */
    as_ns             said_utc; /* 0: not known */
    const as_finding *findings;
    uint32_t          n_findings;
} as_vote;

typedef struct as_sample {
    as_digest         image; /* the picture's bytes in the store */
    const char       *name;  /* unique in the manifest, escaped UTF-8: "train/broken/a 1.jpg" or "cones-7/000012.png" */
    const char       *label; /* class; "" when nobody said */
    const char       *by;    /* who said so: "person:ANNA", "model:3-cnn", "import:coco"; NULL or "": not known */
    const as_finding *findings;   /* where in the picture; NULL: nothing was said of that */
    as_ns             said_utc;   /* when; 0: not known */
    const as_vote    *votes;      /* by others than `by`; only where there is a label */
    uint32_t          n_findings; /* at most AS_FINDING_MAX */
    uint8_t           n_votes;    /* at most AS_VOTE_MAX */
    as_label_state    state;      /* of the label; NONE with a label counts as GIVEN */
    as_split          split;
    bool              is_frozen;     /* of a test split that must stay what it is: see frozen.h */
    const char       *part;          /* samples of one physical part share it; never "" (its name when alone) */
    const char       *camera;        /* URI or "" */
    uint32_t          width, height; /* upright, pixels */
    const char       *format;        /* "jpeg", "png" */
    uint64_t          n_bytes;
    as_ns             utc;                                /* of capture or of the file */
    double            sharpness, clipped_ratio, severity; /* NAN when not known */
    const char       *privacy;         /* what was looked for and covered on the way in; NULL or "": nobody looked */
    uint64_t          difference_hash; /* as_image_stats; 0: not known, or a picture without any structure */
} as_sample;

#endif
