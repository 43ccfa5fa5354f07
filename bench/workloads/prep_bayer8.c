/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

BENCH_READY(prep_bayer8, "a 1280x1024 Bayer frame to 3x224x224", AS_PIXEL_BAYER_RG8, 1280, 1024, 224, 224,
            "BayerBG2RGB", 12, "OpenCV interpolates colours before it averages");
