/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"
#include "catalog/commit.h"

#define QUERY_MAX_DEPTH 64

typedef enum query_kind { QUERY_TEXT, QUERY_CAMERA, QUERY_NUMBER, QUERY_SPLIT, QUERY_TIME, QUERY_FLAG } query_kind;

typedef struct query_field {
    const char *word;
    query_kind  kind;
    const char *sql, *help;
} query_field;

static const query_field query_fields[] = {
#define Q(word, kind, sql, help) {word, QUERY_##kind, sql, help},
#include "catalog/query.def"
#undef Q
};

struct as_query {
    as_str sql;
    AS_VEC(as_query_value) values;
};

typedef struct query_parser {
    as_query   *query;
    const char *text, *p;
    as_str      word; /* the token before p */
    const char *at;   /* where it began */
    enum { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_SIGN } token;
    int     depth, n_conditions;
    as_err *err;
} query_parser;

const char *as_query_field(size_t i, const char **ret_help)
{
    if (i >= AS_COUNT(query_fields))
        return NULL;
    *ret_help = query_fields[i].help;
    return query_fields[i].word;
}

const char *as_query_sort_sql(const char *word)
{
    for (size_t i = 0; i < AS_COUNT(query_fields); i++)
        if (query_fields[i].kind != QUERY_FLAG && strcmp(query_fields[i].word, word) == 0)
            return query_fields[i].sql;
    return NULL;
}

static bool query_fail(query_parser *q, const char *want)
{
    if (q->token == TOKEN_END)
        return AS_FAIL(q->err, AS_EINVAL, "the query ends where %s was expected", want);
    return AS_FAIL(q->err, AS_EINVAL, "column %zu of the query: '%.60s' where %s was expected",
                   (size_t)(q->at - q->text) + 1, q->word.s, want);
}

static bool query_is_word_byte(char c)
{
    return c && !strchr(" \t\r\n()=!<>~,'\"", c);
}

static bool query_next_quoted(query_parser *q)
{
    char quote = *q->p++;
    while (*q->p && *q->p != quote)
        as_str_add_bytes(&q->word, q->p++, 1);
    q->token = TOKEN_TEXT;
    if (!*q->p)
        return AS_FAIL(q->err, AS_EINVAL, "column %zu of the query: the text that begins here has no end",
                       (size_t)(q->at - q->text) + 1);
    q->p++;
    return true;
}

/* The next token into word. */
static bool query_next(query_parser *q)
{
    as_str_clear(&q->word);
    q->p += strspn(q->p, " \t\r\n");
    q->at = q->p;
    if (!*q->p) {
        q->token = TOKEN_END;
        return true;
    }
    if (*q->p == '\'' || *q->p == '"')
        return query_next_quoted(q);
    q->token = query_is_word_byte(*q->p) ? TOKEN_WORD : TOKEN_SIGN;
    if (q->token == TOKEN_WORD) {
        while (query_is_word_byte(*q->p))
            as_str_add_bytes(&q->word, q->p++, 1);
    } else {
        bool two = strchr("!<>", *q->p) && q->p[1] == '=';
        as_str_add_bytes(&q->word, q->p, two ? 2 : 1);
        q->p += two ? 2 : 1;
    }
    return as_str_ok(&q->word) || AS_FAIL(q->err, AS_ENOMEM, "not enough memory for the query");
}

static bool query_is(const query_parser *q, const char *word)
{
    return (q->token == TOKEN_WORD || q->token == TOKEN_SIGN) && strcasecmp(q->word.s, word) == 0;
}

static const query_field *query_find_field(query_parser *q)
{
    const char *words[AS_COUNT(query_fields)];
    for (size_t i = 0; i < AS_COUNT(query_fields); i++) {
        words[i] = query_fields[i].word;
        if (q->token == TOKEN_WORD && strcasecmp(q->word.s, words[i]) == 0)
            return &query_fields[i];
    }
    const char *near = q->token == TOKEN_WORD ? as_str_nearest(q->word.s, words, AS_COUNT(words)) : NULL;
    if (near) {
        AS_FAIL(q->err, AS_EINVAL, "column %zu of the query: nothing is called '%.60s', did you mean '%s'?",
                (size_t)(q->at - q->text) + 1, q->word.s, near);
        return NULL;
    }
    as_str list;
    as_str_init(&list);
    as_str_add(&list, "one of");
    for (size_t i = 0; i < AS_COUNT(words); i++)
        as_str_addf(&list, "%s %s", i ? "," : "", words[i]);
    query_fail(q, list.s);
    as_str_done(&list);
    return NULL;
}

