/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - bounds and helpers of manifests that the files of this folder share. What others use is in commit.h.
 *
 * Layer:   catalog.
 * Threads: immutable.
 * Memory:  none.
 *
 * A manifest is JSON lines (RFC 8259, UTF-8, "\n"), one sample a line, strictly ascending by the bytes of its name, no
 * blanks, keys in this order, those in brackets left out when they say nothing: name, label, [split], [part] (the name
 * when alone), [camera], image, format, width, height, n_bytes, utc, [sharpness], [clipped_ratio], [severity]. The same
 * samples give the same bytes.
 */
#ifndef AS_CATALOG_MANIFEST_H
#define AS_CATALOG_MANIFEST_H

#include "catalog/commit.h"

#define AS_MANIFEST_NAME_BYTES  4096 /* of name, part and camera */
#define AS_MANIFEST_LABEL_BYTES 255  /* of label and format */

/* True when no name is there twice and all are in order; else *ret_name is one that is not. */
AS_CHECK bool as_manifest_is_ordered(const as_manifest *manifest, const char **ret_name);

#endif
