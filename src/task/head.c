/* SPDX-License-Identifier: Apache-2.0 */
#include "task/head.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/head_priv.h"

#define HEAD_SCORE_MIN 0.25f
#define HEAD_IOU_MAX   0.45f
#define HEAD_N_MAX     100
#define HEAD_AREA_MIN  8
#define HEAD_OVER_ONE  1e-3f /* a score may be above 1 by rounding */
#define HEAD_WORD      48

#define X(name) extern const as_head_kind as_head_kind_##name;
#include "task/head_list.inc"
#undef X

static const as_head_kind *const head_kinds[] = {
#define X(name) &as_head_kind_##name,
#include "task/head_list.inc"
#undef X
};

const as_head_kind *as_head_kind_at(size_t i)
{
    return i < AS_COUNT(head_kinds) ? head_kinds[i] : NULL;
}

const as_head_kind *as_head_kind_of(const as_head *head)
{
    return head->kind;
}

uint32_t as_head_n_classes(const as_head *head)
{
    return head->n_classes;
}

/* --- what the heads ask --- */

bool as_head_is(const as_head_io *io, size_t i, int rank, uint32_t dims[AS_TENSOR_MAX_RANK])
{
    return as_head_is_counted(io, i, rank, -1, 0, dims);
}

bool as_head_is_counted(const as_head_io *io, size_t i, int rank, int axis, uint32_t most,
                        uint32_t dims[AS_TENSOR_MAX_RANK])
{
    const as_port *port = i < io->n_outputs ? &io->outputs[i] : NULL;
    if (!port || port->dtype != AS_DTYPE_F32 || port->shape.rank != rank || port->shape.dims[0] != 1)
        return false;
    for (int k = 1; k < rank; k++) {
        const int64_t n = k == axis && port->shape.dims[k] < 0 && io->word ? most : port->shape.dims[k];
        if (n < 1 || n > INT32_MAX)
            return false;
        dims[k - 1] = (uint32_t)n;
    }
    return true;
}

size_t as_head_grid(as_head *head, const as_head_io *io, uint32_t first, uint32_t n)
{
    size_t places = 0;
    head->n_levels = AS_MIN(n, (uint32_t)HEAD_MAX_LEVELS);
    for (uint32_t i = 0; i < head->n_levels; i++) {
        as_head_level *level = &head->levels[i];
        level->stride = first << i;
        level->width = (io->width + level->stride - 1) / level->stride;
        level->height = (io->height + level->stride - 1) / level->stride;
        places += (size_t)level->width * level->height;
    }
    return places;
}

uint32_t as_head_maps(as_head *head, const as_head_io *io, size_t first, uint32_t n_maps, uint32_t role, uint32_t n)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    bool     taken[AS_COUNT(head->levels)] = {false};
    for (uint32_t i = 0; i < n_maps; i++) {
        if (!as_head_is(io, first + i, 4, dims) || (n && dims[0] != n))
            return 0;
        n = dims[0];
        uint32_t at = i;
        if (role == 0)
            for (; at > 0 && head->levels[at - 1].width < dims[2]; at--)
                head->levels[at] = head->levels[at - 1];
        else
            for (at = 0; at < n_maps && (head->levels[at].width != dims[2] || head->levels[at].height != dims[1]); at++)
                ;
        if (at == n_maps || io->width % dims[2] || io->width / dims[2] * dims[1] != io->height)
            return 0;
        if (role == 0 ? at > 0 && head->levels[at - 1].width == dims[2] : taken[at])
            return 0; /* two maps of one size: another level would be left without */
        taken[at] = true;
        head->levels[at].out[role] = (int)(first + i);
        head->levels[at].width = dims[2];
        head->levels[at].height = dims[1];
        head->levels[at].stride = io->width / dims[2];
    }
    head->n_levels = n_maps;
    head->n_anchors = 0;
    for (uint32_t i = 0; i < n_maps; i++)
        head->n_anchors += (size_t)head->levels[i].width * head->levels[i].height;
    return n;
}

bool as_head_no_number(const as_head *head, as_err *err)
{
    return AS_FAIL(err, AS_ECORRUPT, "the model's answer has a score that is no finite number (head '%s')",
                   head->kind->name);
}

