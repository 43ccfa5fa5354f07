/* SPDX-License-Identifier: Apache-2.0 */
/* rule.h - what assay.yaml says of pictures on their way in: levels, metadata, variants, people.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  strings belong to the spec.
 */
#ifndef AS_SPEC_RULE_H
#define AS_SPEC_RULE_H

#include "base/def.h"

typedef enum as_faces_rule { AS_FACES_NONE, AS_FACES_KEEP, AS_FACES_REDACT, AS_FACES_REFUSE } as_faces_rule;
typedef enum as_redaction { AS_REDACTION_NONE, AS_REDACTION_FILL, AS_REDACTION_PIXELATE } as_redaction;

typedef enum as_metadata { AS_METADATA_NONE, AS_METADATA_CAMERA, AS_METADATA_PART } as_metadata;

/* What a check says of a picture. */
typedef enum as_check_level { AS_CHECK_NONE, AS_CHECK_OK, AS_CHECK_WARN, AS_CHECK_QUARANTINE } as_check_level;

/* Checks whose finding has the level that the file says; OK: they find nothing. */
typedef enum as_rule {
    AS_RULE_NONE,
#define X(id, name, def, doc) AS_RULE_##id,
#include "spec/rule.def"
#undef X
    AS_RULE_COUNT
} as_rule;

typedef struct as_variant {
    const char *name, *where; /* where: as as_query_parse takes it; not yet parsed */
    uint32_t    at_least;
} as_variant;

#endif
