/* SPDX-License-Identifier: Apache-2.0 */
#include "album/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Out of memory is an error like any other. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "album/gather.h"
#include "base/clock.h"

#define STATS_MOST_GROUPS 100000

static void stats_class(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    as_str_copy(text, AS_GROUP_NAME_BYTES, s->label);
}

static void stats_camera(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    as_str_copy(text, AS_GROUP_NAME_BYTES, s->camera);
}

static void stats_format(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    as_str_copy(text, AS_GROUP_NAME_BYTES, s->format);
}

static void stats_size(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    snprintf(text, AS_GROUP_NAME_BYTES, "%ux%u", s->width, s->height);
}

static void stats_day(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    char when[AS_CLOCK_TEXT_BYTES];
    snprintf(text, AS_GROUP_NAME_BYTES, "%.10s", s->utc ? as_clock_text(s->utc, when) : "");
}

static void stats_label(const as_sample *s, char text[AS_GROUP_NAME_BYTES])
{
    as_str_copy(text, AS_GROUP_NAME_BYTES, s->state == AS_LABEL_NONE ? "" : as_label_state_name(s->state));
}

static const as_grouping groupings[] = {
    {"class", "Class", "no class", false, stats_class},     {"label", "Label", "none", false, stats_label},
    {"camera", "Camera", "from files", true, stats_camera}, {"format", "Format", "unknown", false, stats_format},
    {"size", "Size in px", "unknown", false, stats_size},   {"day", "Day", "unknown", true, stats_day},
};

const as_grouping *as_grouping_at(size_t i)
{
    return i < AS_COUNT(groupings) ? &groupings[i] : NULL;
}

typedef struct stats_entry {
    as_group       group;
    UT_hash_handle hh;
} stats_entry;

static bool stats_count(stats_entry **map, const as_sample *s, const char *name)
{
    stats_entry *entry = NULL;
    HASH_FIND_STR(*map, name, entry);
    if (!entry) {
        entry = calloc(1, sizeof *entry);
        if (!entry)
            return false;
        as_str_copy(entry->group.name, sizeof entry->group.name, name);
        HASH_ADD_STR(*map, group.name, entry);
        if (!entry->hh.tbl) {
            free(entry);
            return false;
        }
    }
    entry->group.n[s->split]++;
    entry->group.all++;
    entry->group.n_bytes += s->n_bytes;
    return true;
}

static int stats_by_name(const void *a, const void *b)
{
    return strcmp(((const as_group *)a)->name, ((const as_group *)b)->name);
}

static int stats_by_count(const void *a, const void *b)
{
    const as_group *x = a, *y = b;
    return x->all != y->all ? x->all > y->all ? -1 : 1 : strcmp(x->name, y->name);
}