bool as_head_add(as_head *head, const as_box *box, as_err *err)
{
    if (!(box->score >= 0 && box->score <= 1 + HEAD_OVER_ONE))
        return AS_FAIL(err, AS_ECORRUPT, "the model's answer has a score of %g, not one from 0 to 1 (head '%s')",
                       (double)box->score, head->kind->name);
    if (!isfinite(box->x0) || !isfinite(box->y0) || !isfinite(box->x1) || !isfinite(box->y1))
        return AS_FAIL(err, AS_ECORRUPT,
                       "the model's answer has a box with a corner that is no finite number "
                       "(head '%s')",
                       head->kind->name);
    if (!(box->x1 > box->x0 && box->y1 > box->y0))
        return true;
    if (head->n_found == head->n_anchors)
        return AS_FAIL(err, AS_ELIMIT, "the model's answer has more than %zu candidates (head '%s')", head->n_anchors,
                       head->kind->name);
    head->found[head->n_found] = *box;
    head->found[head->n_found++].score = AS_MIN(box->score, 1.0f);
    return true;
}

bool as_head_add_middle(as_head *head, float x, float y, float width, float height, as_box box, as_err *err)
{
    box.x0 = x - width / 2;
    box.y0 = y - height / 2;
    box.x1 = x + width / 2;
    box.y1 = y + height / 2;
    return as_head_add(head, &box, err);
}

/* --- choosing --- */

/* Words of either side are compared without regard to case, blanks, dashes and underlines. */
static void head_plain(const char *word, size_t n, char ret[HEAD_WORD])
{
    size_t used = 0;
    for (size_t i = 0; i < n && used < HEAD_WORD - 1; i++)
        if (isalnum((unsigned char)word[i]))
            ret[used++] = (char)tolower((unsigned char)word[i]);
    ret[used] = '\0';
}

static bool head_same(const char *a, size_t n, const char *plain)
{
    char one[HEAD_WORD];
    head_plain(a, n, one);
    return strcmp(one, plain) == 0;
}

static bool head_has_word(const as_head_kind *kind, const char *plain)
{
    if (head_same(kind->name, strlen(kind->name), plain))
        return true;
    for (const char *at = kind->words; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (head_same(at, n, plain))
            return true;
        at += n;
    }
    return false;
}

/* "'boxes' f32 1x8400x4, 'scores' f32 1x8400x80" */
static void head_seen(const as_head_io *io, as_str *out)
{
    char shape[AS_TENSOR_MAX_RANK * 24];
    for (size_t i = 0; i < io->n_outputs && i < 6; i++) {
        as_str_add(out, i ? ", '" : "'");
        as_str_add_escaped(out, io->outputs[i].name, strlen(io->outputs[i].name));
        as_str_addf(out, "' %s %s", as_dtype_name(io->outputs[i].dtype),
                    as_shape_text(&io->outputs[i].shape, shape, sizeof shape));
    }
    if (io->n_outputs > 6)
        as_str_addf(out, " and %zu more", io->n_outputs - 6);
}

/* Would it be one if nobody had counted labels? */
static bool head_fits_without_labels(const as_head_io *io, const char *plain, as_head *ret)
{
    as_head_io open = *io;
    open.n_labels = 0;
    for (size_t i = 0; io->n_labels && i < AS_COUNT(head_kinds); i++) {
        const as_head_kind *kind = head_kinds[i];
        if (*plain ? !head_has_word(kind, plain) : kind->by_word)
            continue;
        *ret = (as_head){.kind = kind, .width = io->width, .height = io->height};
        if (kind->fits(ret, &open) && ret->n_classes)
            return true;
    }
    return false;
}

static bool head_no_kind(const as_head_io *io, const char *plain, as_err *err)
{
    as_head head;
    if (head_fits_without_labels(io, plain, &head))
        return AS_FAIL(err, AS_EINVAL, "there are %u labels, and as head '%s' the model has %u classes (a label each)",
                       io->n_labels, head.kind->name, head.n_classes);
    as_str seen, want;
    bool   is_known = false;
    as_str_init(&seen);
    as_str_init(&want);
    head_seen(io, &seen);
    for (size_t i = 0; i < AS_COUNT(head_kinds); i++) {
        if (*plain && !head_has_word(head_kinds[i], plain))
            continue;
        is_known = true;
        if (*plain)
            as_str_addf(&want, "%s%s", want.len ? ", or " : "", head_kinds[i]->shapes);
    }
    for (size_t i = 0; !is_known && i < AS_COUNT(head_kinds); i++)
        as_str_addf(&want, "%s%s", i ? ", " : "", head_kinds[i]->name);
    if (!as_str_ok(&seen) || !as_str_ok(&want))
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    else if (!is_known)
        AS_FAIL(err, AS_EUNSUPPORTED, "there is no head '%.60s' (there are %.380s)", io->word, want.s);
    else if (*plain)
        AS_FAIL(err, AS_EUNSUPPORTED,
                "as '%.60s' it would give %.300s; with an input of %ux%u and %u labels it gives %.300s", io->word,
                want.s, io->width, io->height, io->n_labels, seen.s);
    else
        AS_FAIL(
            err, AS_EUNSUPPORTED,
            "what it gives is that of no head that is known by its shapes: %.400s with an input of %ux%u (say which "
            "with --head; assay help model lists them)",
            seen.s, io->width, io->height);
    as_str_done(&seen);
    as_str_done(&want);
    return false;
}

