/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

BENCH_READY(prep_nv12, "a 1920x1080 NV12 frame to 3x224x224", AS_PIXEL_NV12_601, 1920, 1080, 224, 224, "YUV2RGB_NV12",
            1.5, "OpenCV rounds twice in between");
