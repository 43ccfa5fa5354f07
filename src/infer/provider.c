/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/provider.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "infer/choice.h"
#include "infer/ort_api.h"

#define PROVIDER_OPTIONS_BYTES 2048

typedef enum provider_way {
    WAY_NONE,
    WAY_CPU,
    WAY_CUDA,
    WAY_TENSORRT,
    WAY_DNNL,
    WAY_OPENVINO,
    WAY_GENERIC
} provider_way;

#define PROVIDER_BY_PATH "ASSAY_ORT names the library's path"

#define PROVIDER_GPU "the GPU build of ONNX Runtime (onnxruntime-gpu) with CUDA and "

static const struct {
    as_provider  row;
    provider_way way;
    const char  *generic; /* its name in the way that serves several */
    const char  *file;    /* libonnxruntime_providers_FILE.so beside the library; NULL: it is inside */
} providers[] = {
    {{"cpu", "CPUExecutionProvider", "any build", false}, WAY_CPU, NULL, NULL},
    {{"cuda", "CUDAExecutionProvider", PROVIDER_GPU "cuDNN; " PROVIDER_BY_PATH, true}, WAY_CUDA, NULL, "cuda"},
    {{"tensorrt", "TensorrtExecutionProvider", PROVIDER_GPU "TensorRT; " PROVIDER_BY_PATH, true},
     WAY_TENSORRT,
     NULL,
     "tensorrt"},
    {{"openvino", "OpenVINOExecutionProvider",
      "the OpenVINO build of ONNX Runtime (onnxruntime-openvino); " PROVIDER_BY_PATH, true},
     WAY_OPENVINO,
     NULL,
     "openvino"},
    {{"dnnl", "DnnlExecutionProvider", "ONNX Runtime built with --use_dnnl; " PROVIDER_BY_PATH, true},
     WAY_DNNL,
     NULL,
     "dnnl"},
    {{"xnnpack", "XnnpackExecutionProvider", "ONNX Runtime built with --use_xnnpack; " PROVIDER_BY_PATH, false},
     WAY_GENERIC,
     "XNNPACK",
     NULL},
    {{"qnn", "QNNExecutionProvider", "the QNN build of ONNX Runtime (onnxruntime-qnn); " PROVIDER_BY_PATH, false},
     WAY_GENERIC,
     "QNN",
     NULL},
    {{"webgpu", "WebGpuExecutionProvider", "ONNX Runtime built with --use_webgpu; " PROVIDER_BY_PATH, false},
     WAY_GENERIC,
     "WebGPU",
     NULL},
};

const as_provider *as_provider_at(size_t i)
{
    return i < AS_COUNT(providers) ? &providers[i].row : NULL;
}

const as_provider *as_provider_find(const char *name, as_err *err)
{
    const char *names[AS_COUNT(providers)];
    as_str      list;
    for (size_t i = 0; i < AS_COUNT(providers); i++) {
        names[i] = providers[i].row.name;
        if (strcmp(names[i], name) == 0)
            return &providers[i].row;
    }
    const char *near = as_str_nearest(name, names, AS_COUNT(names));
    as_str_init(&list);
    for (size_t i = 0; i < AS_COUNT(names); i++)
        as_str_addf(&list, "%s%s", i ? ", " : "", names[i]);
    if (near)
        AS_FAIL(err, AS_ENOTFOUND, "ONNX Runtime has no provider '%.60s' (did you mean '%s'?)", name, near);
    else
        AS_FAIL(err, AS_ENOTFOUND, "ONNX Runtime has no provider '%.60s' (known are %s)", name, list.s);
    as_str_done(&list);
    return NULL;
}

/* --- what the library holds --- */

static bool provider_is_built_in(const ort_api *api, const as_provider *provider, bool *ret, as_err *err)
{
    char **names = NULL;
    int    n = 0;
    bool   found = false;
    if (!as_ort_api_ok(api, api->available_providers(&names, &n), err))
        return false;
    for (int i = 0; i < n; i++)
        found = found || strcmp(names[i], provider->library) == 0;
    if (!as_ort_api_ok(api, api->release_providers(names, n), err))
        return false;
    *ret = found;
    return true;
}

static size_t provider_row(const as_provider *provider)
{
    size_t row = 0;
    while (&providers[row].row != provider)
        row++;
    return row;
}

/* A library is built to know its providers; their own libraries are files beside it, which may be left out. True with the
 * path of the first that is. A library found by the system's rules is believed. */
