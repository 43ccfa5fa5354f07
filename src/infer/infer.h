/* SPDX-License-Identifier: Apache-2.0 */
/* infer.h - one interface to run a model, whatever runs it.
 *
 * Layer:   infer (may use engine/).
 * Threads: a session belongs to one thread at a time; sessions are independent, and may be opened and closed at once.
 * Memory:  as_session_open allocates; as_session_run of `native` allocates nothing (engine.h). Sessions of `native` that come to
 *          the same packed weights hold them once.
 *
 * Backends are rows: `native` (our engine), `ort` (ONNX Runtime, opened with dlopen: ASSAY_ORT names the library's
 * path, else .prefix/lib beside the program, its libdir/assay, then the system's) and `auto`, which opens the one of the
 * others that was faster (choice.h). A provider of ONNX Runtime stands behind a colon (provider.h), its options after it.
 */
#ifndef AS_INFER_INFER_H
#define AS_INFER_INFER_H

#include "base/str.h"
#include "tensor/tensor.h"

typedef struct as_session as_session;

typedef struct as_session_cfg {
    const char *backend; /* "ort", "ort:cuda", "ort:tensorrt,trt_fp16_enable=1"; NULL: "native" */
    uint32_t    threads; /* 0: 1 */
    int64_t     batch;   /* 0: 1; replaces a symbolic first dimension */
    bool        warm;    /* `native` runs once when it is opened, so that the first real run is no slower: for a line */
    bool        mapped;  /* the model's bytes are those of as_fs_map() */
    bool      spent; /* they are those of as_fs_read_pages(), and nobody wants them any more: `native` gives their pages
                          * back as it packs them */
    bool      wide;  /* ports of f16 are f32 to the caller, and converted at each run */
    bool      bytes_in;  /* an input that is quantised first may become a port of u8: see as_port */
    as_floats precision; /* NONE: f32. BF16: of `native` where the processor has it; as_session_precision() tells */
    const char *provider, *options; /* parts of backend; set for as_backend.open */
} as_session_cfg;

typedef struct as_port {
    const char *name;
    as_dtype    dtype;
    /* Fully known, but of an output whose number of rows (or of whatever) is seen when it is computed: there it is the most
     * that there may be, or -1 where a back end does not know that. A run sets what it was in its tensor. */
    as_shape shape;
    /* With as_session_cfg.bytes_in, of a back end that can: the port takes the u8 that the model's first node would make of
     * floats, round(x / scale) + zero, channels last (N, H, W, C). Elsewhere scale is 0. */
    float   scale;
    int32_t zero;
} as_port;

/* In bytes: of values on their way, of constants (packed weights), and of those constants what other sessions of this process
 * hold too: that is there once. */
typedef struct as_session_memory {
    size_t arena, weights, shared;
} as_session_memory;

typedef struct as_backend {
    const char *name, *summary;
    size_t      priv_size;
    bool (*open)(void *priv, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg, as_err *err);
    void (*close)(void *priv);
    size_t (*n_ports)(const void *priv, bool output);
    const as_port *(*port)(const void *priv, bool output, size_t i);
    bool (*run)(void *priv, const as_tensor *inputs, as_tensor *outputs, as_err *err);
    as_floats (*precision)(const void *priv); /* what floats are really computed in; NULL: f32 */
    /* Version and path in one line, for doctor; false with the reason and the remedy when it cannot be used here. */
    bool (*about)(as_str *out, as_err *err);
    /* Of one that chooses among the others: which it took, and why; else NULL. */
    const char *(*chosen)(const void *priv, const char **ret_why);
    void (*memory)(const void *priv, as_session_memory *ret); /* NULL: it does not tell */
} as_backend;

const as_backend *as_backend_at(size_t i); /* NULL past the last row */

/* model: an ONNX file's bytes (not kept); name: what errors call it. AS_EMISSING when the backend's library is not there. */
AS_CHECK as_session *as_session_open(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                                     as_err *err);
/* The same from a file, whose weights are hardly ever there twice. It is read and not mapped: a file that is cut short while it
 * is mapped ends the program (SIGBUS), and one that is written to may change between our checks and the use of what they
 * allowed. Not even the models of runs are safe from either, for whoever may write into a workspace. */
AS_CHECK as_session *as_session_open_file(const char *path, const as_session_cfg *cfg, as_err *err);
as_session          *as_session_close(as_session *session);
const char          *as_session_backend(const as_session *session); /* the row's name */
/* What runs the model in fact: "native", "ort:cuda"; *ret_why (or NULL): why `auto` took it, else "". */
const char    *as_session_runs_on(const as_session *session, const char **ret_why);
as_floats      as_session_precision(const as_session *session); /* F32 where BF16 could not be had */
size_t         as_session_n_inputs(const as_session *session);
size_t         as_session_n_outputs(const as_session *session);
const as_port *as_session_input(const as_session *session, size_t i);
const as_port *as_session_output(const as_session *session, size_t i);

bool as_session_memory_of(const as_session *session, as_session_memory *ret); /* false: not known */

/* outputs[i] with data NULL are set to view the session's own memory, valid until the next run; with data, of the right
 * shape, they are written. */
AS_CHECK bool as_session_run(as_session *session, const as_tensor *inputs, as_tensor *outputs, as_err *err);

#endif
