/* SPDX-License-Identifier: Apache-2.0 */
/* ort_api.h - the functions of ONNX Runtime's C interface that we call, found by their slot in its table.
 *
 * Layer:   infer, private to its own files.
 * Threads: any thread; the library is opened once for the process and stays.
 * Memory:  static; the environment lives until the process ends.
 *
 * The interface is one table of function pointers that only ever grows (onnxruntime_c_api.h: OrtGetApiBase()->GetApi(n)),
 * so a slot is as good as a name. What can fail returns a status; NULL is success.
 */
#ifndef AS_INFER_ORT_API_H
#define AS_INFER_ORT_API_H

#include "infer/ort_log.h"
#include "infer/provider.h"

#define ORT_API_VERSION 17u

typedef struct ort_status      ort_status;
typedef struct ort_env         ort_env;
typedef struct ort_session     ort_session;
typedef struct ort_value       ort_value;
typedef struct ort_memory      ort_memory;
typedef struct ort_shape       ort_shape; /* of a tensor, with its type */
typedef struct ort_run_options ort_run_options;

#define ORT_OPTIMISE_ALL    99
#define ORT_ARENA_ALLOCATOR 1
#define ORT_MEM_DEFAULT     0

/* X(slot, result, our name, arguments) */
#define ORT_SLOTS(X)                                                                                                  \
    X(2, const char *, error_message, (const ort_status *))                                                           \
    X(4, ort_status *, create_env,                                                                                    \
      (void (*line)(void *, int, const char *, const char *, const char *, const char *), void *param, int log_level, \
       const char *log_id, ort_env **))                                                                               \
    X(6, ort_status *, disable_telemetry, (const ort_env *))                                                          \
    X(7, ort_status *, create_session_of_file,                                                                        \
      (const ort_env *, const char *path, const ort_options *, ort_session **))                                       \
    X(8, ort_status *, create_session, (const ort_env *, const void *, size_t, const ort_options *, ort_session **))  \
    X(9, ort_status *, run,                                                                                           \
      (ort_session *, const ort_run_options *, const char *const *in_names, const ort_value *const *in, size_t n_in,  \
       const char *const *out_names, size_t n_out, ort_value **out))                                                  \
    X(10, ort_status *, create_options, (ort_options **))                                                             \
    X(22, ort_status *, set_log_level, (ort_options *, int))                                                          \
    X(23, ort_status *, set_optimisation, (ort_options *, int))                                                       \
    X(24, ort_status *, set_intra_threads, (ort_options *, int))                                                      \
    X(25, ort_status *, set_inter_threads, (ort_options *, int))                                                      \
    X(39, ort_status *, create_run_options, (ort_run_options **))                                                     \
    X(41, ort_status *, set_run_log_level, (ort_run_options *, int))                                                  \
    X(49, ort_status *, create_tensor,                                                                                \
      (const ort_memory *, void *data, size_t bytes, const int64_t *dims, size_t rank, int dtype, ort_value **))      \
    X(51, ort_status *, tensor_data, (ort_value *, void **))                                                          \
    X(61, ort_status *, shape_rank, (const ort_shape *, size_t *))                                                    \
    X(62, ort_status *, shape_dims, (const ort_shape *, int64_t *, size_t n))                                         \
    X(65, ort_status *, tensor_shape, (const ort_value *, ort_shape **))                                              \
    X(69, ort_status *, create_cpu_memory, (int allocator, int type, ort_memory **))                                  \
    X(93, void, release_status, (ort_status *))                                                                       \
    X(94, void, release_memory, (ort_memory *))                                                                       \
    X(95, void, release_session, (ort_session *))                                                                     \
    X(96, void, release_value, (ort_value *))                                                                         \
    X(97, void, release_run_options, (ort_run_options *))                                                             \
    X(99, void, release_shape, (ort_shape *))                                                                         \
    X(100, void, release_options, (ort_options *))                                                                    \
    X(125, ort_status *, available_providers, (char ***names, int *n))                                                \
    X(126, ort_status *, release_providers, (char **names, int n))                                                    \
    X(130, ort_status *, add_config, (ort_options *, const char *key, const char *value))                             \
    X(170, ort_status *, append_tensorrt, (ort_options *, const void *))                                              \
    X(171, ort_status *, create_tensorrt, (void **))                                                                  \
    X(172, ort_status *, update_tensorrt, (void *, const char *const *keys, const char *const *values, size_t n))     \
    X(174, void, release_tensorrt, (void *))                                                                          \
    X(204, ort_status *, append_cuda, (ort_options *, const void *))                                                  \
    X(205, ort_status *, create_cuda, (void **))                                                                      \
    X(206, ort_status *, update_cuda, (void *, const char *const *keys, const char *const *values, size_t n))         \
    X(208, void, release_cuda, (void *))                                                                              \
    X(216, ort_status *, append_provider,                                                                             \
      (ort_options *, const char *name, const char *const *keys, const char *const *values, size_t n))                \
    X(239, ort_status *, append_dnnl, (ort_options *, const void *))                                                  \
    X(240, ort_status *, create_dnnl, (void **))                                                                      \
    X(241, ort_status *, update_dnnl, (void *, const char *const *keys, const char *const *values, size_t n))         \
    X(243, void, release_dnnl, (void *))                                                                              \
    X(275, ort_status *, append_openvino, (ort_options *, const char *const *keys, const char *const *values, size_t n))

struct ort_api {
#define X(slot, result, name, arguments) result(*name) arguments;
    ORT_SLOTS(X)
#undef X
    ort_env    *env;
    const char *version, *path;
};

/* The library, opened at the first call that succeeds. AS_EMISSING says what was tried and how to get it. */
AS_CHECK bool as_ort_api_get(const ort_api **ret, as_err *err);

/* Which file that would be, with its size and time and those of its providers, without opening it. */
void as_ort_api_where(as_str *out);

/* True for NULL; else frees the status and fails with its text, and with the reason that its log has. */
AS_CHECK bool as_ort_api_ok(const ort_api *api, ort_status *status, as_err *err);

#endif
