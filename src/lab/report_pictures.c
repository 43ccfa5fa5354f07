/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report_page.h"

#define PICTURE_EXAMPLE_PX 240u
#define PICTURE_MOST       12u /* classes of which an example is shown */

/* The sample's picture with its longer side at most side_px. */
static bool picture_make(const as_report *report, size_t sample, uint32_t side_px, as_page_picture *ret, as_err *err)
{
    as_image image = {0};
    bool     ok =
        as_dataset_decode(report->dataset, sample, &image, err) && as_page_picture_make(&image, side_px, ret, err);
    as_image_done(&image);
    return ok;
}

static as_mistake picture_judge(const as_report *report, size_t i)
{
    const as_outcome *o = &report->eval.parts[i];
    double            point = report->eval.point.reject_from;
    as_mistake        m = {.kind = AS_MISTAKE_NEAR, .outcome = i, .badness = -fabs(o->reject_score - point)};
    if (o->truth_verdict == AS_VERDICT_REJECT && o->verdict == AS_VERDICT_PASS) {
        m.kind = AS_MISTAKE_ESCAPE;
        m.badness = -o->reject_score;
    } else if (o->truth_verdict == AS_VERDICT_PASS && o->verdict == AS_VERDICT_REJECT) {
        m.kind = AS_MISTAKE_OVERKILL;
        m.badness = o->reject_score;
    } else if (o->truth != o->found) {
        m.kind = AS_MISTAKE_CLASS;
        m.badness = o->confidence;
    }
    return m;
}

static int picture_order(const void *a, const void *b)
{
    const as_mistake *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->badness != y->badness)
        return x->badness > y->badness ? -1 : 1;
    return x->outcome < y->outcome ? -1 : x->outcome > y->outcome;
}

bool as_report_load_mistakes(as_report *report, as_err *err)
{
    as_mistake *all = calloc(report->eval.n_parts + 1, sizeof *all);
    bool        ok = all || AS_FAIL(err, AS_ENOMEM, "cannot hold the mistakes");
    for (size_t i = 0; ok && i < report->eval.n_parts; i++) {
        all[i] = picture_judge(report, i);
        report->n_of_kind[all[i].kind]++;
    }
    if (ok)
        qsort(all, report->eval.n_parts, sizeof *all, picture_order);
    /* What is right fills two rows of four, no more. */
    size_t mistakes = report->eval.n_parts - report->n_of_kind[AS_MISTAKE_NEAR];
    size_t wanted = AS_MIN(AS_MAX(mistakes, (size_t)8), (size_t)AS_REPORT_MOST_MISTAKES);
    for (size_t i = 0; ok && i < report->eval.n_parts && i < wanted; i++) {
        as_mistake m = all[i];
        ok = picture_make(report, report->eval.scored[report->eval.parts[m.outcome].scored].sample, AS_REPORT_THUMB_PX,
                          &m.picture, err);
        if (ok)
            report->mistakes[report->n_mistakes++] = m;
    }
    free(all);
    return ok;
}

/* The first training picture of each class; where there is none, any. */
bool as_report_load_examples(as_report *report, as_err *err)
{
    size_t n_classes = AS_MIN(report->spec->n_classes, (size_t)PICTURE_MOST);
    for (size_t c = 0; c < n_classes; c++) {
        size_t found = SIZE_MAX;
        for (size_t i = 0; i < as_dataset_count(report->dataset); i++) {
            bool train = as_dataset_sample(report->dataset, i)->split == AS_SPLIT_TRAIN;
            if (as_dataset_class(report->dataset, i) != c || (!train && found != SIZE_MAX))
                continue;
            found = i;
            if (train)
                break;
        }
        if (found != SIZE_MAX && !picture_make(report, found, PICTURE_EXAMPLE_PX, &report->examples[c], err))
            return false;
    }
    return true;
}
