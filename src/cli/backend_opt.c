/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/backend_opt.h"

const char *const as_cli_backends[] = {"native", "ort", "ort:", "auto", NULL};