static bool head_choose(as_head *head, const as_head_io *io, as_err *err)
{
    char plain[HEAD_WORD] = "";
    if (io->word)
        head_plain(io->word, strlen(io->word), plain);
    for (size_t i = 0; i < AS_COUNT(head_kinds); i++) {
        const as_head_kind *kind = head_kinds[i];
        if (*plain ? !head_has_word(kind, plain) : kind->by_word)
            continue;
        *head = (as_head){.kind = kind, .cfg = head->cfg, .width = io->width, .height = io->height};
        if (kind->fits(head, io))
            return true;
    }
    return head_no_kind(io, plain, err);
}

static bool head_sizes(const as_head *head, as_err *err)
{
    size_t n_pixels = (size_t)head->mask_width * head->mask_height;
    if (head->n_anchors == 0 || head->n_anchors > AS_HEAD_MAX_ANCHORS || head->n_classes > AS_HEAD_MAX_CLASSES ||
        n_pixels > AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_ELIMIT,
                       "head '%s' with %zu places, %u classes and a map of %zu pixels: the most are %zu, %d and %u",
                       head->kind->name, head->n_anchors, head->n_classes, n_pixels, AS_HEAD_MAX_ANCHORS,
                       AS_HEAD_MAX_CLASSES, AS_IMAGE_MAX_PIXELS);
    return true;
}

static bool head_memory(as_head *head, as_err *err)
{
    size_t n_pixels = (size_t)head->mask_width * head->mask_height;
    head->found = calloc(head->n_anchors + 1, sizeof *head->found);
    head->nms = as_nms_new(head->n_anchors, err);
    head->mask = calloc(AS_MAX(n_pixels, (size_t)head->n_classes) + 1, sizeof *head->mask);
    if (head->kind->gives == AS_HEAD_AREAS) {
        head->map = calloc(n_pixels + 1, sizeof *head->map);
        head->parent = calloc(n_pixels + 1, sizeof *head->parent);
        head->parts = calloc(head->n_anchors + 1, sizeof *head->parts);
        head->slot = calloc(n_pixels + 1, sizeof *head->slot);
        head->area = calloc(head->n_classes + 1, sizeof *head->area);
        if (!head->map || !head->parent || !head->parts || !head->slot || !head->area)
            return AS_FAIL(err, AS_ENOMEM, "no memory for a map of %zu pixels", n_pixels);
    }
    return head->nms &&
           ((head->found && head->mask) || AS_FAIL(err, AS_ENOMEM, "no memory for %zu places", head->n_anchors));
}

static void head_defaults(as_head_cfg *cfg, as_head_gives gives)
{
    if (cfg->score_min <= 0 && gives != AS_HEAD_CLASSES)
        cfg->score_min = HEAD_SCORE_MIN;
    cfg->iou_max = cfg->iou_max > 0 ? cfg->iou_max : HEAD_IOU_MAX;
    cfg->n_max = cfg->n_max ? AS_MIN(cfg->n_max, (uint32_t)AS_BOXES_MOST_KEPT) : HEAD_N_MAX;
    cfg->area_min = cfg->area_min ? cfg->area_min : HEAD_AREA_MIN;
}

