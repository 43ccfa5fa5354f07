/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/coco_plain.h"

#include <string.h>

#define PLAIN_MOST_DIGITS 15 /* so many are exact in a double, and so is their power of ten */

static const char *const plain_keys[AS_COCO_KEYS] = {"id",    "image_id", "category_id",  "width",     "height",
                                                     "score", "bbox",     "segmentation", "file_name", "class"};

static const double plain_powers[PLAIN_MOST_DIGITS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* What else is said: in the text that is read. */
typedef struct plain_other_member {
    const char *key, *value;
    size_t      n_key, n_value;
} plain_other_member;

typedef struct plain_others {
    plain_other_member at[16];
    size_t             n;
} plain_others;

void as_coco_plain_init(as_coco_plain *plain)
{
    *plain = (as_coco_plain){.has = 0};
    as_str_init(&plain->file_name);
    as_str_init(&plain->class_name);
    as_str_init(&plain->extra);
}

void as_coco_plain_done(as_coco_plain *plain)
{
    as_str_done(&plain->file_name);
    as_str_done(&plain->class_name);
    as_str_done(&plain->extra);
    as_vec_done(&plain->points);
    as_vec_done(&plain->ends);
}

typedef struct plain_number {
    int64_t  digits; /* with its sign, without the point */
    unsigned n_after;
    bool     is_short; /* as it is written by us too */
} plain_number;

static void plain_skip(as_text_cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
}

static bool plain_digits(as_text_cursor *c, int64_t *v, unsigned *n)
{
    const unsigned before = *n;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, ++*n)
        if (*n < PLAIN_MOST_DIGITS)
            *v = *v * 10 + (*c->p - '0');
    return *n > before;
}

/* RFC 8259, section 6, without an exponent. */
static bool plain_number_read(as_text_cursor *c, plain_number *ret)
{
    int64_t  v = 0;
    unsigned n = 0, before;
    plain_skip(c);
    const bool is_negative = c->p < c->end && *c->p == '-';
    c->p += is_negative;
    const char *from = c->p;
    if (!plain_digits(c, &v, &n) || (*from == '0' && n > 1))
        return false;
    before = n;
    if (c->p < c->end && *c->p == '.') {
        c->p++;
        if (!plain_digits(c, &v, &n))
            return false;
    }
    if (n > PLAIN_MOST_DIGITS || (c->p < c->end && (*c->p == 'e' || *c->p == 'E')))
        return false;
    if (is_negative && v == 0)
        return false;
    /* Zeros at the end but for that of 1.0, and what is below a ten-thousandth, are written another way. */
    const unsigned n_after = n - before;
    const bool     is_long = n_after > 1 && c->p[-1] == '0',
               is_small = n_after > 4 && v < (int64_t)plain_powers[n_after - 4];
    *ret = (plain_number){is_negative ? -v : v, n_after, !is_long && !is_small};
    return true;
}

/* Exact digits over an exact power of ten: rounded once (Clinger, PLDI 1990). */
static bool plain_real(as_text_cursor *c, double *ret)
{
    plain_number number;
    if (!plain_number_read(c, &number))
        return false;
    *ret = (double)number.digits / plain_powers[number.n_after];
    return true;
}

static bool plain_string(as_text_cursor *c, const char **ret, size_t *ret_n)
{
    plain_skip(c);
    if (c->p == c->end || *c->p != '"')
        return false;
    const char *from = ++c->p;
    while (c->p < c->end && *c->p != '"' && *c->p != '\\' && *c->p >= ' ' && *c->p < 0x7f)
        c->p++;
    if (c->p == c->end || *c->p != '"')
        return false;
    *ret = from;
    *ret_n = (size_t)(c->p++ - from);
    return true;
}

static bool plain_box(as_text_cursor *c, double box[4])
{
    bool ok = as_text_have(c, '[');
    for (int i = 0; ok && i < 4; i++)
        ok = plain_real(c, &box[i]) && as_text_have(c, i < 3 ? ',' : ']');
    return ok;
}

static bool plain_ring(as_coco_plain *plain, as_text_cursor *c)
{
    double v;
    if (!as_text_have(c, '['))
        return false;
    do
        if (!plain_real(c, &v) || !as_vec_push(&plain->points, v))
            return false;
    while (as_text_have(c, ','));
    return as_text_have(c, ']') && as_vec_push(&plain->ends, plain->points.n);
}

static bool plain_rings(as_coco_plain *plain, as_text_cursor *c)
{
    plain->points.n = plain->ends.n = 0;
    if (!as_text_have(c, '['))
        return false;
    if (as_text_have(c, ']'))
        return true;
    do
        if (!plain_ring(plain, c))
            return false;
    while (as_text_have(c, ','));
    return as_text_have(c, ']');
}

