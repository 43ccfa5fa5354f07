/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

BENCH_READY(prep_vga, "a 640x480 RGB frame to 3x224x224", AS_PIXEL_RGB8, 640, 480, 224, 224, "", 0.55,
            "OpenCV rounds to whole levels in between");