static bool provider_lacks_file(const ort_api *api, const as_provider *provider, char *path)
{
    const char *own = providers[provider_row(provider)].file, *slash = strrchr(api->path, '/');
    const char *files[] = {"shared", own};
    char        dir[AS_FS_PATH_BYTES], name[80];
    if (!own || !slash || !as_str_copy(dir, sizeof dir, api->path))
        return false;
    dir[slash - api->path] = '\0';
    for (size_t i = 0; i < AS_COUNT(files); i++) {
        snprintf(name, sizeof name, "libonnxruntime_providers_%s.so", files[i]);
        if (as_fs_join(path, dir, name, NULL) && !as_fs_is_file(path))
            return true;
    }
    return false;
}

bool as_provider_is_here(const ort_api *api, const as_provider *provider, bool *ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    bool is_built_in;
    if (!provider_is_built_in(api, provider, &is_built_in, err))
        return false;
    *ret = is_built_in && !provider_lacks_file(api, provider, path);
    return true;
}

bool as_provider_list(const ort_api *api, as_str *out, as_err *err)
{
    const char *comma = "";
    for (size_t i = 0; i < AS_COUNT(providers); i++) {
        bool is_here;
        if (!as_provider_is_here(api, &providers[i].row, &is_here, err))
            return false;
        if (is_here) {
            as_str_addf(out, "%s%s", comma, providers[i].row.name);
            comma = ", ";
        }
    }
    return true;
}

static bool provider_missing(const ort_api *api, const as_provider *provider, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    bool   is_built_in = false;
    as_str list;
    as_str_init(&list);
    if (as_provider_list(api, &list, err) && provider_is_built_in(api, provider, &is_built_in, err)) {
        if (is_built_in && provider_lacks_file(api, provider, path))
            AS_FAIL(err, AS_EMISSING,
                    "ONNX Runtime %s has '%s' only with '%.300s', which is missing: it holds %s "
                    "(needed is %s)",
                    api->version, provider->name, path, list.s, provider->get);
        else
            AS_FAIL(err, AS_EMISSING, "ONNX Runtime %s at '%.300s' was built without '%s': it holds %s (needed is %s)",
                    api->version, api->path, provider->name, list.s, provider->get);
    }
    as_str_done(&list);
    return false;
}

void as_provider_where(const char *library, as_str *out)
{
    char        dir[AS_FS_PATH_BYTES], name[80], path[AS_FS_PATH_BYTES];
    const char *slash = strrchr(library, '/'), *file = "shared";
    struct stat about;
    if (!slash || !as_str_copy(dir, sizeof dir, library))
        return;
    dir[slash - library] = '\0';
    for (size_t i = 0; i <= AS_COUNT(providers); file = i < AS_COUNT(providers) ? providers[i].file : NULL, i++) {
        if (!file)
            continue;
        snprintf(name, sizeof name, "libonnxruntime_providers_%s.so", file);
        if (as_fs_join(path, dir, name, NULL) && stat(path, &about) == 0)
            as_str_addf(out, ", %s of %lld bytes, %lld.%09ld", file, (long long)about.st_size,
                        (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    }
}

/* --- options --- */

bool as_provider_options(const char *options, char *copy, size_t cap, const char **ret_keys, const char **ret_values,
                         size_t *ret_n, as_err *err)
{
    size_t n = 0;
    char  *rest = NULL;
    if (!as_str_copy(copy, cap, options ? options : ""))
        return AS_FAIL(err, AS_EINVAL, "options of a provider are longer than %zu bytes", cap - 1);
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(word, '=');
        if (!equals || equals == word)
            return AS_FAIL(err, AS_EINVAL, "'%.60s' is no option of a provider, as device_id=0", word);
        if (n == AS_PROVIDER_MOST_OPTIONS)
            return AS_FAIL(err, AS_EINVAL, "more than %d options of a provider", AS_PROVIDER_MOST_OPTIONS);
        *equals = '\0';
        ret_keys[n] = word;
        ret_values[n++] = equals + 1;
    }
    *ret_n = n;
    return true;
}

typedef struct provider_set {
    char        copy[PROVIDER_OPTIONS_BYTES], cache[AS_FS_PATH_BYTES], threads[16];
    const char *keys[AS_PROVIDER_MOST_OPTIONS + 4], *values[AS_PROVIDER_MOST_OPTIONS + 4];
    size_t      n;
} provider_set;

static void provider_preset(provider_set *set, const char *key, const char *value)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->keys[i], key) == 0)
            return;
    set->keys[set->n] = key;
    set->values[set->n++] = value;
}

