/* SPDX-License-Identifier: Apache-2.0 */
/* backend_opt.h - the option that names what runs a model, the same for every verb.
 *
 * Layer:   cli.
 * Threads: immutable.
 * Memory:  static; a list that is parted is the caller's.
 */
#ifndef AS_CLI_BACKEND_OPT_H
#define AS_CLI_BACKEND_OPT_H

#include "cli/verb.h"

extern const char *const as_cli_backends[];

/* Parts a list in place: "native,ort:cuda,device_id=1" are two, since what has an equals sign is an option of the back end
 * before it. The next one of *rest, which moves on; NULL past the last. */
char *as_cli_next_backend(char **rest);

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