bool as_groups_make(const as_album *album, const as_grouping *by, as_groups *ret, as_err *err)
{
    stats_entry *map = NULL, *entry, *next;
    as_groups    groups = {0};
    bool         ok = true;
    for (size_t i = 0; ok && i < as_manifest_count(album->manifest); i++) {
        char name[AS_GROUP_NAME_BYTES] = "";
        by->name(as_manifest_at(album->manifest, i), name);
        ok = (stats_count(&map, as_manifest_at(album->manifest, i), name) ||
              AS_FAIL(err, AS_ENOMEM, "not enough memory")) &&
             (HASH_COUNT(map) <= STATS_MOST_GROUPS ||
              AS_FAIL(err, AS_ELIMIT, "samples differ in more than %d ways by their %s", STATS_MOST_GROUPS, by->key));
    }
    groups.at = ok ? calloc(HASH_COUNT(map) + 1, sizeof *groups.at) : NULL;
    ok = ok && (groups.at || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    HASH_ITER (hh, map, entry, next) {
        if (ok)
            groups.at[groups.n++] = entry->group;
        HASH_DEL(map, entry);
        free(entry);
    }
    if (!ok)
        return false;
    qsort(groups.at, groups.n, sizeof *groups.at, by->in_order ? stats_by_name : stats_by_count);
    *ret = groups;
    return true;
}

void as_groups_done(as_groups *groups)
{
    free(groups->at);
    *groups = (as_groups){0};
}

bool as_distribution_make(const as_album *album, const as_quantity *quantity, as_distribution *ret, as_err *err)
{
    size_t  n = as_manifest_count(album->manifest);
    double *values = calloc(n + 1, sizeof *values);
    bool    ok = values || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu values", n);
    *ret = (as_distribution){.limit = as_quantity_limit(quantity, album->spec)};
    for (size_t i = 0; ok && i < n; i++)
        values[i] = as_quantity_value(quantity, as_manifest_at(album->manifest, i), as_notes_of(album->notes, i));
    ok = ok && as_spread_make(&ret->spread, values, n, err);
    if (ok && ret->spread.n) {
        ret->bins = as_bins_for(quantity, &ret->spread, ret->limit);
        as_plot_count(ret->spread.values, ret->spread.n, ret->bins.low, ret->bins.high, ret->counts, ret->bins.n);
    }
    if (ok)
        ret->n_unknown = n - ret->spread.n;
    free(values);
    return ok;
}

void as_distribution_done(as_distribution *distribution)
{
    as_spread_done(&distribution->spread);
}

static json_t *stats_groups_json(const as_groups *groups)
{
    json_t *list = json_array();
    for (size_t i = 0; i < groups->n; i++) {
        const as_group *g = &groups->at[i];
        json_t         *one = json_object();
        as_json_set(one, "name", json_string(g->name));
        as_json_set(one, "n", json_integer((json_int_t)g->all));
        for (int s = 0; s < AS_SPLIT_COUNT; s++)
            as_json_set(one, as_split_name((as_split)s), json_integer((json_int_t)g->n[s]));
        as_json_set(one, "n_bytes", json_integer((json_int_t)g->n_bytes));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *stats_distribution_json(const as_distribution *d)
{
    static const struct {
        const char *key;
        double      q;
    } quantiles[] = {{"least", 0}, {"p05", 0.05}, {"median", 0.5}, {"p95", 0.95}, {"largest", 1}};
    json_t *json = json_object(), *counts = json_array();
    double  sum = 0;
    for (size_t i = 0; i < d->spread.n; i++)
        sum += d->spread.values[i];
    as_json_set(json, "n", json_integer((json_int_t)d->spread.n));
    as_json_set(json, "n_unknown", json_integer((json_int_t)d->n_unknown));
    as_json_set(json, "limit", as_json_number(d->limit));
    if (d->spread.n) {
        as_json_set(json, "mean", as_json_number(sum / (double)d->spread.n));
        for (size_t i = 0; i < AS_COUNT(quantiles); i++)
            as_json_set(json, quantiles[i].key, as_json_number(as_spread_quantile(&d->spread, quantiles[i].q)));
        for (size_t b = 0; b < d->bins.n; b++)
            json_array_append_new(counts, json_integer((json_int_t)d->counts[b]));
        as_json_set(json, "from", as_json_number(d->bins.low));
        as_json_set(json, "to", as_json_number(d->bins.high));
    }
    as_json_set(json, "counts", counts);
    return json;
}

json_t *as_stats_json(const as_album *album, as_err *err)
{
    json_t *json = json_object(), *by = json_object(), *spreads = json_object();
    char    hex[AS_SHA256_HEX_BYTES];
    bool    ok = true;
    as_json_set(json, "commit", json_string(as_digest_hex(&album->commit.id, hex)));
    as_json_set(json, "n_samples", json_integer((json_int_t)album->commit.n_samples));
    as_json_set(json, "n_bytes", json_integer((json_int_t)album->commit.n_bytes));
    for (size_t i = 0; ok && as_grouping_at(i); i++) {
        as_groups groups;
        ok = as_groups_make(album, as_grouping_at(i), &groups, err);
        if (ok) {
            as_json_set(by, as_grouping_at(i)->key, stats_groups_json(&groups));
            as_groups_done(&groups);
        }
    }
    for (size_t i = 0; ok && as_quantity_at(i); i++) {
        as_distribution d;
        ok = as_distribution_make(album, as_quantity_at(i), &d, err);
        if (ok)
            as_json_set(spreads, as_quantity_at(i)->key, stats_distribution_json(&d));
        as_distribution_done(&d);
    }
    as_json_set(json, "by", by);
    as_json_set(json, "distributions", spreads);
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}
