/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/privacy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/codec.h"
#include "intake/redact.h"
#include "intake/strip.h"

#define PRIVACY_ROUNDS     4 /* a cover can look like a face to a detector, with what is around it */
#define PRIVACY_SIZES      16
#define PRIVACY_JPEG       95
#define PRIVACY_PNG_EFFORT 6

struct as_privacy {
    as_face_finder    *finder;
    const as_redactor *redactor;
    double             sensitivity, margin;
    bool               refuses;
};

typedef struct privacy_job {
    as_privacy       *privacy;
    const uint8_t    *bytes;
    size_t            n;
    as_image          image;
    as_codec_info     info;
    as_faces          faces, all;
    as_str           *out;
    as_privacy_found *found;
} privacy_job;

bool as_privacy_open(const as_spec *spec, const char *root, as_privacy **ret, as_err *err)
{
    *ret = NULL;
    if (spec->faces != AS_FACES_REDACT && spec->faces != AS_FACES_REFUSE)
        return true;
    as_privacy *privacy = calloc(1, sizeof *privacy);
    if (!privacy)
        return AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
    privacy->redactor = as_redactor_at((size_t)spec->redaction - 1);
    privacy->sensitivity = spec->face_sensitivity;
    privacy->margin = spec->face_margin;
    privacy->refuses = spec->faces == AS_FACES_REFUSE;
    privacy->finder = as_face_finder_open(spec->face_detector, root, err);
    if (!privacy->finder || !privacy->redactor) {
        as_privacy_close(privacy);
        return false;
    }
    *ret = privacy;
    return true;
}

as_privacy *as_privacy_close(as_privacy *privacy)
{
    if (privacy)
        as_face_finder_close(privacy->finder);
    free(privacy);
    return NULL;
}

static void privacy_record(privacy_job *job)
{
    const as_privacy *p = job->privacy;
    char             *text = job->found->record;
    int               at = snprintf(text, AS_PRIVACY_RECORD_BYTES, "faces %zu", job->all.n);
    for (size_t i = 0; i < AS_MIN(job->all.n, (size_t)PRIVACY_SIZES); i++)
        at += snprintf(text + at, AS_PRIVACY_RECORD_BYTES - (size_t)at, "%s%.0fx%.0f", i ? " " : " (",
                       job->all.at[i].width, job->all.at[i].height);
    snprintf(text + at, AS_PRIVACY_RECORD_BYTES - (size_t)at, "%s, %s %s at %.4g%s%s",
             job->all.n > PRIVACY_SIZES ? " ...)"
             : job->all.n               ? ")"
                                        : "",
             as_face_finder_name(p->finder), as_face_finder_version(p->finder), p->sensitivity, job->all.n ? ", " : "",
             job->all.n ? p->redactor->name : "");
    job->found->n_faces = job->all.n;
}

static bool privacy_encode(privacy_job *job, as_err *err)
{
    as_str_clear(job->out);
    if (job->info.codec != AS_CODEC_JPEG)
        return as_codec_encode_png(&job->image, PRIVACY_PNG_EFFORT, job->out, err);
    return as_codec_encode_jpeg_sampled(&job->image, PRIVACY_JPEG, as_strip_jpeg_sampling(job->bytes, job->n), job->out,
                                        err);
}

/* As it will be read back: what is looked at is what is written. */
static bool privacy_reload(privacy_job *job, as_err *err)
{
    as_image_done(&job->image);
    job->image = (as_image){0};
    return as_codec_decode((const uint8_t *)job->out->s, job->out->len, &job->image, NULL, err);
}

static bool privacy_cover(privacy_job *job, as_err *err)
{
    as_privacy *p = job->privacy;
    for (int round = 0; round < PRIVACY_ROUNDS; round++) {
        for (size_t i = 0; i < job->faces.n; i++)
            if (!as_vec_push(&job->all, job->faces.at[i]))
                return AS_FAIL(err, AS_ENOMEM, "cannot cover faces: not enough memory");
        as_redact(&job->image, &job->all, p->redactor, p->margin);
        if (!privacy_encode(job, err) || !privacy_reload(job, err) ||
            !as_face_find(p->finder, &job->image, p->sensitivity, &job->faces, err))
            return false;
        if (job->faces.n == 0)
            return true;
    }
    snprintf(job->found->why, sizeof job->found->why, "still looks like a face after %d rounds of redaction",
             PRIVACY_ROUNDS);
    return true;
}

static bool privacy_pass(privacy_job *job, as_err *err)
{
    as_str_clear(job->out);
    /* Nobody looked at what lies under transparent pixels: it is not kept. */
    if (!job->info.has_alpha && job->info.orientation == 1 && as_strip(job->bytes, job->n, job->out)) {
        as_codec_info info;
        as_err        why = AS_ERR_NONE;
        if (as_codec_probe((const uint8_t *)job->out->s, job->out->len, &info, &why))
            return true;
    }
    return privacy_encode(job, err);
}

static bool privacy_run(privacy_job *job, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (!as_codec_decode(job->bytes, job->n, &job->image, &job->info, &why)) {
        if (why.code == AS_ENOMEM)
            return as_err_set(err, why.code, "%s", why.text);
        snprintf(job->found->why, sizeof job->found->why, "cannot be decoded (%s), so nobody knows what it shows",
                 as_err_default_text(why.code));
        return true;
    }
    if (!as_face_find(job->privacy->finder, &job->image, job->privacy->sensitivity, &job->faces, err))
        return false;
    if (job->faces.n && job->privacy->refuses) {
        snprintf(job->found->why, sizeof job->found->why, "shows %zu face%s, and privacy.faces is refuse", job->faces.n,
                 job->faces.n == 1 ? "" : "s");
        return true;
    }
    return job->faces.n ? privacy_cover(job, err) : privacy_pass(job, err);
}

bool as_privacy_clean(as_privacy *privacy, const uint8_t *bytes, size_t n, as_str *out, as_privacy_found *ret,
                      as_err *err)
{
    *ret = (as_privacy_found){0};
    privacy_job job = {.privacy = privacy, .bytes = bytes, .n = n, .out = out, .found = ret};
    bool        ok = privacy_run(&job, err);
    if (ok) {
        as_faces_merge(&job.all);
        privacy_record(&job);
    }
    if (!ok || ret->why[0])
        as_str_clear(out);
    as_image_done(&job.image);
    as_vec_done(&job.faces);
    as_vec_done(&job.all);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot clean a picture: not enough memory"));
}
