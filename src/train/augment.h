/* SPDX-License-Identifier: Apache-2.0 */
/* augment.h - a training picture, changed at random within limits, as the network's input. Private to train.
 *
 * Layer:   train.
 * Threads: pure; the caller gives each picture its own random numbers.
 * Memory:  none.
 */
#ifndef AS_TRAIN_AUGMENT_H
#define AS_TRAIN_AUGMENT_H

#include "base/rng.h"
#include "train/cnn.h"

/* pixels: height x width x channels bytes. out: channels x height x width of (v - mean) / scale. The picture is turned,
 * scaled, shifted and flipped about its middle in one bilinear look-up, mirrored beyond its border; then contrast (about
 * its mean), brightness (as a share of 255) and noise (deviation, as a share of 255). */
void as_augment(const as_cnn_cfg *cfg, const as_input_spec *spec, as_rng *rng, const uint8_t *pixels, float *out);

/* The same without any change. */
void as_augment_none(const as_cnn_cfg *cfg, const as_input_spec *spec, const uint8_t *pixels, float *out);

#endif
