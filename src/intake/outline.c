/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "image/codec.h"
#include "image/mask.h"
#include "intake/intake.h"
#include "intake/say.h"
#include "intake/scan.h"
#include "intake/state.h"

extern const as_check as_check_labels;

bool as_outline_read_mask(const uint8_t *bytes, size_t n, uint32_t width, uint32_t height, as_str *geometry,
                          double ret_box[4], as_err *err)
{
    as_image image = {0};
    as_mask  mask = {0};
    uint8_t *inside = NULL;
    if (!as_codec_decode(bytes, n, &image, NULL, err))
        return false;
    bool ok = image.width == width && image.height == height;
    if (!ok)
        AS_FAIL(err, AS_EINVAL, "the mask is %ux%u pixels, and the picture %ux%u", image.width, image.height, width,
                height);
    if (ok && !(inside = calloc(height, width)))
        ok = AS_FAIL(err, AS_ENOMEM, "cannot hold a mask of %ux%u pixels", width, height);
    const size_t channels = as_pixel_bytes(image.pixel);
    for (size_t y = 0; ok && y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < channels; c++)
                inside[y * width + x] |= image.data[y * image.stride_bytes + x * channels + c] != 0;
    ok = ok && as_mask_from_pixels(inside, width, width, height, 1, &mask, err);
    if (ok && as_mask_area(&mask) == 0)
        ok = AS_FAIL(err, AS_EINVAL, "the mask is black: what belongs to it must not be");
    if (ok)
        as_mask_bounds(&mask, ret_box);
    ok = ok && as_mask_add_text(&mask, geometry, err);
    as_mask_done(&mask);
    as_image_done(&image);
    free(inside);
    return ok;
}

static bool outline_check(const as_spec *spec, const as_sample *s, const as_finding *add, as_err *err)
{
    char           text[AS_CHECK_TEXT_BYTES] = "";
    as_codec_info  info = {.width = s->width, .height = s->height};
    as_check_input in = {.spec = spec, .name = s->name, .info = &info, .findings = add, .n_findings = 1};
    if (!as_intake_check_class(spec, add->label, "class", "", err) || !as_finding_check(add, err))
        return false;
    return as_check_labels.run(&in, text) == AS_CHECK_OK ||
           AS_FAIL(err, AS_EINVAL, "cannot add it to '%.200s': %s", s->name, text);
}

static bool outline_is(const as_finding *a, const as_finding *b)
{
    return a->outline == b->outline && strcmp(a->label, b->label) == 0 && memcmp(a->box, b->box, sizeof a->box) == 0 &&
           strcmp(a->geometry, b->geometry) == 0;
}

/* The outlines there will be. *n: how many; heap. */
static as_finding *outline_list(const as_outline_cfg *cfg, const as_sample *s, const as_vote *was, size_t *ret_n,
                                as_err *err)
{
    size_t      n = was ? was->n_findings : 0, at = 0;
    as_finding *list = calloc(n + 2, sizeof *list);
    if (!list) {
        AS_FAIL(err, AS_ENOMEM, "not enough memory");
        return NULL;
    }
    bool ok = true;
    if (!cfg->add && (cfg->remove < 1 || cfg->remove > n))
        ok = AS_FAIL(err, AS_ENOTFOUND, "sample '%.200s' has %zu outline%s%s: there is no number %zu", s->name, n,
                     n == 1 ? "" : "s", cfg->is_vote ? " of yours" : "", cfg->remove);
    for (size_t i = 0; ok && i < n; i++) {
        if (cfg->add && outline_is(cfg->add, &was->findings[i]))
            ok = AS_FAIL(err, AS_EINVAL, "sample '%.200s' has that %s already", s->name,
                         as_outline_name(cfg->add->outline));
        if (cfg->add || i + 1 != cfg->remove)
            list[at++] = was->findings[i];
    }
    if (cfg->add)
        list[at++] = *cfg->add;
    if (ok) {
        *ret_n = at;
        return list;
    }
    free(list);
    return NULL;
}

/* The worst of the class it has and those of its outlines. */
static const char *outline_class(const as_outline_cfg *cfg, const as_vote *was, const as_finding *list, size_t n)
{
    if (!cfg->add && was)
        return was->label;
    const char *worst = as_scan_label_of(cfg->spec, list, n);
    as_finding  both[] = {{.label = was ? was->label : ""}, {.label = worst}};
    return was && as_spec_class(cfg->spec, was->label) >= 0 ? as_scan_label_of(cfg->spec, both, 2) : worst;
}

static bool outline_say(const as_outline_cfg *cfg, as_manifest *manifest, size_t at, const char *by, as_err *err)
{
    const as_sample *s = as_manifest_at(manifest, at);
    as_vote          room;
    const as_vote   *was = as_said_by(s, by, &room);
    size_t           n = 0;
    bool             changed;
    if (!cfg->is_vote) { /* the label itself, whoever gave it */
        room = (as_vote){.label = s->label, .findings = s->findings, .n_findings = s->n_findings};
        was = s->state == AS_LABEL_NONE ? NULL : &room;
    }
    as_finding *list =
        !cfg->add || outline_check(cfg->spec, s, cfg->add, err) ? outline_list(cfg, s, was, &n, err) : NULL;
    if (!list)
        return false;
    as_sample said = {.label = outline_class(cfg, was, list, n),
                      .state = AS_LABEL_GIVEN,
                      .by = by,
                      .said_utc = cfg->utc ? cfg->utc : as_clock_utc(),
                      .findings = list,
                      .n_findings = (uint32_t)n};
    bool      ok = as_say(manifest, at, &said, cfg->is_vote, &changed, err);
    free(list);
    return ok;
}

bool as_outline_apply(as_workspace *ws, const as_outline_cfg *cfg, as_label_result *ret, as_err *err)
{
    as_label_result result = {.n_selected = 1, .n_changed = 1};
    as_commit       newest;
    char            by[AS_SAY_BY_BYTES], message[512];
    size_t          at;
    as_manifest    *manifest = NULL;
    as_say_who(cfg->by, by);
    bool ok = as_commit_find(ws, "main", &newest, err) && (manifest = as_commit_manifest(ws, &newest, err)) != NULL &&
              as_say_find(manifest, cfg->name, &at, err) && outline_say(cfg, manifest, at, by, err);
    /* Without the sample's name: a message cannot be forgotten (docs/guide/erasure.md). */
    if (cfg->add)
        snprintf(message, sizeof message, "label: a %s of %.100s%s by %.100s", as_outline_name(cfg->add->outline),
                 cfg->add->label, cfg->is_vote ? " (vote)" : "", by);
    else
        snprintf(message, sizeof message, "label: outline %zu of a sample removed%s by %.100s", cfg->remove,
                 cfg->is_vote ? " (vote)" : "", by);
    ok = ok && as_say_commit(ws, cfg->spec, manifest, cfg->seed, &newest, NULL, message, &result.commit, err);
    as_manifest_free(manifest);
    if (ok)
        *ret = result;
    return ok;
}

bool as_outline_size(as_workspace *ws, const char *name, uint32_t *ret_width, uint32_t *ret_height, as_err *err)
{
    as_commit    newest;
    size_t       at;
    as_manifest *manifest = NULL;
    bool ok = as_commit_find(ws, "main", &newest, err) && (manifest = as_commit_manifest(ws, &newest, err)) != NULL &&
              as_say_find(manifest, name, &at, err);
    if (ok) {
        *ret_width = as_manifest_at(manifest, at)->width;
        *ret_height = as_manifest_at(manifest, at)->height;
    }
    as_manifest_free(manifest);
    return ok;
}
