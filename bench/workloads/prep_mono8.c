/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

BENCH_READY(prep_mono8, "a 1280x1024 Mono8 frame to 3x224x224", AS_PIXEL_MONO8, 1280, 1024, 224, 224, "", 0.55,
            "OpenCV rounds to whole levels in between");
