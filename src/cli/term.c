/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"

static struct {
    as_ns    began, drawn;
    char     what[64];
    uint64_t total;
    bool     visible;
    char     line[256]; /* as it was drawn */
} bar;

static pthread_mutex_t term_lock = PTHREAD_MUTEX_INITIALIZER; /* for the bar and for stderr */

static unsigned term_width_of(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

unsigned as_term_out_width(void)
{
    return term_width_of(STDOUT_FILENO);
}

/* A new bar begins when the total changes; the words may change with each step ("epoch 3"). */
static void term_bar_begin(as_ns now, uint64_t total)
{
    if (bar.began && bar.total == total)
        return;
    bar.began = now;
    bar.drawn = 0;
    bar.total = total;
}

static void term_bar_draw(void)
{
    fprintf(stderr, "\r\033[K%.*s", (int)term_width_of(STDERR_FILENO) - 1, bar.line);
    fflush(stderr);
    bar.visible = true;
}

static void term_bar_erase(void)
{
    if (bar.visible)
        fputs("\r\033[K", stderr);
    bar.visible = false;
}

static void term_bar_step(const char *what, uint64_t done, uint64_t total)
{
    as_ns now = as_clock_mono();
    term_bar_begin(now, total);
    if (now - bar.drawn < AS_NS_PER_S / 10 && done != total)
        return;
    bar.drawn = now;
    char left[AS_CLOCK_TEXT_BYTES] = "";
    if (total == 0) {
        snprintf(bar.line, sizeof bar.line, "%.60s  %" PRIu64, what, done);
    } else {
        double share = (double)AS_MIN(done, total) / (double)total;
        char   cells[31];
        for (unsigned i = 0; i < 30; i++)
            cells[i] = (double)i + 0.5 < share * 30 ? '#' : '.';
        cells[30] = '\0';
        if (share > 0.02 && share < 1)
            as_clock_duration_text((as_ns)((double)(now - bar.began) * (1 - share) / share), left);
        snprintf(bar.line, sizeof bar.line, "%.80s  [%s] %3.0f %%%s%s%s", what, cells, share * 100, *left ? "  " : "",
                 left, *left ? " left" : "");
    }
    term_bar_draw();
}

void as_term_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    const as_cli *cli = ctx;
    if (!cli->tty || cli->quiet)
        return;
    pthread_mutex_lock(&term_lock);
    term_bar_step(what, done, total);
    pthread_mutex_unlock(&term_lock);
}

void as_term_progress_end(as_cli *cli)
{
    (void)cli;
    pthread_mutex_lock(&term_lock);
    term_bar_erase();
    memset(&bar, 0, sizeof bar);
    pthread_mutex_unlock(&term_lock);
}

static void term_line(const char *fmt, va_list ap) AS_PRINTF(1, 0);

static void term_line(const char *fmt, va_list ap)
{
    pthread_mutex_lock(&term_lock);
    bool drawn = bar.visible;
    term_bar_erase();
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    if (drawn)
        term_bar_draw();
    pthread_mutex_unlock(&term_lock);
}

void as_term_say(as_cli *cli, const char *fmt, ...)
{
    if (cli->quiet)
        return;
    va_list ap;
    as_term_progress_end(cli);
    fflush(cli->out); /* in this order, where both go to one pipe */
    va_start(ap, fmt);
    term_line(fmt, ap);
    va_end(ap);
}

void as_term_log(as_cli *cli, const char *fmt, ...)
{
    if (cli->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    term_line(fmt, ap);
    va_end(ap);
}

bool as_term_out_is_gone(const as_cli *cli)
{
    struct pollfd out = {.fd = fileno(cli->out), .events = POLLOUT};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

const char *as_term_style(const as_cli *cli, as_style style)
{
    static const char *const codes[AS_STYLE_COUNT] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m"};
    return cli->color ? codes[style] : "";
}

const char *as_term_plain(const as_cli *cli)
{
    return cli->color ? "\033[0m" : "";
}

typedef struct as_cell {
    char    *text;
    as_style style;
} as_cell;

struct as_table {
    const char *const *columns;
    size_t             n_columns;
    bool               failed;
    AS_VEC(as_cell) cells;
};

as_table *as_table_new(const char *const *columns)
{
    as_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->columns = columns;
    while (columns[table->n_columns])
        table->n_columns++;
    return table;
}

void as_table_cell(as_table *table, as_style style, const char *fmt, ...)
{
    if (!table)
        return;
    as_str  text;
    va_list ap;
    as_str_init(&text);
    va_start(ap, fmt);
    as_str_addv(&text, fmt, ap);
    va_end(ap);
    as_cell cell = {as_str_take(&text), style};
    if (!cell.text || !as_vec_push(&table->cells, cell)) {
        free(cell.text);
        table->failed = true;
    }
}

/* Columns on the screen: UTF-8 continuation bytes take none. */
static size_t term_text_width(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void term_print_cell(as_cli *cli, const char *text, as_style style, size_t width, bool right, bool last)
{
    size_t pad = width - term_text_width(text);
    if (right)
        fprintf(cli->out, "%*s", (int)pad, "");
    fprintf(cli->out, "%s%s%s", as_term_style(cli, style), text, style ? as_term_plain(cli) : "");
    if (last)
        fputc('\n', cli->out);
    else
        fprintf(cli->out, "%*s", (int)(right ? 2 : pad + 2), "");
}

static const char *term_heading(const as_table *table, size_t c)
{
    return table->columns[c] + (table->columns[c][0] == '>');
}

bool as_table_print(as_table *table, as_cli *cli, as_err *err)
{
    bool    ok = table && !table->failed;
    size_t  n = table ? table->n_columns : 0;
    size_t *width = calloc(n ? n : 1, sizeof *width);
    ok = ok && width;
    if (ok) {
        as_term_progress_end(cli);
        for (size_t c = 0; c < n; c++)
            width[c] = term_text_width(term_heading(table, c));
        for (size_t i = 0; i < table->cells.n; i++) {
            size_t w = term_text_width(table->cells.at[i].text);
            if (w > width[i % n])
                width[i % n] = w;
        }
        for (size_t c = 0; c < n; c++)
            term_print_cell(cli, term_heading(table, c), AS_STYLE_BOLD, width[c], table->columns[c][0] == '>',
                            c + 1 == n);
        for (size_t i = 0; i < table->cells.n; i++)
            term_print_cell(cli, table->cells.at[i].text, table->cells.at[i].style, width[i % n],
                            table->columns[i % n][0] == '>', i % n + 1 == n);
    } else {
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    free(width);
    if (table) {
        for (size_t i = 0; i < table->cells.n; i++)
            free(table->cells.at[i].text);
        as_vec_done(&table->cells);
        free(table);
    }
    return ok;
}
