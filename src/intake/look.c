/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/erased.h"
#include "catalog/manifest.h"
#include "intake/quarantine.h"
#include "intake/state.h"

void as_check_trim(char *text)
{
    size_t n = strnlen(text, AS_CHECK_TEXT_BYTES - 1), at = 0;
    while (at < n) {
        size_t step = as_str_char_bytes(text + at, n - at);
        if (step == 0 && n - at < 4 && n == AS_CHECK_TEXT_BYTES - 1)
            break;
        at += step ? step : 1;
    }
    text[at] = '\0';
}

static bool look_refuse(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample,
                        const as_refusal *said, as_look *ret, as_err *err)
{
    as_refusal refusal = *said;
    refusal.sample = sample;
    ret->n_bytes = n;
    ret->level = AS_CHECK_QUARANTINE;
    ret->check = said->check;
    as_str_copy(ret->text, sizeof ret->text, said->why);
    as_check_trim(ret->text);
    /* With a ruling the picture is in quarantine already. */
    return intake->ruling || as_quarantine_put(intake->ws, &refusal, bytes, n, err);
}

bool as_look_refuse(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample, const char *check,
                    const char *why, as_look *ret, as_err *err)
{
    as_refusal refusal = {.check = check, .why = why, .withhold = intake->privacy != NULL};
    *ret = (as_look){.n_bytes = n};
    return look_refuse(intake, bytes, n, sample, &refusal, ret, err);
}

/* False only when nothing can be known about the picture because memory ran out. */
static bool look_decode(const uint8_t *bytes, size_t n, as_check_input *in, as_image *image, as_image_stats *stats,
                        as_codec_info *info, as_err *why, as_err *err)
{
    if (!as_codec_decode_luma(bytes, n, image, info, why)) {
        if (why->code == AS_ENOMEM)
            return as_err_set(err, why->code, "cannot decode '%s': %s", in->name, why->text);
        in->undecodable = why;
        return true;
    }
    /* What is too small for statistics is refused by its size. */
    return as_image_stats_of(image, stats, why) || why->code == AS_EINVAL ||
           as_err_set(err, why->code, "cannot measure '%s': %s", in->name, why->text);
}

/* stats: NULL where there are none. */
static void look_measure(as_look *look, const as_codec_info *info, const as_image_stats *stats)
{
    look->width = info->width;
    look->height = info->height;
    look->codec = info->codec;
    look->measured =
        (as_note){.black_ratio = NAN, .white_ratio = NAN, .mean = NAN, .contrast = NAN, .noise = NAN, .motion_px = NAN};
    look->sharpness = look->clipped_ratio = NAN;
    if (!stats)
        return;
    look->sharpness = stats->laplacian_variance;
    look->clipped_ratio = stats->clipped_low_ratio + stats->clipped_high_ratio;
    look->difference_hash = stats->difference_hash;
    look->map = stats->map;
    look->measured.black_ratio = stats->clipped_low_ratio;
    look->measured.white_ratio = stats->clipped_high_ratio;
    look->measured.mean = stats->mean;
    look->measured.contrast = stats->contrast;
    look->measured.noise = stats->noise;
    look->measured.motion_px = stats->motion.certainty >= AS_MOTION_CERTAIN ? stats->motion.length_px : 0;
}

/* A picture that somebody asked to forget: neither its bytes nor its name are kept again. */
static bool look_refuse_erased(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample,
                               as_look *ret, as_err *err)
{
    as_tombstone stone;
    as_sample    nameless = {.label = sample->label};
    char         why[AS_CHECK_TEXT_BYTES], when[AS_CLOCK_TEXT_BYTES], hex[AS_SHA256_HEX_BYTES], name[32];
    if (!as_store_erased(intake->ws->store, &ret->digest, &stone, err))
        return false;
    snprintf(why, sizeof why, "was erased at %s and does not come back: %.130s", as_clock_text(stone.utc, when),
             stone.reason);
    as_check_trim(why);
    snprintf(name, sizeof name, "erased/%.12s", as_digest_hex(&ret->digest, hex));
    nameless.name = name;
    return look_refuse(intake, bytes, n, &nameless, &(as_refusal){.check = "erased", .why = why, .withhold = true}, ret,
                       err);
}

/* bytes: fit to be written. */
static bool look_at(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample,
                    const char *privacy, as_look *ret, as_err *err)
{
    as_look        look = {.n_bytes = n, .digest = as_sha256_of(bytes, n)};
    as_image       image = {0};
    as_image_stats stats = {0};
    as_codec_info  info = {0};
    as_err         why = AS_ERR_NONE;
    if (as_digest_is_zero(&look.digest))
        return AS_FAIL(err, AS_ENOMEM, "cannot hash '%s': not enough memory", sample->name);
    look.is_known = as_intake_knows(intake, sample, &look.digest);
    *ret = look;
    if (as_image_is_erased(intake->ws, &look.digest))
        return look.is_known || look_refuse_erased(intake, bytes, n, sample, ret, err);
    if (look.is_known) /* its bytes are here again: if those in the store are damaged, these take their place */
        return as_store_put_hashed(intake->ws->store, bytes, n, &look.digest, NULL, err);
    if (strlen(sample->name) > AS_MANIFEST_NAME_BYTES)
        return look_refuse(intake, bytes, n, sample, &(as_refusal){.check = "name", .why = "its name is too long"}, ret,
                           err);
    as_check_input in = {.spec = intake->spec,
                         .name = sample->name,
                         .n_bytes = n,
                         .info = &info,
                         .image = &image,
                         .stats = &stats,
                         .label = sample->label,
                         .split = sample->split,
                         .part = sample->part ? sample->part : "",
                         .camera = sample->camera ? sample->camera : "",
                         .utc = sample->utc,
                         .reference = intake->reference,
                         .findings = sample->findings,
                         .n_findings = sample->n_findings,
                         .overruled = intake->ruling ? intake->ruling->overruled : 0};
    bool           ok = look_decode(bytes, n, &in, &image, &stats, &info, &why, err);
    if (ok)
        look.level = as_check_run(&in, false, &look, &look.check, look.text);
    as_image_done(&image);
    if (!ok)
        return false;
    look_measure(&look, &info, in.undecodable ? NULL : &stats);
    as_str_copy(look.privacy, sizeof look.privacy, privacy);
    *ret = look;
    if (look.level == AS_CHECK_QUARANTINE)
        return look_refuse(intake, bytes, n, sample, &(as_refusal){.check = look.check, .why = look.text, .look = ret},
                           ret, err);
    return as_store_put_hashed(intake->ws->store, bytes, n, &ret->digest, NULL, err);
}

bool as_look_at(const as_intake *intake, const uint8_t *bytes, size_t n, const as_sample *sample, as_look *ret,
                as_err *err)
{
    as_str           clean;
    as_privacy_found found;
    if (!intake->privacy)
        return look_at(intake, bytes, n, sample, "", ret, err);
    as_str_init(&clean);
    bool ok = as_privacy_clean(intake->privacy, bytes, n, &clean, &found, err) ||
              as_err_note(err, "cannot look for faces in '%.200s'", sample->name);
    if (ok && found.why[0])
        ok = as_look_refuse(intake, bytes, n, sample, "privacy", found.why, ret, err);
    else if (ok)
        ok = look_at(intake, (const uint8_t *)clean.s, clean.len, sample, found.record, ret, err);
    as_str_done(&clean);
    return ok;
}
