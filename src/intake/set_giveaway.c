/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intake/association.h"
#include "intake/keys.h"
#include "intake/set.h"
#include "spec/unit.h"

#define GIVEAWAY_SEED       1
#define GIVEAWAY_BINS       8                              /* of sizes in bytes, as many samples each */
#define GIVEAWAY_PAUSE      ((as_ns)30 * 60 * AS_NS_PER_S) /* a longer one begins another session */
#define GIVEAWAY_MOST_P     0.01
#define GIVEAWAY_LEAST_N    10   /* samples of one value, before that it tells a class is called pure */
#define GIVEAWAY_MOST_PURE  1e-6 /* chance that they all are of the class, times the number of values */
#define GIVEAWAY_WORD_BYTES 96

extern const as_set_check as_set_check_giveaway;

/* Bounds of bins of n_bytes, or beginnings of sessions. */
typedef struct giveaway_bounds {
    int64_t *at;
    size_t   n;
} giveaway_bounds;

typedef struct giveaway_property {
    const char *name;  /* "the file format gives the class away" */
    double      limit; /* of the corrected uncertainty: what the picture itself explains too may explain more */
    bool        pure;  /* one value of one class is enough */
    int64_t (*number)(const as_sample *sample); /* NULL: key alone */
    uint64_t (*key)(const void *ctx, const as_sample *sample);
    /* Of the samples with the value of `sample`, whose numbers go from low to high. */
    void (*tell)(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap);
    const char *remedy;
} giveaway_property;

static int64_t giveaway_bytes(const as_sample *sample)
{
    return (int64_t)sample->n_bytes;
}

static int64_t giveaway_utc(const as_sample *sample)
{
    return sample->utc;
}

