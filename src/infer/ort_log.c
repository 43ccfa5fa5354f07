/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/ort_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct {
    char        error[300];
    const char *provider;
    size_t      n_on, n_all;
} log_last;

const char *as_ort_log_text(const char *line)
{
    if (*line != '/')
        return line;
    const char *plain = strstr(line, ") "), *lambda = strstr(line, ")> ");
    if (lambda && (!plain || lambda < plain))
        return lambda + 3;
    return plain ? plain + 2 : line;
}

/* " All nodes placed on [CPUExecutionProvider]. Number of nodes: 12", or a line of "Node(s) placed on" for each provider. */
static void log_placement(const char *text)
{
    static const char number[] = "Number of nodes: ", placed[] = "placed on [";
    const char       *on = strstr(text, placed), *n = on ? strstr(on, number) : NULL;
    if (!n)
        return;
    const size_t count = strtoul(n + sizeof number - 1, NULL, 10), length = strlen(log_last.provider);
    on += sizeof placed - 1;
    log_last.n_all += count;
    if (strncmp(on, log_last.provider, length) == 0 && on[length] == ']')
        log_last.n_on += count;
}

void as_ort_log_line(void *param, int level, const char *category, const char *log_id, const char *where,
                     const char *text)
{
    (void)param;
    (void)category;
    (void)log_id;
    (void)where;
    if (!text)
        return;
    if (level >= ORT_LOG_ERROR) {
        const char *from = as_ort_log_text(text);
        snprintf(log_last.error, sizeof log_last.error, "%.*s", (int)strcspn(from, "\n"), from);
    } else if (log_last.provider)
        log_placement(text);
}

const char *as_ort_log_error(void)
{
    return log_last.error;
}

void as_ort_log_clear(void)
{
    log_last.error[0] = '\0';
}

void as_ort_log_watch(const char *provider)
{
    log_last.provider = provider;
    log_last.n_on = log_last.n_all = 0;
}

void as_ort_log_placed(size_t *ret_on, size_t *ret_all)
{
    *ret_on = log_last.n_on;
    *ret_all = log_last.n_all;
    log_last.provider = NULL;
}