/* A pattern of ours as one of SQLite's, whose brackets would mean something. */
static void query_add_glob(as_str *out, const char *pattern)
{
    for (; *pattern; pattern++)
        if (*pattern == '[')
            as_str_add(out, "[[]");
        else
            as_str_add_bytes(out, pattern, 1);
}

static bool query_time(query_parser *q, int64_t *ret)
{
    int      year, month, day, hour = 0, minute = 0, second = 0, n = 0;
    as_ns    utc;
    unsigned fields = (unsigned)sscanf(q->word.s, "%4d-%2d-%2d%nT%2d:%2d%n:%2d%n", &year, &month, &day, &n, &hour,
                                       &minute, &n, &second, &n);
    bool     zulu = fields >= 3 && q->word.s[n] == 'Z';
    if (fields < 3 || fields == 4 || q->word.s[n + zulu] != '\0' ||
        !as_clock_utc_of(year, month, day, hour, minute, second, &utc))
        return query_fail(q, "a time such as 2026-11-21 or 2026-11-21T08:30");
    *ret = utc;
    return true;
}

/* Of the version that is asked, or of all where samples of none are (as_catalog_match). */
#define QUERY_NTH_CAMERA                                                                                         \
    "(SELECT DISTINCT c.camera FROM samples c WHERE (c.commit_id=?1 OR ?99) AND c.camera<>'' ORDER BY c.camera " \
    "LIMIT 1 OFFSET ?%zu-1)"

/* A number in quotes is a text. */
static bool query_is_count(const query_parser *q)
{
    size_t n = strlen(q->word.s);
    return q->token == TOKEN_WORD && n > 0 && n < 10 && strspn(q->word.s, "0123456789") == n;
}

/* sql with %zu replaced by the number of the parameter. */
static void query_add_parameter(as_str *out, const char *sql, size_t parameter)
{
    const char *at = strstr(sql, "%zu");
    as_str_add_bytes(out, sql, (size_t)(at - sql));
    as_str_addf(out, "%zu%s", parameter, at + 3);
}

/* The token as a value of the field's kind, and its parameter into the SQL. */
static bool query_value(query_parser *q, const query_field *field, bool is_pattern)
{
    as_query_value value = {.is_whole = true};
    const char    *sql = "?%zu";
    if (q->token != TOKEN_WORD && q->token != TOKEN_TEXT)
        return query_fail(q, "a value");
    if (q->query->values.n == AS_QUERY_MAX_CONDITIONS)
        return AS_FAIL(q->err, AS_ELIMIT, "the query has more than %d values", AS_QUERY_MAX_CONDITIONS);
    if (field->kind == QUERY_NUMBER) {
        value.is_whole = as_str_to_i64(q->word.s, &value.whole);
        if (!as_str_to_f64(q->word.s, &value.number))
            return query_fail(q, "a number");
    } else if (field->kind == QUERY_TIME) {
        if (!query_time(q, &value.whole))
            return false;
    } else if (field->kind == QUERY_SPLIT) {
        value.whole = as_split_parse(q->word.s);
        if (!value.whole && strcmp(q->word.s, "none") != 0)
            return query_fail(q, "train, validation, test or none");
    } else if (field->kind == QUERY_CAMERA && !is_pattern && query_is_count(q)) {
        if (!as_str_to_i64(q->word.s, &value.whole) || value.whole < 1)
            return query_fail(q, "a camera's URI, or its number from 1");
        sql = QUERY_NTH_CAMERA;
    } else {
        as_str text;
        as_str_init(&text);
        value.is_text = true;
        is_pattern ? query_add_glob(&text, q->word.s) : as_str_add(&text, q->word.s);
        value.text = as_str_take(&text);
        if (!value.text)
            return AS_FAIL(q->err, AS_ENOMEM, "not enough memory for the query");
    }
    query_add_parameter(&q->query->sql, sql, AS_QUERY_FIRST_PARAMETER + q->query->values.n);
    if (as_vec_push(&q->query->values, value))
        return query_next(q);
    free(value.text);
    return AS_FAIL(q->err, AS_ENOMEM, "not enough memory for the query");
}

static bool query_list(query_parser *q, const query_field *field)
{
    as_str_addf(&q->query->sql, "%s IN (", field->sql);
    if (!query_next(q))
        return false;
    if (!query_is(q, "("))
        return query_fail(q, "'('");
    do {
        if (!query_next(q) || !query_value(q, field, false))
            return false;
        as_str_add(&q->query->sql, query_is(q, ",") ? "," : ")");
    } while (query_is(q, ","));
    return query_is(q, ")") ? query_next(q) : query_fail(q, "',' or ')'");
}

