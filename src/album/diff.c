/* SPDX-License-Identifier: Apache-2.0 */
#include "album/diff.h"

#include <string.h>

static bool diff_same_findings(const as_sample *a, const as_sample *b)
{
    if (a->n_findings != b->n_findings)
        return false;
    for (size_t i = 0; i < a->n_findings; i++) {
        const as_finding *x = &a->findings[i], *y = &b->findings[i];
        if (strcmp(x->label, y->label) != 0 || x->outline != y->outline || memcmp(x->box, y->box, sizeof x->box) != 0 ||
            strcmp(x->geometry, y->geometry) != 0)
            return false;
    }
    return true;
}

static unsigned diff_what(const as_sample *a, const as_sample *b)
{
    unsigned what = 0;
    if (!as_digest_equal(&a->image, &b->image))
        what |= AS_CHANGE_PICTURE;
    if (strcmp(a->label, b->label) != 0)
        what |= AS_CHANGE_CLASS;
    else if (a->state != b->state || !diff_same_findings(a, b))
        what |= AS_CHANGE_LABEL;
    if (a->split != b->split)
        what |= AS_CHANGE_SPLIT;
    if (strcmp(a->part, b->part) != 0)
        what |= AS_CHANGE_PART;
    return what;
}

bool as_diff_make(const as_manifest *a, const as_manifest *b, as_diff *ret, as_err *err)
{
    as_diff diff = {.n_relabelled = 0};
    size_t  i = 0, k = 0;
    bool    ok = true;
    while (ok && (i < as_manifest_count(a) || k < as_manifest_count(b))) {
        as_change change = {.before = as_manifest_at(a, i), .after = as_manifest_at(b, k)};
        int       order = !change.before ? 1 : !change.after ? -1 : strcmp(change.before->name, change.after->name);
        i += order <= 0;
        k += order >= 0;
        if (order < 0) {
            change.after = NULL;
            ok = as_vec_push(&diff.removed, change);
        } else if (order > 0) {
            change.before = NULL;
            ok = as_vec_push(&diff.added, change);
        } else if ((change.what = diff_what(change.before, change.after)) != 0) {
            diff.n_relabelled += (change.what & (AS_CHANGE_CLASS | AS_CHANGE_LABEL)) != 0;
            diff.n_moved += (change.what & AS_CHANGE_SPLIT) != 0;
            diff.n_pictures += (change.what & AS_CHANGE_PICTURE) != 0;
            ok = as_vec_push(&diff.changed, change);
        }
    }
    if (ok)
        *ret = diff;
    else
        as_diff_done(&diff);
    return ok || AS_FAIL(err, AS_ENOMEM, "cannot compare two versions: not enough memory");
}

void as_diff_done(as_diff *diff)
{
    as_vec_done(&diff->added);
    as_vec_done(&diff->removed);
    as_vec_done(&diff->changed);
}
