/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

BENCH_READY(prep_rgb8, "a 1920x1080 RGB frame to 3x224x224", AS_PIXEL_RGB8, 1920, 1080, 224, 224, "", 0.55,
            "OpenCV rounds to whole levels in between");
