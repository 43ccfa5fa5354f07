/* SPDX-License-Identifier: Apache-2.0 */
/* gige_features.h - the GenICam features of a device of Aravis.
 *
 * Layer:   camera (the gige module alone).
 * Threads: those of the device: one.
 * Memory:  none.
 */
#ifndef AS_CAMERA_GIGE_FEATURES_H
#define AS_CAMERA_GIGE_FEATURES_H

#include <arv.h>

#include "camera/setting.h"

/* Whether what the device says of itself can be true; before any other use of it. AS_EFORMAT. */
AS_CHECK bool as_gige_check(ArvDevice *device, as_err *err);

/* Each of the device's description that is reached from its root, once, category by category. All three: AS_EIO at the
 * first that the device does not answer. */
AS_CHECK bool as_gige_features(ArvDevice *device, bool (*visit)(void *ctx, const as_setting *feature), void *ctx,
                               as_err *err);
AS_CHECK bool as_gige_get(ArvDevice *device, const char *name, as_setting *ret, as_err *err);
AS_CHECK bool as_gige_set(ArvDevice *device, const char *name, const char *value, as_err *err);

#endif
