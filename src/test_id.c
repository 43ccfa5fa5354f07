/* SPDX-License-Identifier: Apache-2.0 */
#include "build_config.h"

const char as_build_id[] = "unit-test";