static bool query_condition(query_parser *q)
{
    static const char *const signs[] = {"=", "!=", "<", "<=", ">", ">=", "~"};
    const query_field       *field = query_find_field(q);
    if (!field || !query_next(q))
        return false;
    if (field->kind == QUERY_FLAG) {
        as_str_add(&q->query->sql, field->sql);
        return true;
    }
    if (query_is(q, "in"))
        return query_list(q, field);
    bool   is_text = field->kind == QUERY_TEXT || field->kind == QUERY_CAMERA;
    size_t n = is_text ? 7 : field->kind == QUERY_SPLIT ? 2 : 6, i = 0;
    while (i < n && !query_is(q, signs[i]))
        i++;
    if (i == n)
        return query_fail(q, n == 7   ? "one of = != < <= > >= ~ in"
                             : n == 2 ? "one of = != in"
                                      : "one of = != < <= > >= in");
    bool is_pattern = i == 6;
    as_str_addf(&q->query->sql, "%s %s ", field->sql, is_pattern ? "GLOB" : signs[i]);
    return query_next(q) && query_value(q, field, is_pattern);
}

static bool query_or(query_parser *q);

static bool query_not(query_parser *q)
{
    if (q->depth == QUERY_MAX_DEPTH)
        return AS_FAIL(q->err, AS_ELIMIT, "the query is nested more than %d deep", QUERY_MAX_DEPTH);
    if (++q->n_conditions > AS_QUERY_MAX_CONDITIONS)
        return AS_FAIL(q->err, AS_ELIMIT, "the query has more than %d conditions", AS_QUERY_MAX_CONDITIONS);
    bool ok, negated = query_is(q, "not"), bracket;
    if (negated && !query_next(q))
        return false;
    if (negated && query_is(q, "not"))
        return query_fail(q, "a condition");
    bracket = query_is(q, "(");
    as_str_add(&q->query->sql, negated ? "((" : "(");
    q->depth++;
    if (bracket) {
        ok = query_next(q) && query_or(q) && (query_is(q, ")") || query_fail(q, "'and', 'or' or ')'")) && query_next(q);
    } else {
        ok = query_condition(q);
    }
    q->depth--;
    as_str_add(&q->query->sql, negated ? ") IS NOT TRUE)" : ")");
    return ok;
}

static bool query_and(query_parser *q)
{
    if (!query_not(q))
        return false;
    while (query_is(q, "and")) {
        as_str_add(&q->query->sql, " AND ");
        if (!query_next(q) || !query_not(q))
            return false;
    }
    return true;
}

static bool query_or(query_parser *q)
{
    as_str_add(&q->query->sql, "(");
    if (!query_and(q))
        return false;
    while (query_is(q, "or")) {
        as_str_add(&q->query->sql, " OR ");
        if (!query_next(q) || !query_and(q))
            return false;
    }
    as_str_add(&q->query->sql, ")");
    return true;
}

as_query *as_query_parse(const char *text, as_err *err)
{
    query_parser q = {.query = calloc(1, sizeof(as_query)), .text = text, .p = text, .err = err};
    bool         ok = q.query != NULL || AS_FAIL(err, AS_ENOMEM, "not enough memory for the query");
    if (!ok)
        return NULL;
    as_str_init(&q.query->sql);
    as_str_init(&q.word);
    if (strnlen(text, AS_QUERY_MAX_BYTES + 1) > AS_QUERY_MAX_BYTES)
        ok = AS_FAIL(err, AS_ELIMIT, "the query is longer than %d bytes", AS_QUERY_MAX_BYTES);
    ok = ok && query_next(&q) && query_or(&q) && (q.token == TOKEN_END || query_fail(&q, "'and', 'or' or the end"));
    ok = ok && (as_str_ok(&q.query->sql) || AS_FAIL(err, AS_ENOMEM, "not enough memory for the query"));
    as_str_done(&q.word);
    return ok ? q.query : as_query_free(q.query);
}

as_query *as_query_free(as_query *query)
{
    if (query) {
        for (size_t i = 0; i < query->values.n; i++)
            free(query->values.at[i].text);
        as_vec_done(&query->values);
        as_str_done(&query->sql);
    }
    free(query);
    return NULL;
}

const char *as_query_sql(const as_query *query)
{
    return query->sql.s;
}

const as_query_value *as_query_values(const as_query *query, size_t *ret_n)
{
    *ret_n = query->values.n;
    return query->values.at;
}
