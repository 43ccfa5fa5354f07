/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - where the store's files lie; for the files of this folder only.
 *
 * Layer:   store.
 * Threads: immutable.
 * Memory:  borrowed from the store.
 *
 * objects/ab/<62 digits>   the object abcd...   objects/tmp/PID.N   an object being written   refs/NAME   a ref
 */
#ifndef AS_STORE_LAYOUT_H
#define AS_STORE_LAYOUT_H

#include "store/store.h"

const char *as_store_dir_of(const as_store *store); /* the folder it was opened with */

#endif
