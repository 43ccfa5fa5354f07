/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cnn.h"
#include "bench/ready.h"

BENCH_READY(prep, "a 640x480 RGB frame to 3x96x128", AS_PIXEL_RGB8, 640, 480, CNN_WIDTH, CNN_HEIGHT, "", 0.55,
            "OpenCV rounds to whole levels in between");
