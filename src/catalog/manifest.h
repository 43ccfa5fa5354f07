/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - bounds and helpers of manifests that the files of this folder share. What others use is in commit.h.
 *
 * Layer:   catalog.
 * Threads: immutable.
 * Memory:  none.
 *
 * A manifest is JSON lines (RFC 8259, UTF-8, "\n"), one sample a line, strictly ascending by the bytes of its name, no
 * blanks, keys in this order, those in brackets left out when they say nothing: name, [split], [frozen] (1), [part] (the name
 * when alone), [camera], image, format, width, height, n_bytes, utc, [sharpness], [clipped_ratio], [difference_hash] (16
 * hex digits), [severity], [privacy] (how many faces were found and covered, their sizes, detector, version, sensitivity, style:
 * "faces 2 (24x24 31x30), cascade 0123456789abcdef at 0.8, fill"). The same samples give the same bytes. Labels are written alike, a line for each sample of which something was said: name, label,
 * [state] (given when left out), [by], [said_utc], [findings]: an array of label, box, [rings] or [mask], [score], [extra];
 * [votes]: an array of by, label, [state], [said_utc], [findings].
 */
#ifndef AS_CATALOG_MANIFEST_H
#define AS_CATALOG_MANIFEST_H

#include "catalog/commit.h"
#include "catalog/lines.h"

#define AS_MANIFEST_NAME_BYTES  4096 /* of name, part and camera */
#define AS_MANIFEST_LABEL_BYTES 255  /* of label and format */

/* A manifest, or its labels, in pieces for as_store_put_pieces: next with a walk as its ctx. */
#define AS_MANIFEST_PIECE_BYTES ((size_t)64 << 10)

typedef struct as_manifest_walk {
    const as_manifest *manifest;
    size_t             at;
} as_manifest_walk;

AS_CHECK bool as_manifest_next(void *walk, bool is_first, as_str *piece, as_err *err);
AS_CHECK bool as_labels_next(void *walk, bool is_first, as_str *piece, as_err *err);
/* All pieces of one of them, added to out. */
AS_CHECK bool as_manifest_gather(const as_manifest *manifest, bool (*next)(void *, bool, as_str *, as_err *),
                                 as_str *out, as_err *err);

/* A manifest that comes in pieces: begin, as_lines_take on its lines (any bytes; AS_EFORMAT), and end, always, with whether all
 * went well: the manifest, or NULL. */
typedef struct as_manifest_reader {
    as_lines                 lines;
    struct as_manifest_text *text; /* of the line that is read */
    as_manifest             *manifest;
} as_manifest_reader;

AS_CHECK bool         as_manifest_read_begin(as_manifest_reader *reader, as_err *err);
AS_CHECK as_manifest *as_manifest_read_end(as_manifest_reader *reader, bool ok, as_err *err);

/* The same of texts that are in memory. */
AS_CHECK bool         as_manifest_write(const as_manifest *manifest, as_str *out, as_err *err);
AS_CHECK as_manifest *as_manifest_parse(const uint8_t *bytes, size_t n, as_err *err); /* any bytes; AS_EFORMAT */

/* The labels of its samples; and read back over a manifest whose samples have none. Any bytes; AS_EFORMAT. */
AS_CHECK bool as_labels_write(const as_manifest *manifest, as_str *out, as_err *err);
AS_CHECK bool as_labels_parse(const uint8_t *bytes, size_t n, as_manifest *manifest, as_err *err);
/* Labels that come in pieces, as above. passes_over: lines of samples that the manifest has not are no fault. */
typedef struct as_labels_reader {
    as_lines               lines;
    struct as_labels_text *text;
    as_manifest           *manifest;
    size_t                 at;
    bool                   passes_over;
} as_labels_reader;

AS_CHECK bool as_labels_read_begin(as_labels_reader *reader, as_manifest *manifest, bool passes_over, as_err *err);
AS_CHECK bool as_labels_read_end(as_labels_reader *reader, bool ok, as_err *err);

/* passes_over: lines of samples that the manifest has not are no fault. */
AS_CHECK bool as_labels_parse_known(const uint8_t *bytes, size_t n, as_manifest *manifest, bool passes_over,
                                    as_err *err);

/* Says the same: label, state, who, when, findings and votes. */
bool as_labels_equal(const as_sample *a, const as_sample *b);

/* True when no name is there twice and all are in order; else *ret_name is one that is not. */
AS_CHECK bool as_manifest_is_ordered(const as_manifest *manifest, const char **ret_name);

#endif