as_head *as_head_new(const as_head_io *io, const as_head_cfg *cfg, as_err *err)
{
    as_head *head = calloc(1, sizeof *head);
    if (!head) {
        AS_FAIL(err, AS_ENOMEM, "out of memory");
        return NULL;
    }
    head->cfg = cfg ? *cfg : (as_head_cfg){0};
    if (io->n_outputs > AS_HEAD_MAX_OUTPUTS) {
        AS_FAIL(err, AS_ELIMIT, "the model has %zu outputs, a head at most %d", io->n_outputs, AS_HEAD_MAX_OUTPUTS);
        return as_head_free(head);
    }
    if (!as_image_check_size(io->width, io->height, err) || !head_choose(head, io, err) || !head_sizes(head, err) ||
        !head_memory(head, err))
        return as_head_free(head);
    head->n_outputs = io->n_outputs;
    for (size_t i = 0; i < io->n_outputs; i++)
        head->shapes[i] = io->outputs[i].shape;
    head_defaults(&head->cfg, head->kind->gives);
    return head;
}

as_head *as_head_free(as_head *head)
{
    if (!head)
        return NULL;
    free(head->found);
    as_nms_free(head->nms);
    free(head->mask);
    free(head->map);
    free(head->parent);
    free(head->parts);
    free(head->slot);
    free(head->area);
    free(head);
    return NULL;
}

/* --- running --- */

static bool head_is_same(const as_shape *have, const as_shape *want, int axis)
{
    bool is = have->rank == want->rank;
    for (int i = 0; is && i < have->rank; i++)
        is = i == axis || have->dims[i] == want->dims[i];
    return is;
}

static bool head_other_shape(const as_head *head, const as_shape *have, const as_shape *want, as_err *err)
{
    char text[2][AS_TENSOR_MAX_RANK * 24];
    return AS_FAIL(err, AS_ECORRUPT, "the model's answer is %s, where head '%s' was made for %s",
                   as_shape_text(have, text[0], sizeof text[0]), head->kind->name,
                   as_shape_text(want, text[1], sizeof text[1]));
}

bool as_head_rows(const as_head *head, const as_tensor *outputs, int out, int axis, uint32_t each, size_t *ret,
                  as_err *err)
{
    const as_shape *have = &outputs[out].shape, *want = &head->shapes[out];
    if (!head_is_same(have, want, axis) || have->dims[axis] < 0 || have->dims[axis] % each)
        return head_other_shape(head, have, want, err);
    *ret = (size_t)have->dims[axis] / each;
    return *ret <= head->n_anchors ||
           AS_FAIL(err, AS_ELIMIT, "the model's answer has %zu rows: the most are %zu (head '%s')", *ret,
                   head->n_anchors, head->kind->name);
}

/* What lies behind the rows that a run gave is the last run's: a head that does not count them may not look there. */
static bool head_is_whole(const as_head *head, const as_tensor *outputs, as_err *err)
{
    for (size_t i = 0; !head->kind->is_counted && i < head->n_outputs; i++)
        if (!head_is_same(&outputs[i].shape, &head->shapes[i], -1))
            return head_other_shape(head, &outputs[i].shape, &head->shapes[i], err);
    return true;
}

bool as_head_candidates(as_head *head, const as_tensor *outputs, float score_min, const as_box **ret, size_t *ret_n,
                        as_err *err)
{
    head->score_min = score_min;
    head->n_found = 0;
    if (!head_is_whole(head, outputs, err) || !head->kind->decode(head, outputs, err))
        return false;
    *ret = head->found;
    *ret_n = head->n_found;
    return true;
}

bool as_head_run(as_head *head, const as_tensor *outputs, const as_box **ret, size_t *ret_n, as_err *err)
{
    const as_box *found;
    size_t        n;
    if (!as_head_candidates(head, outputs, head->cfg.score_min, &found, &n, err))
        return false;
    bool       is_boxes = head->kind->gives == AS_HEAD_BOXES || head->kind->gives == AS_HEAD_MASKS;
    as_nms_cfg cfg = {.iou_max = head->cfg.iou_max,
                      .soft_sigma = head->cfg.soft_sigma,
                      .score_min = head->cfg.score_min,
                      .n_max = head->cfg.n_max,
                      .is_agnostic = head->cfg.is_agnostic};
    *ret_n = is_boxes && !head->kind->is_final ? as_nms_run(head->nms, &cfg, head->found, n)
                                               : as_nms_sort(head->nms, head->found, n, head->cfg.n_max);
    *ret = head->found;
    return true;
}

/* --- back to the picture --- */

void as_head_map_box(const as_mapping *map, as_box *box)
{
    float corners[] = {box->x0, box->y0, box->x1, box->y1};
    as_mapping_box(map, corners);
    box->x0 = corners[0];
    box->y0 = corners[1];
    box->x1 = corners[2];
    box->y1 = corners[3];
}
