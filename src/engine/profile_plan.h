/* SPDX-License-Identifier: Apache-2.0 */
/* profile_plan.h - what a plan remembers of its nodes for a profile. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  as_profile_free frees; it accepts NULL.
 */
#ifndef AS_ENGINE_PROFILE_PLAN_H
#define AS_ENGINE_PROFILE_PLAN_H

#include "engine/plan.h"
#include "engine/profile.h"

AS_CHECK as_profile *as_profile_new(const as_graph *graph, as_err *err);
as_profile          *as_profile_free(as_profile *profile);

/* A node is planned from now on. NULL is fine, here and below. */
void as_profile_begin(as_profile *profile);

/* The node was done with the one that is planned now. */
void as_profile_absorb(as_profile *profile, size_t node_index);

/* The steps from `from` on do that node, and those absorbed since it began. */
AS_CHECK bool as_profile_note(as_plan *plan, size_t node_index, size_t from, as_err *err);

/* ret: what the step is. False without a profile. */
bool as_profile_step(const as_profile *profile, const as_step *step, as_engine_step *ret);

#endif
