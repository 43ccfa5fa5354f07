/* SPDX-License-Identifier: Apache-2.0 */
/* Boards as they are laid out: each track begins and ends on something, and touches nothing else. */
#include "twin/pcb.h"

#include <math.h>

#include "twin/twin_rig.h"

static pcb_layout lay_out(uint32_t recipe)
{
    as_err     err = AS_ERR_NONE;
    pcb_layout l;
    assert_true(as_pcb_lay_out(&l, recipe, &err));
    return l;
}

/* All pads of a board; returns how many. */
static uint32_t pads_of(const pcb_layout *l, pcb_pad *ret)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n_parts; i++)
        n += as_pcb_pads(&l->parts[i], ret + n);
    for (uint32_t i = 0; i < PCB_FINGERS; i++)
        ret[n++] = as_pcb_finger(i);
    return n;
}

static bool is_near(float ax, float ay, float bx, float by)
{
    return fabsf(ax - bx) < 0.01f && fabsf(ay - by) < 0.01f;
}

static bool is_on_pad_or_via(const pcb_layout *l, float x, float y)
{
    pcb_pad  pads[PCB_MAX_PARTS * PCB_PART_PADS + PCB_FINGERS];
    uint32_t n = pads_of(l, pads);
    for (uint32_t i = 0; i < n; i++)
        if (is_near(x, y, pads[i].end_x, pads[i].end_y)) {
            assert_true(fabsf(x - pads[i].x) < pads[i].half_x && fabsf(y - pads[i].y) < pads[i].half_y);
            return true;
        }
    for (uint32_t i = 0; i < l->n_vias; i++)
        if (is_near(x, y, l->vias[i].x, l->vias[i].y))
            return true;
    return false;
}

/* Another piece of its net begins or ends there. */
static bool goes_on(const pcb_layout *l, uint32_t which, float x, float y)
{
    for (uint32_t i = 0; i < l->n_tracks; i++) {
        const pcb_track *t = &l->tracks[i];
        if (i != which && t->net == l->tracks[which].net &&
            (is_near(x, y, t->x0, t->y0) || is_near(x, y, t->x1, t->y1)))
            return true;
    }
    return false;
}

static void pcb_tracks_end_on_something(void **state)
{
    (void)state;
    for (uint32_t recipe = 0; recipe < PCB_RECIPES; recipe++) {
        pcb_layout l = lay_out(recipe);
        assert_true(l.n_tracks > 60 && l.n_vias > 10);
        for (uint32_t i = 0; i < l.n_tracks; i++)
            for (int end = 0; end < 2; end++) {
                const pcb_track *t = &l.tracks[i];
                const float      x = end ? t->x1 : t->x0, y = end ? t->y1 : t->y0, bare = end ? t->bare1 : t->bare0;
                const bool       held = is_on_pad_or_via(&l, x, y);
                if (held ? bare <= 0.0f : !goes_on(&l, i, x, y))
                    fail_msg("board %u: piece %u ends nowhere at %.2f, %.2f", recipe, i, (double)x, (double)y);
            }
        for (uint32_t i = 0; i < l.n_vias; i++) {
            bool used = false;
            for (uint32_t k = 0; k < l.n_tracks; k++)
                used = used || is_near(l.vias[i].x, l.vias[i].y, l.tracks[k].x0, l.tracks[k].y0) ||
                       is_near(l.vias[i].x, l.vias[i].y, l.tracks[k].x1, l.tracks[k].y1);
            assert_true(used);
        }
    }
}

/* From a point to a piece of track. */
static float away(const pcb_track *t, float x, float y)
{
    float ex = t->x1 - t->x0, ey = t->y1 - t->y0;
    float at = ((x - t->x0) * ex + (y - t->y0) * ey) / (ex * ex + ey * ey);
    at = AS_MIN(AS_MAX(at, 0.0f), 1.0f);
    return hypotf(x - t->x0 - at * ex, y - t->y0 - at * ey);
}

/* Two rails that come together on one pad. */
static bool share_end(const pcb_track *a, const pcb_track *b)
{
    return is_near(a->x0, a->y0, b->x0, b->y0) || is_near(a->x0, a->y0, b->x1, b->y1) ||
           is_near(a->x1, a->y1, b->x0, b->y0) || is_near(a->x1, a->y1, b->x1, b->y1);
}

