/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - what a library wants to say though nothing failed. Programs choose where it goes; by default nowhere.
 *
 * Layer:   base.
 * Threads: any thread; the sink is set once, others may log meanwhile (not while it is exchanged), and called under no lock.
 * Memory:  none kept; a line is at most 1 KiB.
 */
#ifndef AS_BASE_LOG_H
#define AS_BASE_LOG_H

#include "base/def.h"

typedef enum as_log_level { AS_LOG_NONE, AS_LOG_ERROR, AS_LOG_WARN, AS_LOG_INFO, AS_LOG_DEBUG } as_log_level;

typedef void (*as_log_sink)(void *ctx, as_log_level level, const char *line);

void as_log_set_sink(as_log_sink sink, void *ctx);
void as_log_write(as_log_level level, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