/* The last bound that is not above the number. */
static uint64_t giveaway_bin(const giveaway_bounds *bounds, int64_t number)
{
    size_t low = 0, high = bounds->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bounds->at[middle] <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t giveaway_key_bytes(const void *ctx, const as_sample *sample)
{
    return giveaway_bin(ctx, giveaway_bytes(sample));
}

static uint64_t giveaway_key_utc(const void *ctx, const as_sample *sample)
{
    return giveaway_bin(ctx, giveaway_utc(sample));
}

static uint64_t giveaway_key_format(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return as_keys_text(sample->format, strlen(sample->format));
}

static uint64_t giveaway_key_size(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return (uint64_t)sample->width << 32 | sample->height;
}

static uint64_t giveaway_key_camera(const void *ctx, const as_sample *sample)
{
    (void)ctx;
    return as_keys_text(sample->camera, strlen(sample->camera));
}

/* Up to the first slash: which import or capture it came with. */
static uint64_t giveaway_key_source(const void *ctx, const as_sample *sample)
{
    size_t n = strcspn(sample->name, "/");
    (void)ctx;
    return sample->name[n] == '/' ? as_keys_text(sample->name, n) : 0;
}

/* True when the letters of word come in label in this order, from its first on: "cr" of "crazing". */
static bool giveaway_is_short_for(const char *word, const char *label)
{
    bool first = true;
    for (; *word; word++) {
        if (!isalpha((unsigned char)*word))
            continue;
        while (*label && tolower((unsigned char)*label) != *word) {
            if (first)
                return false;
            label++;
        }
        if (!*label)
            return false;
        label++;
        first = false;
    }
    return true;
}

/* The length of the class's name at the beginning of p, in any case and with any of blank, '_' and '-'; 0: it is not. */
static size_t giveaway_label_at(const char *p, const char *label)
{
    size_t n = 0;
    for (; label[n]; n++) {
        bool blank = strchr(" _-", label[n]) != NULL;
        if (blank ? !p[n] || !strchr(" _-", p[n]) : tolower((unsigned char)p[n]) != tolower((unsigned char)label[n]))
            return 0;
    }
    return n;
}

/* The file's name with '#' for a number: "img_#". The class's own name, or letters of it, are how people name files, and
 * no picture shows them: they are left out. */
static void giveaway_pattern(const as_sample *sample, char word[GIVEAWAY_WORD_BYTES])
{
    const char *slash = strrchr(sample->name, '/'), *p = slash ? slash + 1 : sample->name, *dot = strrchr(p, '.');
    size_t      n = 0;
    for (; *p && (!dot || p < dot) && n + 1 < GIVEAWAY_WORD_BYTES; p++) {
        size_t n_label = giveaway_label_at(p, sample->label);
        if (n_label) {
            p += n_label - 1;
            continue;
        }
        bool digit = *p >= '0' && *p <= '9';
        if (digit && n && word[n - 1] == '#')
            continue;
        word[n++] = digit ? '#' : (char)tolower((unsigned char)*p);
    }
    word[n] = '\0';
    if (giveaway_is_short_for(word, sample->label))
        as_str_copy(word, GIVEAWAY_WORD_BYTES, "#");
}

static uint64_t giveaway_key_name(const void *ctx, const as_sample *sample)
{
    char word[GIVEAWAY_WORD_BYTES];
    (void)ctx;
    giveaway_pattern(sample, word);
    return as_keys_text(word, strlen(word));
}

static void giveaway_tell_format(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    (void)low;
    (void)high;
    snprintf(text, cap, "%.40s files", sample->format);
}

static void giveaway_tell_size(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    (void)low;
    (void)high;
    snprintf(text, cap, "pictures of %ux%u px", sample->width, sample->height);
}

static void giveaway_tell_camera(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    (void)low;
    (void)high;
    snprintf(text, cap, *sample->camera ? "pictures of camera '%.80s'" : "imported pictures%.0s", sample->camera);
}

static void giveaway_tell_source(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    (void)low;
    (void)high;
    snprintf(text, cap, "pictures of '%.*s'", (int)AS_MIN(strcspn(sample->name, "/"), (size_t)80), sample->name);
}

static void giveaway_tell_name(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    char word[GIVEAWAY_WORD_BYTES];
    (void)low;
    (void)high;
    giveaway_pattern(sample, word);
    snprintf(text, cap, "pictures with names like '%s'", word);
}

static void giveaway_tell_bytes(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    char a[AS_UNIT_TEXT_BYTES], b[AS_UNIT_TEXT_BYTES];
    (void)sample;
    snprintf(text, cap, "files of %s to %s", as_unit_text((double)low, AS_UNIT_BYTES, a),
             as_unit_text((double)high, AS_UNIT_BYTES, b));
}

static void giveaway_tell_utc(const as_sample *sample, int64_t low, int64_t high, char *text, size_t cap)
{
    char a[AS_CLOCK_TEXT_BYTES], b[AS_CLOCK_TEXT_BYTES];
    (void)sample;
    snprintf(text, cap, "pictures from %.16s to %.16s", as_clock_text(low, a), as_clock_text(high, b));
}

static const giveaway_property giveaway_properties[] = {
    {.name = "the file format",
     .limit = 0.2,
     .pure = true,
     .key = giveaway_key_format,
     .tell = giveaway_tell_format,
     .remedy = "store all classes in one format, from one camera and one program: the traces of compression are in the "
               "pixels, and a model may learn them"},
    {.name = "the size in pixels",
     .limit = 0.2,
     .pure = true,
     .key = giveaway_key_size,
     .tell = giveaway_tell_size,
     .remedy = "take or cut all classes to one size: scaling leaves traces that a model may learn"},
    {.name = "the size in bytes",
     .limit = 0.5, /* a rough surface makes larger files, and is a good reason */
     .number = giveaway_bytes,
     .key = giveaway_key_bytes,
     .tell = giveaway_tell_bytes,
     .remedy = "see whether the classes were stored with different quality or sharpness; a difference that the defect "
               "itself makes is right"},
    {.name = "the camera",
     .limit = 0.2,
     .pure = true,
     .key = giveaway_key_camera,
     .tell = giveaway_tell_camera,
     .remedy = "take every class with every camera: else a model may learn the camera"},
    {.name = "the time",
     .limit = 0.2,
     .pure = true,
     .number = giveaway_utc,
     .key = giveaway_key_utc,
     .tell = giveaway_tell_utc,
     .remedy =
         "take all classes in each session: light, lens and belt change with the day, and a model may learn that"},
    {.name = "the source",
     .limit = 0.2,
     .pure = true,
     .key = giveaway_key_source,
     .tell = giveaway_tell_source,
     .remedy = "take all classes from each source: else a model may learn how the sources differ"},
    {.name = "the file's name",
     .limit = 0.2,
     .pure = true,
     .key = giveaway_key_name,
     .tell = giveaway_tell_name,
     .remedy = "the names show different origins: see that the pictures differ in the defect only"},
};

static int giveaway_by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool giveaway_bound(const as_set *set, const giveaway_property *property, giveaway_bounds *bounds, as_err *err)
{
    size_t   n = as_manifest_count(set->labelled), n_bounds = 0;
    int64_t *at = calloc(n + 1, sizeof *at);
    if (!at)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory to compare %zu samples", n);
    for (size_t i = 0; i < n; i++)
        at[i] = property->number(as_manifest_at(set->labelled, i));
    qsort(at, n, sizeof *at, giveaway_by_number);
    if (property->number == giveaway_bytes) {
        for (size_t k = 1; n >= GIVEAWAY_BINS && k < GIVEAWAY_BINS; k++) /* read before they are written over */
            at[n_bounds++] = at[n * k / GIVEAWAY_BINS];
    } else {
        int64_t last = n ? at[0] : 0;
        for (size_t i = 1; i < n; i++) {
            int64_t now = at[i], pause;
            if (!__builtin_sub_overflow(now, last, &pause) && pause > GIVEAWAY_PAUSE)
                at[n_bounds++] = now; /* behind where we read */
            last = now;
        }
    }
    *bounds = (giveaway_bounds){at, n_bounds};
    return true;
}

/* The value that most clearly is of one class. */
typedef struct giveaway_pure {
    uint32_t value, label;
    size_t   n; /* samples of the value; 0: none is pure */
} giveaway_pure;

static bool giveaway_find_pure(const as_keys *labels, const as_keys *values, size_t n, giveaway_pure *ret, as_err *err)
{
    uint32_t *label = calloc((size_t)values->n + 1, sizeof *label);
    bool     *mixed = calloc((size_t)values->n + 1, sizeof *mixed);
    bool      ok = (label && mixed) || AS_FAIL(err, AS_ENOMEM, "not enough memory to compare %zu samples", n);
    *ret = (giveaway_pure){.n = 0};
    for (uint32_t v = 0; ok && v < values->n; v++)
        label[v] = labels->of[values->first[v]];
    for (size_t i = 0; ok && i < n; i++)
        mixed[values->of[i]] = mixed[values->of[i]] || label[values->of[i]] != labels->of[i];
    for (uint32_t v = 0; ok && v < values->n; v++) {
        double share = (double)labels->count[label[v]] / (double)n;
        double chance = pow(share, (double)values->count[v]) * (double)values->n; /* Bonferroni */
        if (!mixed[v] && values->count[v] >= GIVEAWAY_LEAST_N && values->count[v] > ret->n &&
            chance < GIVEAWAY_MOST_PURE)
            *ret = (giveaway_pure){v, label[v], values->count[v]};
    }
    free(label);
    free(mixed);
    return ok;
}

static void giveaway_tell(const as_set *set, const giveaway_property *property, const as_keys *labels,
                          const as_keys *values, const giveaway_pure *pure, const as_association *association,
                          as_set_report *report)
{
    char            what[160] = "", evidence[300] = "";
    as_set_finding *f = as_set_report_add(report, &as_set_check_giveaway, AS_CHECK_WARN);
    if (pure->n) {
        const as_sample *first = as_manifest_at(set->labelled, values->first[pure->value]);
        int64_t          low = INT64_MAX, high = INT64_MIN;
        for (size_t i = 0; property->number && i < as_manifest_count(set->labelled); i++) {
            int64_t number = property->number(as_manifest_at(set->labelled, i));
            if (values->of[i] != pure->value)
                continue;
            low = AS_MIN(low, number);
            high = AS_MAX(high, number);
        }
        property->tell(first, low, high, what, sizeof what);
        snprintf(evidence, sizeof evidence, "all %zu %s are '%.60s' (%zu pictures, %.0f %% of all); ", pure->n, what,
                 first->label, labels->count[pure->label],
                 100.0 * (double)labels->count[pure->label] / (double)as_manifest_count(set->labelled));
    }
    snprintf(f->text, sizeof f->text, "%s gives the class away: %sit explains %.0f %% of the class (p %.3f)",
             property->name, evidence, 100 * association->adjusted, association->p);
    as_str_copy(f->remedy, sizeof f->remedy, property->remedy);
    f->value = association->adjusted;
    f->limit = property->limit;
    f->n = as_manifest_count(set->labelled);
}

static bool giveaway_one(const as_set *set, const giveaway_property *property, const as_keys *labels,
                         as_set_report *report, as_err *err)
{
    giveaway_bounds bounds = {.n = 0};
    as_keys         values = {.n = 0};
    as_association  association = {.p = 1};
    giveaway_pure   pure = {.n = 0};
    size_t          n = as_manifest_count(set->labelled);
    bool            ok = (!property->number || giveaway_bound(set, property, &bounds, err)) &&
              as_keys_make(set->labelled, property->key, &bounds, &values, err);
    if (ok && values.n > 1)
        ok = giveaway_find_pure(labels, &values, n, &pure, err) &&
             as_association_of(labels->of, labels->n, values.of, values.n, n, GIVEAWAY_SEED, &association, err);
    if (ok && association.p <= GIVEAWAY_MOST_P &&
        (association.adjusted >= property->limit || (pure.n && property->pure)))
        giveaway_tell(set, property, labels, &values, &pure, &association, report);
    as_keys_done(&values);
    free(bounds.at);
    return ok;
}

static bool giveaway_run(const as_set *set, as_set_report *report, as_err *err)
{
    size_t  before = report->n + report->n_left_out;
    as_keys labels;
    bool    ok = as_keys_make(set->labelled, as_keys_label, NULL, &labels, err);
    for (size_t i = 0; ok && labels.n > 1 && i < AS_COUNT(giveaway_properties); i++)
        ok = giveaway_one(set, &giveaway_properties[i], &labels, report, err);
    if (ok && report->n + report->n_left_out == before) {
        as_set_finding *f = as_set_report_add(report, &as_set_check_giveaway, AS_CHECK_OK);
        f->n = as_manifest_count(set->labelled);
        as_str_copy(f->text, sizeof f->text,
                    "format, size, bytes, camera, time, source and name of the files say little about the class");
    }
    as_keys_done(&labels);
    return ok;
}

const as_set_check as_set_check_giveaway = {
    .name = "giveaway",
    .summary = "nothing that is not in the picture tells the class",
    .run = giveaway_run,
};
