/* SPDX-License-Identifier: Apache-2.0 */
/* scene_dataset.h - the scene dataset:DIR: the user's own pictures under the emulated camera, and defects cut from one of
 * them laid into another.
 *
 * Layer:   twin.
 * Threads: immutable once made; drawing from any thread.
 * Memory:  as_dataset_scene_free frees; the pictures' cache belongs to the twin that draws (dataset.h says how much).
 */
#ifndef AS_TWIN_SCENE_DATASET_H
#define AS_TWIN_SCENE_DATASET_H

#include "twin/twin.h"

#define AS_DATASET_PREFIX "dataset:"

/* A scene of its own for a folder: its classes are what the folder holds. As as_twin_folder_open. */
AS_CHECK const as_twin_scene *as_dataset_scene_new(const char *dir, as_err *err);
void                          as_dataset_scene_free(const as_twin_scene *scene); /* NULL is fine */

#endif
