/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/thread.h"

#define N_LINES 3000

static as_cli      cli = {.tty = true};
static atomic_uint n_left;

static void log_lines(void *ctx)
{
    for (int i = 0; i < N_LINES; i++)
        as_term_log(&cli, "warning: %c line %d of the log", *(const char *)ctx, i);
    atomic_fetch_sub(&n_left, 1);
}

/* What a terminal shows of the text: a return and an erasure begin the line anew. */
static size_t count_whole_lines(char *text)
{
    size_t n = 0;
    for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
        char *shown = line, *erased;
        while ((erased = strstr(shown, "\r\033[K")))
            shown = erased + 4;
        int  i, end = 0;
        char who;
        if (sscanf(shown, "warning: %c line %d of the log%n", &who, &i, &end) == 2 && end && shown[end] == '\0')
            n++;
    }
    return n;
}

static void test_lines_and_the_bar_do_not_mix(void **state)
{
    (void)state;
    char   path[] = "/tmp/assay-term-XXXXXX";
    as_err err = AS_ERR_NONE;
    char   who[2] = {'a', 'b'};
    int    fd = mkstemp(path), own = dup(STDERR_FILENO);
    assert_true(fd >= 0 && own >= 0);
    unlink(path);
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    atomic_init(&n_left, 2);
    as_thread *a = as_thread_start("a", log_lines, &who[0], &err), *b = as_thread_start("b", log_lines, &who[1], &err);
    while (a && b && atomic_load(&n_left) > 0)
        as_term_progress(&cli, "drawn at every call", 7, 7);
    as_thread_join(a);
    as_thread_join(b);
    as_term_progress_end(&cli);
    fflush(stderr);
    dup2(own, STDERR_FILENO);
    close(own);
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    close(fd);
    assert_int_equal(count_whole_lines(text), 2 * N_LINES);
    free(text);
}

static void test_a_pipe_without_a_reader_is_gone(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    as_cli piped = {.out = fdopen(ends[1], "w")};
    assert_non_null(piped.out);
    assert_false(as_term_out_is_gone(&piped));
    close(ends[0]);
    assert_true(as_term_out_is_gone(&piped));
    fclose(piped.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_and_the_bar_do_not_mix),
        cmocka_unit_test(test_a_pipe_without_a_reader_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
