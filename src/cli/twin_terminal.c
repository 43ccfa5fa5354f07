/* SPDX-License-Identifier: Apache-2.0 */
/* The upper half of each character is a pixel in the foreground's colour, the lower half one in the background's (U+2580). */
#include "cli/twin_terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "twin/sheet.h"

#define TERMINAL_HALF_BLOCK  "\xe2\x96\x80"
#define TERMINAL_BEGIN       "\033[?1049h\033[?25l\033[?7l" /* another screen, no cursor, no line that goes on in the next */
#define TERMINAL_END         "\033[0m\033[?7h\033[?25h\033[?1049l"
#define TERMINAL_WHOLE_BEGIN "\033[?2026h" /* shown when it is whole, where the terminal knows that */
#define TERMINAL_WHOLE_END   "\033[?2026l"
#define TERMINAL_LEAST_ROWS  3
#define TERMINAL_CTRL_C      0x03
#define TERMINAL_CTRL_D      0x04
#define TERMINAL_LOOK_MS     50 /* so often is it seen that somebody ended it by a signal */

typedef struct terminal {
    as_cli        *cli;
    struct termios was;
    uint32_t       columns, rows; /* as it was drawn last */
    as_str         out;
} terminal;

static bool terminal_check(const as_cli *cli, as_err *err)
{
    const char *kind = getenv("TERM");
    const bool  in = isatty(STDIN_FILENO), out = isatty(STDOUT_FILENO) && fileno(cli->out) == STDOUT_FILENO;
    if (!in || !out)
        return AS_FAIL(err, AS_EINVAL,
                       "--terminal draws in a terminal, and standard %s is none: without it play writes a page",
                       out ? "input" : "output");
    return !kind || strcmp(kind, "dumb") != 0 ||
           AS_FAIL(err, AS_EINVAL,
                   "this terminal (TERM=dumb) shows no pictures: without --terminal play writes a page");
}

static bool terminal_print(terminal *t, as_err *err)
{
    bool ok = as_str_ok(&t->out) || AS_FAIL(err, AS_ENOMEM, "no memory for a picture of the terminal");
    ok = ok && ((fwrite(t->out.s, 1, t->out.len, t->cli->out) == t->out.len && fflush(t->cli->out) == 0) ||
                AS_FAIL(err, AS_EIO, "cannot draw in the terminal"));
    as_str_clear(&t->out);
    return ok;
}

/* Keys come one by one and are not shown; Ctrl-Z and Ctrl-\ would leave the shell without a cursor. */
static bool terminal_open(terminal *t, as_cli *cli, as_err *err)
{
    *t = (terminal){.cli = cli};
    if (!terminal_check(cli, err))
        return false;
    if (tcgetattr(STDIN_FILENO, &t->was) != 0)
        return AS_FAIL(err, AS_EIO, "cannot ask the terminal how it is set up: %s", strerror(errno));
    struct termios raw = t->was;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = raw.c_cc[VQUIT] = _POSIX_VDISABLE;
    as_str_init(&t->out);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
        return AS_FAIL(err, AS_EIO, "cannot set up the terminal: %s", strerror(errno));
    as_str_add(&t->out, TERMINAL_BEGIN);
    return true;
}

static void terminal_close(terminal *t)
{
    as_err ignored = AS_ERR_NONE;
    as_str_clear(&t->out);
    as_str_add(&t->out, TERMINAL_END);
    (void)terminal_print(t, &ignored);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->was);
    as_str_done(&t->out);
}

/* Its size now; another one than before: all is drawn anew. */
static void terminal_measure(terminal *t)
{
    struct winsize size = {.ws_col = 0};
    uint32_t       columns = 80, rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        columns = size.ws_col;
        rows = AS_MAX(size.ws_row, TERMINAL_LEAST_ROWS);
    }
    if (columns == t->columns && rows == t->rows)
        return;
    t->columns = columns;
    t->rows = rows;
    as_str_add(&t->out, "\033[0m\033[2J");
}

static void terminal_colour(as_str *out, const uint8_t *rgb, int where, uint32_t *last)
{
    const uint32_t colour = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    if (colour != *last)
        as_str_addf(out, "\033[%d;2;%u;%u;%um", where, rgb[0], rgb[1], rgb[2]);
    *last = colour;
}

