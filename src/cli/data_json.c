/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/data_json.h"
#include "base/clock.h"

json_t *as_data_commit_json(const as_commit *commit)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_object(), *parents = json_array();
    for (size_t i = 0; i < commit->n_parents; i++)
        json_array_append_new(parents, json_string(as_digest_hex(&commit->parents[i], hex)));
    as_json_set(json, "commit", json_string(as_digest_hex(&commit->id, hex)));
    as_json_set(json, "manifest", json_string(as_digest_hex(&commit->manifest, hex)));
    as_json_set(json, "parents", parents);
    as_json_set(json, "author", json_string(commit->author));
    as_json_set(json, "message", json_string(commit->message));
    as_json_set(json, "time", json_string(as_clock_text(commit->utc, when)));
    as_json_set(json, "n_samples", json_integer((json_int_t)commit->n_samples));
    as_json_set(json, "n_bytes", json_integer((json_int_t)commit->n_bytes));
    as_json_set(json, "n_quarantined", json_integer((json_int_t)commit->n_quarantined));
    return json;
}

json_t *as_data_sample_json(const as_sample *s)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_object();
    as_json_set(json, "name", json_string(s->name));
    as_json_set(json, "class", json_string(s->label));
    as_json_set(json, "state", json_string(as_label_state_name(s->state)));
    as_json_set(json, "by", json_string(s->by ? s->by : ""));
    as_json_set(json, "n_findings", json_integer((json_int_t)s->n_findings));
    as_json_set(json, "split", json_string(as_split_name(s->split)));
    as_json_set(json, "part", json_string(s->part));
    as_json_set(json, "camera", json_string(s->camera));
    as_json_set(json, "image", json_string(as_digest_hex(&s->image, hex)));
    as_json_set(json, "format", json_string(s->format));
    as_json_set(json, "width_px", json_integer(s->width));
    as_json_set(json, "height_px", json_integer(s->height));
    as_json_set(json, "n_bytes", json_integer((json_int_t)s->n_bytes));
    as_json_set(json, "time", json_string(as_clock_text(s->utc, when)));
    as_json_set(json, "sharpness", as_json_number(s->sharpness));
    as_json_set(json, "clipped_ratio", as_json_number(s->clipped_ratio));
    as_json_set(json, "severity", as_json_number(s->severity));
    return json;
}
