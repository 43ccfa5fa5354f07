/* SPDX-License-Identifier: Apache-2.0 */
/* tag.h - names of versions, which are never moved.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread.
 * Memory:  none is kept.
 */
#ifndef AS_CATALOG_TAG_H
#define AS_CATALOG_TAG_H

#include "store/workspace.h"

/* A name is of a-z, 0-9, '.', '_' and '-', not "main", and not hex digits
 * alone: AS_EINVAL. AS_EEXIST when it names another version. */
#define AS_TAG_REF "data/tags/"
bool          as_tag_name_is_fine(const char *name);
AS_CHECK bool as_tag_set(as_workspace *ws, const char *name, const as_digest *commit, as_err *err);
AS_CHECK bool as_tag_remove(as_workspace *ws, const char *name, as_err *err); /* AS_ENOTFOUND */
/* *ret_is false: there is no tag of this name. AS_ECORRUPT. */
AS_CHECK bool as_tag_get(as_workspace *ws, const char *name, as_digest *ret, bool *ret_is, as_err *err);

#endif
