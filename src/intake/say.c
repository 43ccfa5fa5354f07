/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "intake/state.h"

const as_vote *as_said_by(const as_sample *sample, const char *by, as_vote *ret)
{
    if (sample->state != AS_LABEL_NONE && sample->by && *sample->by && strcmp(sample->by, by) == 0) {
        *ret = (as_vote){.by = sample->by,
                         .label = sample->label,
                         .state = sample->state,
                         .said_utc = sample->said_utc,
                         .findings = sample->findings,
                         .n_findings = sample->n_findings};
        return ret;
    }
    for (size_t i = 0; i < sample->n_votes; i++) {
        if (strcmp(sample->votes[i].by, by) == 0) {
            *ret = sample->votes[i];
            return ret;
        }
    }
    return NULL;
}

typedef struct say_votes {
    as_vote at[AS_VOTE_MAX];
    size_t  n;
} say_votes;

/* One more; where there is no room, the oldest goes: it stays in the versions before. */
static void say_add(say_votes *votes, const as_vote *vote)
{
    if (votes->n == AS_VOTE_MAX) {
        size_t oldest = 0;
        for (size_t i = 1; i < votes->n; i++)
            if (votes->at[i].said_utc < votes->at[oldest].said_utc)
                oldest = i;
        memmove(&votes->at[oldest], &votes->at[oldest + 1], (votes->n - oldest - 1) * sizeof votes->at[0]);
        votes->n--;
    }
    votes->at[votes->n++] = *vote;
}

static void say_keep_others(say_votes *votes, const as_sample *was, const char *by)
{
    votes->n = 0;
    for (size_t i = 0; i < was->n_votes; i++)
        if (strcmp(was->votes[i].by, by) != 0)
            say_add(votes, &was->votes[i]);
}

/* The same class and the same outlines, whoever said so and when. */
static bool say_same(const as_vote *a, const as_sample *b)
{
    bool same = strcmp(a->label, b->label) == 0 && a->n_findings == b->n_findings;
    for (size_t i = 0; same && i < a->n_findings; i++)
        same = strcmp(a->findings[i].label, b->findings[i].label) == 0 &&
               memcmp(a->findings[i].box, b->findings[i].box, sizeof a->findings[i].box) == 0 &&
               strcmp(a->findings[i].geometry, b->findings[i].geometry) == 0;
    return same;
}

static bool say_as_label(as_manifest *manifest, size_t at, const as_sample *said, as_err *err)
{
    const as_sample *was = as_manifest_at(manifest, at);
    as_sample        now = *said;
    as_vote          before;
    say_votes        votes;
    say_keep_others(&votes, was, said->by);
    if (was->by && *was->by && strcmp(was->by, said->by) != 0 && as_said_by(was, was->by, &before))
        say_add(&votes, &before);
    now.votes = votes.at;
    now.n_votes = (uint8_t)votes.n;
    return as_manifest_set_label(manifest, at, &now, err);
}

static bool say_as_vote(as_manifest *manifest, size_t at, const as_sample *said, as_err *err)
{
    as_sample now = *as_manifest_at(manifest, at);
    as_vote   mine = {.by = said->by,
                      .label = said->label,
                      .state = said->state,
                      .said_utc = said->said_utc,
                      .findings = said->findings,
                      .n_findings = said->n_findings};
    say_votes votes;
    say_keep_others(&votes, &now, said->by);
    say_add(&votes, &mine);
    now.votes = votes.at;
    now.n_votes = (uint8_t)votes.n;
    return as_manifest_set_label(manifest, at, &now, err);
}

