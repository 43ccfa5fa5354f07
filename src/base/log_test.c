/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef struct seen {
    int          n;
    as_log_level level;
    char         line[2000];
} seen;

static void on_line(void *ctx, as_log_level level, const char *line)
{
    seen *last = ctx;
    last->n++;
    last->level = level;
    snprintf(last->line, sizeof last->line, "%s", line);
}

static void test_log(void **state)
{
    (void)state;
    seen last = {0};
    as_log_write(AS_LOG_ERROR, "goes nowhere");
    as_log_set_sink(on_line, &last);
    as_log_write(AS_LOG_WARN, "frame %d\nis \x1b[1mlate", 7);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.level, AS_LOG_WARN);
    assert_string_equal(last.line, "frame 7 is  [1mlate");
    char name[3000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    as_log_write(AS_LOG_INFO, "%s", name);
    assert_int_equal(strlen(last.line), 1023);
    as_log_write(AS_LOG_NONE, "is no level to write at");
    as_log_set_sink(NULL, NULL);
    as_log_write(AS_LOG_ERROR, "goes nowhere");
    assert_int_equal(last.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_log)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
