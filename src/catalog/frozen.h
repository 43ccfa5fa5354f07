/* SPDX-License-Identifier: Apache-2.0 */
/* frozen.h - a test split that stays what it is from one version to the next.
 *
 * Layer:   catalog.
 * Threads: any thread.
 * Memory:  scratch is freed before return.
 *
 * While a version has frozen samples: they are its whole test split; in the next version each of them that is still there
 * is frozen too (a sample that was erased is gone); and no sample of training or validation shows a part or a picture that
 * one of them shows. as_commit_write holds every writer to it.
 */
#ifndef AS_CATALOG_FROZEN_H
#define AS_CATALOG_FROZEN_H

#include "catalog/commit.h"

uint64_t as_frozen_count(const as_manifest *manifest);

/* before: the version before, or NULL. AS_EINVAL names the sample, the rule and the way out. */
AS_CHECK bool as_frozen_check(const as_manifest *before, const as_manifest *now, as_err *err);

#endif
