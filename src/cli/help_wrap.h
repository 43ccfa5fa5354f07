/* SPDX-License-Identifier: Apache-2.0 */
/* help_wrap.h - a verb's words as paragraphs and lists, for any width of a page.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  a block's text is the caller's string.
 *
 * In the words of a verb an empty line ends a paragraph; a line "word  what it is" (two blanks or more) begins an item of a
 * list, which goes on in lines that begin with a blank. Single line ends are blanks.
 */
#ifndef AS_CLI_HELP_WRAP_H
#define AS_CLI_HELP_WRAP_H

#include "base/str.h"

#define AS_HELP_TERM_BYTES 64

typedef struct as_help_block {
    char term[AS_HELP_TERM_BYTES]; /* "" in a paragraph */
    bool is_apart;                 /* an empty line stood before it */
} as_help_block;

/* The next block at *text, which moves past it; false at the end. ret_words is emptied first. */
bool as_help_block_next(const char **text, as_help_block *ret, as_str *ret_words);

/* Appends words with line ends so that no line is longer than width, where words are not; `at` columns of the first line
 * are taken already, the others begin with `indent` blanks. What stands in [...] is not parted where it fits a line. */
void as_help_wrap(const char *words, size_t at, size_t indent, size_t width, as_str *out);

/* All blocks of text, wrapped; the items' words begin at one column. */
void as_help_wrap_text(const char *text, size_t width, as_str *out);

#endif
