/* SPDX-License-Identifier: Apache-2.0 */
/* backend_opt.h - the option that names what runs a model, the same for every verb.
 *
 * Layer:   cli.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_CLI_BACKEND_OPT_H
#define AS_CLI_BACKEND_OPT_H

#include "cli/verb.h"

extern const char *const as_cli_backends[];

/* A row of a verb's table of options; help: what runs, and the default. */
#define AS_CLI_BACKEND_OPT(help)                      \
    {                                                 \
        "backend", 'b', "NAME", help, as_cli_backends \
    }

/* For a verb's `about`. */
#define AS_CLI_BACKEND_ABOUT                                                                                           \
    "A back end is native (the engine of this program), ort (ONNX Runtime), ort:PROVIDER for one of its "              \
    "accelerators\n"                                                                                                   \
    "(cuda, tensorrt, openvino, dnnl, xnnpack, qnn, webgpu; its options follow: ort:cuda,device_id=1), or auto: the\n" \
    "faster one, measured when the model is first used on this machine, and remembered."

#endif