/* Building an engine takes minutes: it is done once. Without a folder to keep it in, each time. */
static void provider_cache_engines(provider_set *set)
{
    if (!as_choice_dir("tensorrt", set->cache, NULL) || !as_fs_make_dirs(set->cache, NULL))
        return;
    provider_preset(set, "trt_engine_cache_enable", "1");
    provider_preset(set, "trt_engine_cache_path", set->cache);
    provider_preset(set, "trt_timing_cache_enable", "1");
    provider_preset(set, "trt_timing_cache_path", set->cache);
}

/* --- the ways --- */

typedef struct provider_calls {
    ort_status *(*create)(void **);
    ort_status *(*update)(void *, const char *const *, const char *const *, size_t);
    ort_status *(*append)(ort_options *, const void *);
    void (*release)(void *);
} provider_calls;

/* Options are an object of their own, which the session's copy from. */
static bool provider_by_object(const ort_api *api, ort_options *session, const provider_calls *calls,
                               const provider_set *set, as_err *err)
{
    void *object = NULL;
    bool  ok = as_ort_api_ok(api, calls->create(&object), err) &&
              (set->n == 0 || as_ort_api_ok(api, calls->update(object, set->keys, set->values, set->n), err)) &&
              as_ort_api_ok(api, calls->append(session, object), err);
    if (object)
        calls->release(object);
    return ok;
}

static bool provider_by_way(const ort_api *api, ort_options *session, size_t row, const provider_set *set, as_err *err)
{
    const provider_calls cuda = {api->create_cuda, api->update_cuda, api->append_cuda, api->release_cuda};
    const provider_calls tensorrt = {api->create_tensorrt, api->update_tensorrt, api->append_tensorrt,
                                     api->release_tensorrt};
    const provider_calls dnnl = {api->create_dnnl, api->update_dnnl, api->append_dnnl, api->release_dnnl};
    switch (providers[row].way) {
    case WAY_CUDA: return provider_by_object(api, session, &cuda, set, err);
    case WAY_TENSORRT: return provider_by_object(api, session, &tensorrt, set, err);
    case WAY_DNNL: return provider_by_object(api, session, &dnnl, set, err);
    case WAY_OPENVINO: return as_ort_api_ok(api, api->append_openvino(session, set->keys, set->values, set->n), err);
    case WAY_GENERIC:
        return as_ort_api_ok(api, api->append_provider(session, providers[row].generic, set->keys, set->values, set->n),
                             err);
    default: return true;
    }
}

/* Its own library is there, but not what that is linked with. */
static bool provider_refused(const as_provider *provider, const as_err *why, as_err *err)
{
    if (strstr(why->text, "cannot open shared object file"))
        return AS_FAIL(err, AS_EMISSING, "provider '%s': %s (needed is %s)", provider->name, why->text, provider->get);
    return AS_FAIL(err, why->code, "provider '%s': %s", provider->name, why->text);
}

/* Without it there are as many threads as processors, and not those of the session's options. */
static void provider_limit_threads(provider_set *set, uint32_t threads)
{
    snprintf(set->threads, sizeof set->threads, "%u", threads);
    provider_preset(set, "num_of_threads", set->threads);
}

bool as_provider_append(const ort_api *api, ort_options *session, const char *name, const char *options,
                        uint32_t threads, as_err *err)
{
    const as_provider *provider = as_provider_find(name ? name : "cpu", err);
    provider_set       set = {.n = 0};
    as_err             why = AS_ERR_NONE;
    bool               is_here = false;
    if (!provider || !as_provider_options(options, set.copy, sizeof set.copy, set.keys, set.values, &set.n, err))
        return false;
    const size_t row = provider_row(provider);
    if (providers[row].way == WAY_CPU && set.n > 0)
        return AS_FAIL(err, AS_EINVAL, "provider 'cpu' has no options ('%s' was given)", set.keys[0]);
    if (!as_provider_is_here(api, provider, &is_here, err))
        return false;
    if (!is_here)
        return provider_missing(api, provider, err);
    if (providers[row].way == WAY_TENSORRT)
        provider_cache_engines(&set);
    if (providers[row].way == WAY_OPENVINO)
        provider_limit_threads(&set, threads);
    return provider_by_way(api, session, row, &set, &why) || provider_refused(provider, &why, err);
}
