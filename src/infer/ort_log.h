/* SPDX-License-Identifier: Apache-2.0 */
/* ort_log.h - what ONNX Runtime writes to its log, kept: the reason of a refusal, and where a model's nodes were placed.
 *
 * Layer:   infer, private to its own files.
 * Threads: any thread; each has what was logged on it.
 * Memory:  static, of each thread.
 *
 * A provider is a library of its own, whose errors reach the caller as "Failed to load shared library": what was wrong stands
 * in the log alone. So does how many nodes each provider took: one that takes none leaves all of them to the processor, and
 * nothing fails.
 */
#ifndef AS_INFER_ORT_LOG_H
#define AS_INFER_ORT_LOG_H

#include "base/def.h"

#define ORT_LOG_VERBOSE 0
#define ORT_LOG_ERROR   3

/* The function that ONNX Runtime calls for each line (OrtLoggingFunction). */
void as_ort_log_line(void *param, int level, const char *category, const char *log_id, const char *where,
                     const char *text);

/* "/path/file.cc:123 type space::function(arguments) text": the text. */
const char *as_ort_log_text(const char *line);

/* The last error of this thread since as_ort_log_clear(), without where it comes from; "" where there was none. */
const char *as_ort_log_error(void);
void        as_ort_log_clear(void);

/* Counts the nodes that are placed from now on, on a provider ("OpenVINOExecutionProvider") and on all. */
void as_ort_log_watch(const char *provider);
void as_ort_log_placed(size_t *ret_on, size_t *ret_all);

#endif
