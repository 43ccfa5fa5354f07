/* SPDX-License-Identifier: Apache-2.0 */
/* provider.h - what ONNX Runtime lets a model run on: the processor, or an accelerator that its library was built for.
 *
 * Layer:   infer.
 * Threads: any thread; the table is immutable.
 * Memory:  static.
 */
#ifndef AS_INFER_PROVIDER_H
#define AS_INFER_PROVIDER_H

#include "base/err.h"
#include "base/str.h"

typedef struct ort_api     ort_api;
typedef struct ort_options ort_options;

typedef struct as_provider {
    const char *name;    /* "cuda", after "ort:" */
    const char *library; /* what ONNX Runtime calls it: "CUDAExecutionProvider" */
    const char *get;     /* how to come by a library that has it */
    bool        races;   /* `auto` tries it where the library has it */
} as_provider;

const as_provider *as_provider_at(size_t i); /* NULL past the last row */

/* AS_ENOTFOUND with the nearest name. */
AS_CHECK const as_provider *as_provider_find(const char *name, as_err *err);

/* Whether the loaded library holds it, and the files beside it that it takes. */
AS_CHECK bool as_provider_is_here(const ort_api *api, const as_provider *provider, bool *ret, as_err *err);
/* Those that it holds, by commas. */
AS_CHECK bool as_provider_list(const ort_api *api, as_str *out, as_err *err);

/* Which files of providers stand beside a library, with size and time: what decides of what it can hold, without opening it. */
void as_provider_where(const char *library, as_str *out);

/* Puts it before the processor in a session's options. options: "key=value,key=value", as ONNX Runtime's page of that
 * provider names them; NULL: none. AS_EMISSING: the library does not hold it; AS_EINVAL: no options. TensorRT keeps the
 * engines that it builds in the user's cache (choice.h), and OpenVINO takes `threads`, unless an option says otherwise. */
AS_CHECK bool as_provider_append(const ort_api *api, ort_options *session, const char *name, const char *options,
                                 uint32_t threads, as_err *err);

#define AS_PROVIDER_MOST_OPTIONS 32

/* The options, parted; texts point into copy[cap], which is written over. False: AS_EINVAL. */
AS_CHECK bool as_provider_options(const char *options, char *copy, size_t cap, const char **ret_keys,
                                  const char **ret_values, size_t *ret_n, as_err *err);

#endif