/* In the middle of the rows above the last one. */
static void terminal_picture(terminal *t, const as_image *image)
{
    static const uint8_t black[3] = {0, 0, 0};
    const uint32_t       w = AS_MIN(image->width, t->columns), h = AS_MIN(image->height, 2 * (t->rows - 1));
    const uint32_t       left = (t->columns - w) / 2, top = (t->rows - 1 - (h + 1) / 2) / 2;
    for (uint32_t y = 0; y < h; y += 2) {
        const uint8_t *upper = image->data + (size_t)y * image->stride_bytes;
        const uint8_t *lower = y + 1 < h ? upper + image->stride_bytes : NULL;
        uint32_t       front = UINT32_MAX, back = UINT32_MAX;
        as_str_addf(&t->out, "\033[%u;%uH", top + y / 2 + 1, left + 1);
        for (uint32_t x = 0; x < w; x++) {
            const size_t at = 3 * (size_t)x;
            terminal_colour(&t->out, upper + at, 38, &front);
            terminal_colour(&t->out, lower ? lower + at : black, 48, &back);
            as_str_add(&t->out, TERMINAL_HALF_BLOCK);
        }
        as_str_add(&t->out, "\033[0m");
    }
}

static void terminal_caption(terminal *t, const as_twin_truth *truth)
{
    char text[AS_SHEET_TEXT_BYTES], note[AS_SHEET_TEXT_BYTES], line[2 * AS_SHEET_TEXT_BYTES + 32];
    snprintf(line, sizeof line, "%s  %s  (q ends it)", as_sheet_text(truth, text), as_sheet_note(truth, note));
    as_str_addf(&t->out, "\033[%u;1H%s%.*s\033[0m\033[K", t->rows, truth->n_findings ? "\033[31m" : "\033[32m",
                (int)t->columns, line);
}

static bool terminal_frame(terminal *t, const as_twin_pick *pick, uint64_t part, bool boxes, void *scratch, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(pick->twin);
    as_image           image = {0};
    as_twin_truth      truth;
    terminal_measure(t);
    const double longer = AS_MAX(cfg->width, cfg->height);
    const double side = AS_MIN(t->columns * longer / cfg->width, 2.0 * (t->rows - 1) * longer / cfg->height);
    if (!as_sheet_frame(pick->twin, part, 0, (uint32_t)AS_MAX(side, 1.0), boxes, scratch, &image, &truth, err))
        return false;
    as_str_add(&t->out, TERMINAL_WHOLE_BEGIN);
    terminal_picture(t, &image);
    terminal_caption(t, &truth);
    as_str_add(&t->out, TERMINAL_WHOLE_END);
    as_image_done(&image);
    return terminal_print(t, err);
}

/* False: somebody ended it. */
static bool terminal_wait(const terminal *t, as_ns until)
{
    as_err ignored = AS_ERR_NONE;
    for (as_ns now = as_clock_mono(); now < until; now = as_clock_mono()) {
        struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
        char          keys[16];
        if (!as_progress_go_on(&t->cli->progress, &ignored))
            return false;
        if (poll(&key, 1, (int)AS_MIN((until - now) / AS_NS_PER_MS + 1, TERMINAL_LOOK_MS)) <= 0)
            continue;
        ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) /* the terminal is gone */
            return false;
        for (ssize_t i = 0; i < n; i++)
            if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == TERMINAL_CTRL_C || keys[i] == TERMINAL_CTRL_D)
                return false;
    }
    return as_progress_go_on(&t->cli->progress, &ignored);
}

bool as_twin_terminal_play(as_cli *cli, const as_twin_pick *pick, const as_twin_terminal_cfg *cfg, as_err *err)
{
    terminal t;
    void    *scratch = malloc(as_twin_scratch_bytes(pick->twin));
    if (!scratch)
        return AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    if (!terminal_open(&t, cli, err)) {
        as_str_done(&t.out);
        free(scratch);
        return false;
    }
    const as_ns period = (as_ns)(1e9 / cfg->fps);
    as_ns       next = as_clock_mono();
    bool        ok = true;
    for (uint64_t i = 0; ok && (cfg->frames == 0 || i < cfg->frames); i++) {
        ok = terminal_frame(&t, pick, pick->first + i, cfg->boxes, scratch, err);
        next = AS_MAX(next + period, as_clock_mono()); /* slow drawing is not made up for */
        if (ok && !terminal_wait(&t, AS_MAX(next, as_clock_mono() + 1)))
            break;
    }
    terminal_close(&t);
    free(scratch);
    return ok;
}
