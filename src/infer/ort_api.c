/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/ort_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "build_config.h"

#define ORT_LIBRARY "libonnxruntime.so.1"
#define ORT_REMEDY  "run: tools/setup"

#if defined(__aarch64__)
#define ORT_TRIPLET "aarch64-linux-gnu"
#else
#define ORT_TRIPLET "x86_64-linux-gnu"
#endif

typedef struct ort_api_base {
    const void *(*get_api)(uint32_t version);
    const char *(*version)(void);
} ort_api_base;

static pthread_mutex_t ort_lock = PTHREAD_MUTEX_INITIALIZER;
static ort_api         ort_loaded; /* under ort_lock until env is set, constant from then on */

/* Places beside the program, then where it was installed or built, then the system's. */
static const char *const ort_places[] = {"../.prefix/lib", "../lib/assay", AS_ORT_DIR_INSTALLED, AS_ORT_DIR};

static bool ort_program_dir(char *dir, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", dir, cap - 1);
    if (n <= 0)
        return false;
    dir[n] = '\0';
    char *slash = strrchr(dir, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

static bool ort_place(size_t i, char *path)
{
    char dir[AS_FS_PATH_BYTES], at[AS_FS_PATH_BYTES];
    return ort_program_dir(dir, sizeof dir) && as_fs_join(at, dir, ort_places[i], NULL) &&
           as_fs_join(path, at, ORT_LIBRARY, NULL);
}

static void *ort_open(as_err *err)
{
    char        path[AS_FS_PATH_BYTES];
    const char *given = getenv("ASSAY_ORT");
    if (given && *given) {
        void *library = dlopen(given, RTLD_NOW | RTLD_LOCAL);
        if (!library)
            AS_FAIL(err, AS_EMISSING,
                    "cannot open ONNX Runtime named by ASSAY_ORT: %s (unset ASSAY_ORT, or " ORT_REMEDY ")", dlerror());
        return library;
    }
    for (size_t i = 0; i < AS_COUNT(ort_places); i++) {
        if (!ort_place(i, path) || !as_fs_is_file(path))
            continue;
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library)
            AS_FAIL(err, AS_EMISSING, "cannot open ONNX Runtime: %s (" ORT_REMEDY ")", dlerror());
        return library;
    }
    void *library = dlopen(ORT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        AS_FAIL(err, AS_EMISSING,
                "cannot find ONNX Runtime: tried ASSAY_ORT (not set), '../.prefix/lib' and '../lib/assay' beside the "
                "program, '%s', '%s' and the system's libraries for " ORT_LIBRARY " (" ORT_REMEDY ")",
                AS_ORT_DIR_INSTALLED, AS_ORT_DIR);
    return library;
}

static void ort_stamp(const char *path, as_str *out)
{
    struct stat about;
    as_str_add(out, path);
    if (stat(path, &about) == 0)
        as_str_addf(out, " of %lld bytes, %lld.%09ld", (long long)about.st_size, (long long)about.st_mtim.tv_sec,
                    about.st_mtim.tv_nsec);
    as_provider_where(path, out);
}

/* The first of these folders that has it; as dlopen() looks, but for what a cache of the system's names beside them. */
static bool ort_in_system(char *path)
{
    static const char usual[] = "/usr/local/lib:/usr/lib/" ORT_TRIPLET ":/lib/" ORT_TRIPLET ":/usr/lib64:/usr/lib";
    const char       *given = getenv("LD_LIBRARY_PATH");
    char              dir[AS_FS_PATH_BYTES];
    for (int k = 0; k < 2; k++)
        for (const char *at = k ? usual : given ? given : ""; *at; at += strspn(at, ":")) {
            const size_t n = strcspn(at, ":");
            if (n < sizeof dir) {
                memcpy(dir, at, n);
                dir[n] = '\0';
                if (as_fs_join(path, dir, ORT_LIBRARY, NULL) && as_fs_is_file(path))
                    return true;
            }
            at += n;
        }
    return false;
}

void as_ort_api_where(as_str *out)
{
    char        path[AS_FS_PATH_BYTES];
    const char *given = getenv("ASSAY_ORT");
    if (given && *given) {
        ort_stamp(given, out);
        return;
    }
    for (size_t i = 0; i < AS_COUNT(ort_places); i++)
        if (ort_place(i, path) && as_fs_is_file(path)) {
            ort_stamp(path, out);
            return;
        }
    if (ort_in_system(path))
        ort_stamp(path, out);
    else
        as_str_add(out, "the system's");
}

static bool ort_read_table(void *library, ort_api *api, as_err *err)
{
    const ort_api_base *(*get_base)(void);
    void *symbol = dlsym(library, "OrtGetApiBase");
    if (!symbol)
        return AS_FAIL(err, AS_EMISSING, "the library is no ONNX Runtime (" ORT_REMEDY ")");
    memcpy(&get_base, &symbol, sizeof get_base); /* ISO C has no cast from an object's pointer to a function's */
    Dl_info             info;
    const ort_api_base *base = get_base();
    const void *const  *table = base ? base->get_api(ORT_API_VERSION) : NULL;
    if (!table)
        return AS_FAIL(err, AS_EMISSING, "ONNX Runtime %s is too old: 1.17 or later is needed (" ORT_REMEDY ")",
                       base ? base->version() : "");
#define X(slot, result, name, arguments) memcpy(&api->name, &table[slot], sizeof api->name);
    ORT_SLOTS(X)
#undef X
    api->version = base->version();
    api->path = dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : ORT_LIBRARY;
    return true;
}

bool as_ort_api_ok(const ort_api *api, ort_status *status, as_err *err)
{
    if (!status) {
        as_ort_log_clear();
        return true;
    }
    const char *text = as_ort_log_text(api->error_message(status)), *why = as_ort_log_error();
    const int   n = (int)AS_MIN(strcspn(text, "\n"), (size_t)600);
    if (*why && !strstr(text, why))
        AS_FAIL(err, AS_EUNSUPPORTED, "ONNX Runtime says: %.*s (%s)", n, text, why);
    else
        AS_FAIL(err, AS_EUNSUPPORTED, "ONNX Runtime says: %.*s", n, text);
    as_ort_log_clear();
    api->release_status(status);
    return false;
}

static bool ort_load(ort_api *api, as_err *err)
{
    void *library = ort_open(err); /* stays open: ONNX Runtime's threads do not survive being unloaded */
    return library && ort_read_table(library, api, err) &&
           as_ort_api_ok(api, api->create_env(as_ort_log_line, NULL, ORT_LOG_ERROR, "assay", &api->env), err) &&
           as_ort_api_ok(api, api->disable_telemetry(api->env), err);
}

bool as_ort_api_get(const ort_api **ret, as_err *err)
{
    ort_api fresh = {0};
    pthread_mutex_lock(&ort_lock);
    bool ok = ort_loaded.env != NULL;
    if (!ok) {
        ok = ort_load(&fresh, err);
        if (ok)
            ort_loaded = fresh;
    }
    pthread_mutex_unlock(&ort_lock);
    if (ok)
        *ret = &ort_loaded;
    return ok;
}
