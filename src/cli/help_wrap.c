/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help_wrap.h"

#include <string.h>

/* "word  what": the bytes of the word, and where what begins; 0: no item begins here. */
static size_t wrap_term(const char *line, size_t *ret_words)
{
    size_t n = strcspn(line, " \n"), gap = strspn(line + n, " ");
    if (n == 0 || n >= AS_HELP_TERM_BYTES || gap < 2 || line[n + gap] == '\n' || line[n + gap] == '\0')
        return 0;
    *ret_words = n + gap;
    return n;
}

/* A line without the blanks it begins with, after a blank. */
static void wrap_add_line(const char *line, as_str *words)
{
    line += strspn(line, " ");
    if (words->len)
        as_str_add(words, " ");
    as_str_add_bytes(words, line, strcspn(line, "\n"));
}

bool as_help_block_next(const char **text, as_help_block *ret, as_str *ret_words)
{
    const char *at = *text + strspn(*text, "\n");
    size_t      skip = 0, ignored;
    if (!*at)
        return false;
    *ret = (as_help_block){.is_apart = at > *text};
    as_str_clear(ret_words);
    size_t n = wrap_term(at, &skip);
    memcpy(ret->term, at, n);
    at += skip;
    do {
        wrap_add_line(at, ret_words);
        at += strcspn(at, "\n");
        at += *at == '\n';
    } while (*at && *at != '\n' && (n ? *at == ' ' : !wrap_term(at, &ignored)));
    *text = at;
    return true;
}

/* The bytes to the next blank at which a line may end, and the columns they take. */
static size_t wrap_word(const char *words, size_t room, size_t *ret_columns)
{
    size_t whole = 0, columns = 0, n = 0, plain = 0, plain_columns = 0;
    for (int depth = 0; words[n] && (words[n] != ' ' || depth > 0); n++) {
        if (words[n] == ' ' && plain == 0) {
            plain = n;
            plain_columns = columns;
        }
        depth += (words[n] == '[') - (words[n] == ']');
        columns += ((unsigned char)words[n] & 0xC0) != 0x80;
    }
    whole = n;
    if (plain && columns > room) {
        whole = plain;
        columns = plain_columns;
    }
    *ret_columns = columns;
    return whole;
}

void as_help_wrap(const char *words, size_t at, size_t indent, size_t width, as_str *out)
{
    bool first = true;
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        size_t columns, n = wrap_word(words, width > indent ? width - indent : 1, &columns);
        if (!first && at + 1 + columns > width) {
            as_str_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            as_str_add(out, " ");
            at++;
        }
        as_str_add_bytes(out, words, n);
        at += columns;
        words += n;
        first = false;
    }
    as_str_add(out, "\n");
}

/* Where the words of all items begin. */
static size_t wrap_column(const char *text)
{
    as_help_block block;
    as_str        words;
    size_t        column = 0;
    as_str_init(&words);
    while (as_help_block_next(&text, &block, &words))
        if (*block.term && strlen(block.term) + 2 > column)
            column = strlen(block.term) + 2;
    as_str_done(&words);
    return column;
}

void as_help_wrap_text(const char *text, size_t width, as_str *out)
{
    as_help_block block;
    as_str        words;
    size_t        column = wrap_column(text);
    as_str_init(&words);
    while (as_help_block_next(&text, &block, &words)) {
        if (block.is_apart)
            as_str_add(out, "\n");
        if (*block.term)
            as_str_addf(out, "%-*s", (int)column, block.term);
        as_help_wrap(words.s, *block.term ? column : 0, *block.term ? column : 0, width, out);
    }
    as_str_done(&words);
}