bool as_say(as_manifest *manifest, size_t at, const as_sample *said, bool is_vote, bool *ret_changed, as_err *err)
{
    const as_sample *was = as_manifest_at(manifest, at);
    const bool       nothing = !*said->label && said->n_findings == 0;
    as_vote          mine, label;
    *ret_changed = true;
    if (nothing && is_vote)
        return AS_FAIL(err, AS_EINVAL, "a vote on sample '%.200s' must say something", was->name);
    if (nothing) {
        *ret_changed = was->state != AS_LABEL_NONE;
        return as_manifest_set_label(manifest, at, &(as_sample){.label = ""}, err);
    }
    const bool by_me = was->by && strcmp(was->by, said->by) == 0;
    const bool stands = was->state >= AS_LABEL_GIVEN && !by_me;
    const bool has_who = was->by && *was->by && as_said_by(was, was->by, &label);
    const bool has_mine = as_said_by(was, said->by, &mine) != NULL;
    as_sample  now = *said;
    /* The same again, by another: he agrees, and the label stays whose it is. What he drew is his, and nothing else. */
    const bool agrees = stands && has_who && said->state == AS_LABEL_GIVEN && say_same(&label, said);
    if (agrees && !is_vote) {
        const bool same = has_mine && strcmp(mine.label, said->label) == 0;
        now.findings = same ? mine.findings : NULL;
        now.n_findings = same ? mine.n_findings : 0;
    }
    if (has_mine && say_same(&mine, &now) && mine.state == said->state && (by_me || is_vote || agrees)) {
        *ret_changed = false;
        return true;
    }
    return stands && (is_vote || agrees || said->state == AS_LABEL_PROPOSED) ? say_as_vote(manifest, at, &now, err)
                                                                             : say_as_label(manifest, at, &now, err);
}

void as_say_who(const char *by, char ret[AS_SAY_BY_BYTES])
{
    char author[128];
    as_intake_author(author, sizeof author);
    snprintf(ret, AS_SAY_BY_BYTES, "%s%s", by ? "" : "person:", by ? by : author);
}

bool as_say_find(const as_manifest *manifest, const char *name, size_t *ret, as_err *err)
{
    const as_sample *sample = as_manifest_find(manifest, name);
    if (sample) {
        *ret = (size_t)(sample - as_manifest_at(manifest, 0));
        return true;
    }
    size_t       n = as_manifest_count(manifest);
    const char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = as_manifest_at(manifest, i)->name;
    const char *near = names ? as_str_nearest(name, names, n) : NULL;
    AS_FAIL(err, AS_ENOTFOUND, "no sample is called '%.200s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : " (see: assay data ls)");
    free(names);
    return false;
}

static bool say_has_test(const as_manifest *manifest)
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        if (as_manifest_at(manifest, i)->split == AS_SPLIT_TEST)
            return true;
    return false;
}

/* Where there is a test already, all that is new goes to training, but for what shows a part that is elsewhere. */
static bool say_split(as_manifest *manifest, const as_spec *spec, uint64_t seed, as_err *err)
{
    bool         fixed = say_has_test(manifest);
    bool         given[AS_SPLIT_COUNT] = {[AS_SPLIT_VALIDATION] = fixed, [AS_SPLIT_TEST] = fixed};
    as_split_cfg cfg = {.given = given, .seed = seed};
    return as_split_manifest(manifest, spec, &cfg, NULL, err);
}

/* What had a label and no split before was set aside (split.h): that somebody labels another sample brings it into none. */
static bool say_keep_aside(as_workspace *ws, as_manifest *manifest, const as_commit *before, as_err *err)
{
    as_manifest *was = as_commit_manifest(ws, before, err);
    for (size_t i = 0; was && i < as_manifest_count(was); i++) {
        const as_sample *old = as_manifest_at(was, i), *now = as_manifest_find(manifest, old->name);
        if (now && old->split == AS_SPLIT_NONE && old->state >= AS_LABEL_GIVEN)
            as_manifest_set_split(manifest, (size_t)(now - as_manifest_at(manifest, 0)), AS_SPLIT_NONE);
    }
    as_manifest_free(was);
    return was != NULL;
}

bool as_say_commit(as_workspace *ws, const as_spec *spec, as_manifest *manifest, uint64_t seed, const as_commit *before,
                   const as_digest *restores, const char *message, as_commit *ret, as_err *err)
{
    as_commit commit = {.utc = as_clock_utc(), .n_parents = 1, .parents = {before->id}};
    as_str_copy(commit.message, sizeof commit.message, message);
    as_intake_author(commit.author, sizeof commit.author);
    if (restores)
        commit.restores = *restores;
    if ((spec && (!say_split(manifest, spec, seed, err) || !say_keep_aside(ws, manifest, before, err))) ||
        !as_commit_write(ws, manifest, &commit, err))
        return false;
    *ret = commit;
    return true;
}