/* Nets neither cross nor touch, nor do tracks touch pads that they do not end on or lie under a body. */
static void pcb_nets_keep_apart(void **state)
{
    (void)state;
    for (uint32_t recipe = 0; recipe < PCB_RECIPES; recipe++) {
        pcb_layout l = lay_out(recipe);
        pcb_pad    pads[PCB_MAX_PARTS * PCB_PART_PADS + PCB_FINGERS];
        uint32_t   n = pads_of(&l, pads);
        for (uint32_t i = 0; i < l.n_tracks; i++) {
            const pcb_track *t = &l.tracks[i];
            for (float at = 0.0f; at <= 1.0f; at += 1.0f / 64.0f) {
                float x = t->x0 + at * (t->x1 - t->x0), y = t->y0 + at * (t->y1 - t->y0);
                for (uint32_t k = 0; k < l.n_tracks; k++)
                    if (l.tracks[k].net != t->net && !share_end(t, &l.tracks[k]) &&
                        away(&l.tracks[k], x, y) < 2.0f * PCB_TRACK_HALF + 0.2f)
                        fail_msg("board %u: pieces %u and %u touch at %.2f, %.2f", recipe, i, k, (double)x, (double)y);
                for (uint32_t k = 0; k < n; k++) {
                    bool own = is_near(t->x0, t->y0, pads[k].end_x, pads[k].end_y) ||
                               is_near(t->x1, t->y1, pads[k].end_x, pads[k].end_y);
                    if (!own && !goes_on(&l, i, pads[k].end_x, pads[k].end_y) &&
                        fabsf(x - pads[k].x) < pads[k].half_x + PCB_TRACK_HALF &&
                        fabsf(y - pads[k].y) < pads[k].half_y + PCB_TRACK_HALF)
                        fail_msg("board %u: piece %u touches a pad at %.2f, %.2f", recipe, i, (double)x, (double)y);
                }
                for (uint32_t k = 0; k < l.n_parts; k++) {
                    const pcb_part *p = &l.parts[k];
                    float           hx = p->upright ? p->half_y : p->half_x, hy = p->upright ? p->half_x : p->half_y;
                    assert_false(fabsf(x - p->x) < hx - 0.05f && fabsf(y - p->y) < hy - 0.05f);
                }
            }
        }
    }
}

/* A bridge forms between two nets, across a gap that solder can bridge. */
static void pcb_bridges_join_two_nets(void **state)
{
    (void)state;
    for (uint32_t recipe = 0; recipe < PCB_RECIPES; recipe++) {
        pcb_layout l = lay_out(recipe);
        uint32_t   n = 0;
        for (uint32_t i = 0; i < l.n_tracks; i++) {
            const pcb_track *t = &l.tracks[i];
            if (t->beside < 0)
                continue;
            assert_true((uint32_t)t->beside < l.n_tracks && l.tracks[t->beside].net != t->net);
            float gap = away(&l.tracks[t->beside], 0.5f * (t->x0 + t->x1), 0.5f * (t->y0 + t->y1));
            assert_true(gap > 0.5f && gap < 1.45f);
            n++;
        }
        assert_true(n >= 16);
    }
}

/* Opened and shorted tracks are always to be seen: none is opened under what is soldered on. */
static void pcb_open_and_short_are_seen(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    size_t      n = 0;
    cfg.defect_share = 1;
    cfg.min_severity = 0.5;
    twin_rig r = twin_rig_open("pcb", &cfg);
    for (uint64_t part = 1; part <= 60; part++) {
        const as_twin_truth *truth = twin_rig_look(&r, part, 0);
        for (size_t i = 0; i < truth->n_findings; i++) {
            const as_twin_finding *f = &truth->findings[i];
            if (strcmp(f->class, "open") != 0 && strcmp(f->class, "short") != 0)
                continue;
            n++;
            assert_true(f->area_px >= 8 && f->box_px[2] >= 2 && f->box_px[3] >= 2);
        }
    }
    assert_true(n > 20);
    twin_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcb_tracks_end_on_something),
        cmocka_unit_test(pcb_nets_keep_apart),
        cmocka_unit_test(pcb_bridges_join_two_nets),
        cmocka_unit_test(pcb_open_and_short_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
