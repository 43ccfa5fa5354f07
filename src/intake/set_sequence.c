/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's pictures are numbered as they are taken: what a version lacks of them, and whether their times agree. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intake/sequence.h"
#include "intake/set.h"

extern const as_set_check as_set_check_sequence;

typedef struct sequence_item {
    const as_sample *sample;
    as_sequence      at;
} sequence_item;

static int sequence_compare(const void *a, const void *b)
{
    const sequence_item *x = a, *y = b;
    int                  order = strcmp(x->sample->camera, y->sample->camera);
    if (order == 0)
        order = as_sequence_compare_stem(&x->at, &y->at);
    return order ? order : (x->at.number > y->at.number) - (x->at.number < y->at.number);
}

typedef struct sequence_found {
    uint64_t             n_gaps, n_missing, n_back, n_pairs;
    const sequence_item *gap, *back; /* the second of the first pair */
} sequence_found;

static bool sequence_same_row(const sequence_item *a, const sequence_item *b)
{
    return strcmp(a->sample->camera, b->sample->camera) == 0 && as_sequence_compare_stem(&a->at, &b->at) == 0;
}

/* Of numbers of one row. Where more than a third is not there, they were chosen, not lost. */
static void sequence_look_row(const sequence_item *items, size_t n, sequence_found *found)
{
    uint64_t n_missing = items[n - 1].at.number - items[0].at.number + 1;
    n_missing = n_missing > n ? n_missing - n : 0;
    for (size_t i = 1; i < n; i++) {
        const sequence_item *a = &items[i - 1], *b = &items[i];
        found->n_pairs++;
        if (n_missing <= n / 2 && b->at.number > a->at.number + 1) {
            found->gap = found->gap ? found->gap : b;
            found->n_gaps++;
            found->n_missing += b->at.number - a->at.number - 1;
        }
        if (b->sample->utc < a->sample->utc - AS_SEQUENCE_SLACK_NS) {
            found->back = found->back ? found->back : b;
            found->n_back++;
        }
    }
}

static void sequence_look(const sequence_item *items, size_t n, sequence_found *found)
{
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && sequence_same_row(&items[from], &items[to]);)
            to++;
        sequence_look_row(items + from, to - from, found);
    }
}

static void sequence_tell(const sequence_found *found, as_set_report *report)
{
    if (found->n_gaps) {
        const sequence_item *b = found->gap, *a = b - 1;
        as_set_finding      *f = as_set_report_add(report, &as_set_check_sequence, AS_CHECK_WARN);
        snprintf(f->text, sizeof f->text,
                 "%" PRIu64 " numbers are left out in %" PRIu64 " place%s, the first between '%.120s' and '%.120s'",
                 found->n_missing, found->n_gaps, found->n_gaps == 1 ? "" : "s", a->sample->name, b->sample->name);
        snprintf(f->remedy, sizeof f->remedy,
                 "were they refused (assay data quarantine) or lost? a camera that loses frames needs a faster way in");
        f->value = (double)found->n_missing;
        f->limit = 0;
        f->n = found->n_pairs + 1;
    }
    if (found->n_back) {
        char                 earlier[AS_CLOCK_TEXT_BYTES], later[AS_CLOCK_TEXT_BYTES];
        const sequence_item *b = found->back, *a = b - 1;
        as_set_finding      *f = as_set_report_add(report, &as_set_check_sequence, AS_CHECK_WARN);
        as_clock_text(b->sample->utc, later);
        as_clock_text(a->sample->utc, earlier);
        snprintf(f->text, sizeof f->text,
                 "the clock goes back %" PRIu64 " time%s, first at '%.120s' (%.23s), before which '%.120s' was (%.23s)",
                 found->n_back, found->n_back == 1 ? "" : "s", b->sample->name, later, a->sample->name, earlier);
        snprintf(f->remedy, sizeof f->remedy,
                 "set the clock by NTP, and rely on no split by time or shift of these pictures");
        f->value = (double)found->n_back;
        f->limit = 0;
        f->n = found->n_pairs + 1;
    }
}

static bool sequence_run(const as_set *set, as_set_report *report, as_err *err)
{
    size_t         n = 0, n_all = as_manifest_count(set->manifest);
    sequence_found found = {.n_gaps = 0};
    sequence_item *items = malloc((n_all + 1) * sizeof *items);
    if (!items)
        return AS_FAIL(err, AS_ENOMEM, "cannot look at the order of %zu pictures", n_all);
    for (size_t i = 0; i < n_all; i++) {
        const as_sample *s = as_manifest_at(set->manifest, i);
        if (*s->camera && as_sequence_of(s->name, &items[n].at))
            items[n++].sample = s;
    }
    if (n)
        qsort(items, n, sizeof *items, sequence_compare);
    sequence_look(items, n, &found);
    sequence_tell(&found, report);
    if (found.n_gaps + found.n_back == 0) {
        as_set_finding *f = as_set_report_add(report, &as_set_check_sequence, AS_CHECK_OK);
        f->n = n;
        if (n)
            snprintf(f->text, sizeof f->text,
                     "%zu numbered pictures of cameras, none left out, each later than the last", n);
        else
            snprintf(f->text, sizeof f->text, "no picture is of a camera and numbered");
    }
    free(items);
    return true;
}

const as_set_check as_set_check_sequence = {
    .name = "sequence",
    .summary = "no number is left out between a camera's pictures, and their times go forward",
    .run = sequence_run,
};
