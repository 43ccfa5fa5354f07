/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define LOG_LINE_BYTES 1024

static _Atomic(as_log_sink) log_sink;
static _Atomic(void *)      log_ctx;

void as_log_set_sink(as_log_sink sink, void *ctx)
{
    atomic_store(&log_ctx, ctx); /* before it: who sees the sink sees what belongs to it */
    atomic_store(&log_sink, sink);
}

void as_log_write(as_log_level level, const char *fmt, ...)
{
    as_log_sink sink = atomic_load(&log_sink);
    if (!sink || level == AS_LOG_NONE)
        return;
    char    line[LOG_LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    for (char *c = line; *c; c++) /* one call is one line, and steers no terminal */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    sink(atomic_load(&log_ctx), level, line);
}