/* One that looks the same when it is read and written again. */
static bool plain_other(as_text_cursor *c)
{
    static const char *const words[] = {"null", "true", "false", "[]", "{}"};
    const char              *text;
    size_t                   n;
    plain_number             number;
    plain_skip(c);
    if (c->p < c->end && *c->p == '"')
        return plain_string(c, &text, &n);
    for (size_t i = 0; i < AS_COUNT(words); i++) {
        n = strlen(words[i]);
        if ((size_t)(c->end - c->p) >= n && memcmp(c->p, words[i], n) == 0) {
            c->p += n;
            return true;
        }
    }
    return plain_number_read(c, &number) && number.is_short;
}

static bool plain_whole(as_text_cursor *c, int64_t *ret)
{
    plain_number number;
    if (!plain_number_read(c, &number) || number.n_after)
        return false;
    *ret = number.digits;
    return true;
}

static bool plain_text(as_text_cursor *c, as_str *ret)
{
    const char *text;
    size_t      n;
    if (!plain_string(c, &text, &n))
        return false;
    as_str_clear(ret);
    as_str_add_bytes(ret, text, n);
    return as_str_ok(ret);
}

static bool plain_value(as_coco_plain *plain, as_text_cursor *c, unsigned key)
{
    switch (key) {
    case AS_COCO_SCORE: return plain_real(c, &plain->score);
    case AS_COCO_BBOX: return plain_box(c, plain->box);
    case AS_COCO_SEGMENTATION: return plain_rings(plain, c);
    case AS_COCO_FILE_NAME: return plain_text(c, &plain->file_name);
    case AS_COCO_CLASS: return plain_text(c, &plain->class_name);
    case AS_COCO_KEYS: return plain_other(c);
    default: return plain_whole(c, &plain->whole[key]);
    }
}

/* By key, as the text of a JSON object is written here. False: it is there already, or there are too many. */
static bool plain_keep(plain_others *others, const plain_other_member *member)
{
    size_t at = others->n;
    if (at == AS_COUNT(others->at))
        return false;
    for (; at > 0; at--) {
        const plain_other_member *before = &others->at[at - 1];
        const int                 order = memcmp(before->key, member->key, AS_MIN(before->n_key, member->n_key));
        if (order == 0 && before->n_key == member->n_key)
            return false;
        if (order < 0 || (order == 0 && before->n_key < member->n_key))
            break;
        others->at[at] = *before;
    }
    others->at[at] = *member;
    others->n++;
    return true;
}

static bool plain_member(as_coco_plain *plain, as_text_cursor *c, unsigned kept, plain_others *others)
{
    plain_other_member member;
    unsigned           key = 0;
    if (!plain_string(c, &member.key, &member.n_key) || !as_text_have(c, ':'))
        return false;
    while (key < AS_COCO_KEYS &&
           (strlen(plain_keys[key]) != member.n_key || memcmp(plain_keys[key], member.key, member.n_key) != 0))
        key++;
    const bool is_kept = key < AS_COCO_KEYS && kept >> key & 1;
    if (is_kept && plain->has >> key & 1)
        return false;
    plain_skip(c);
    member.value = c->p;
    if (!(is_kept ? plain_value(plain, c, key) : plain_other(c)))
        return false;
    if (key < AS_COCO_KEYS)
        plain->has |= 1u << key;
    member.n_value = (size_t)(c->p - member.value);
    return is_kept || plain_keep(others, &member);
}

static void plain_write(as_coco_plain *plain, const plain_others *others)
{
    as_str_clear(&plain->extra);
    as_str_add(&plain->extra, "{");
    for (size_t i = 0; i < others->n; i++) {
        as_str_add(&plain->extra, i ? ",\"" : "\"");
        as_str_add_bytes(&plain->extra, others->at[i].key, others->at[i].n_key);
        as_str_add(&plain->extra, "\":");
        as_str_add_bytes(&plain->extra, others->at[i].value, others->at[i].n_value);
    }
    as_str_add(&plain->extra, "}");
}

bool as_coco_plain_read(as_coco_plain *plain, const char *bytes, size_t n, unsigned kept)
{
    as_text_cursor c = {.p = bytes, .end = bytes + n};
    plain_others   others;
    others.n = 0;
    plain->has = 0;
    if (!as_text_have(&c, '{'))
        return false;
    do
        if (!plain_member(plain, &c, kept, &others))
            return false;
    while (as_text_have(&c, ','));
    if (!as_text_have(&c, '}') || !as_text_end(&c))
        return false;
    plain_write(plain, &others);
    return as_str_ok(&plain->extra);
}
