/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks from pad to pad over a grid, each by the cheapest way that is free: Lee's maze router (1961) with a price for bends,
 * searched in the order of cost (Dijkstra 1959). Whole numbers alone, so that a board is the same everywhere. */
#include <math.h>
#include <stdlib.h>

#include "twin/pcb.h"
#include "twin/plates.h"

enum {
    GRID_X = 49, /* places to either side of the middle */
    GRID_Y = 33,
    GRID_W = 2 * GRID_X + 1,
    GRID_H = 2 * GRID_Y + 1,
    GRID_N = GRID_W * GRID_H,
    HEAP_MOST = 8 * GRID_N,
    PADS_MOST = PCB_MAX_PARTS * PCB_PART_PADS + PCB_FINGERS,
    TAKEN = 0xffff,
    FAR = 0xffff,
    STRAIGHT = 10,
    DIAGONAL = 14,
    BESIDE = 5, /* more, where something else lies next to it */
    VIA_LEAST = 25,
};

#define ROUTE_CLEAR_MM (PCB_TRACK_HALF + 0.30f) /* from a track's middle to what is not of its net */

static const int route_dx[8] = {1, 1, 0, -1, -1, -1, 0, 1}, route_dy[8] = {0, 1, 1, 1, 0, -1, -1, -1};

typedef struct route_pad {
    pcb_pad  pad;
    uint32_t part; /* those of fingers are the same */
    uint16_t node;
    bool     joined;
} route_pad;

typedef struct pcb_router {
    pcb_layout *l;
    uint32_t    n_pads, n_nets, n_heap;
    uint16_t    owner[GRID_N]; /* 0 nobody; 1 + pad: in its reach; TAKEN: a body, a track, a via, two pads' reach */
    uint16_t    cost[GRID_N];
    uint8_t     came[GRID_N]; /* the way that led there; 8: none */
    uint32_t    heap[HEAP_MOST];
    route_pad   pads[PADS_MOST];
} pcb_router;

/* What is looked for: a pad of another part (or one alone), or room for a via. */
typedef struct route_goal {
    uint32_t only, most; /* UINT32_MAX: any pad; the dearest way that is gone */
    bool     via;
} route_goal;

static float route_x(uint32_t node)
{
    return (float)((int32_t)(node % GRID_W) - GRID_X) * PCB_GRID_MM;
}

static float route_y(uint32_t node)
{
    return (float)((int32_t)(node / GRID_W) - GRID_Y) * PCB_GRID_MM;
}

static uint16_t route_node(float x, float y)
{
    int32_t i = (int32_t)lrintf(x / PCB_GRID_MM) + GRID_X, k = (int32_t)lrintf(y / PCB_GRID_MM) + GRID_Y;
    return (uint16_t)(AS_MIN(AS_MAX(k, 0), GRID_H - 1) * GRID_W + AS_MIN(AS_MAX(i, 0), GRID_W - 1));
}

/* Places in a rectangle come to belong to somebody; where it is somebody else's too, to nobody more. */
static void route_claim(pcb_router *r, const float rect[4], uint16_t owner)
{
    for (uint32_t i = 0; i < GRID_N; i++)
        if (fabsf(route_x(i) - rect[0]) <= rect[2] && fabsf(route_y(i) - rect[1]) <= rect[3])
            r->owner[i] = r->owner[i] == 0 || r->owner[i] == owner ? owner : TAKEN;
}

static void route_add_pad(pcb_router *r, const pcb_pad *pad, uint32_t part)
{
    route_pad *p = &r->pads[r->n_pads++];
    *p = (route_pad){.pad = *pad, .part = part, .node = route_node(pad->end_x, pad->end_y)};
    route_claim(r, (float[4]){pad->x, pad->y, pad->half_x + ROUTE_CLEAR_MM, pad->half_y + ROUTE_CLEAR_MM},
                (uint16_t)r->n_pads);
}

static void route_set_up(pcb_router *r)
{
    const pcb_layout *l = r->l;
    pcb_pad           pads[PCB_PART_PADS];
    for (uint32_t i = 0; i < l->n_parts; i++) {
        const pcb_part *part = &l->parts[i];
        for (uint32_t k = 0, n = as_pcb_pads(part, pads); k < n; k++)
            route_add_pad(r, &pads[k], i);
        float hx = part->upright ? part->half_y : part->half_x, hy = part->upright ? part->half_x : part->half_y;
        route_claim(r, (float[4]){part->x, part->y, hx, hy}, TAKEN);
    }
    for (uint32_t i = 0; i < PCB_FINGERS; i++) {
        pcb_pad finger = as_pcb_finger(i);
        route_add_pad(r, &finger, PCB_MAX_PARTS);
    }
    for (int i = 0; i < 4; i++) /* the holes for screws */
        route_claim(r,
                    (float[4]){(i % 2 ? 1.0f : -1.0f) * (PCB_HALF_X - 2.6f),
                               (i / 2 ? 1.0f : -1.0f) * (PCB_HALF_Y - 2.4f), 2.4f, 2.4f},
                    TAKEN);
    for (uint32_t i = 0; i < r->n_pads; i++) /* a track may end in a place that is near another pad */
        r->owner[r->pads[i].node] = (uint16_t)(i + 1);
}

/* --- the search --- */

static void route_push(pcb_router *r, uint32_t cost, uint32_t node)
{
    if (r->n_heap == HEAP_MOST)
        return;
    uint32_t at = r->n_heap++, key = cost << 16 | node;
    for (; at > 0 && r->heap[(at - 1) / 2] > key; at = (at - 1) / 2)
        r->heap[at] = r->heap[(at - 1) / 2];
    r->heap[at] = key;
}

static uint32_t route_pop(pcb_router *r)
{
    uint32_t top = r->heap[0], last = r->heap[--r->n_heap], at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < r->n_heap && r->heap[child + 1] < r->heap[child])
            child++;
        if (child >= r->n_heap || r->heap[child] >= last)
            break;
        r->heap[at] = r->heap[child];
        at = child;
    }
    r->heap[at] = last;
    return top;
}

static bool route_is_free(const pcb_router *r, uint32_t node, uint32_t from, uint32_t to)
{
    uint16_t owner = r->owner[node];
    return owner == 0 || owner == from || owner == to;
}

/* Where that way leads from a node; GRID_N: out of the board. */
static uint32_t route_next(uint32_t node, uint32_t way)
{
    int32_t x = (int32_t)(node % GRID_W) + route_dx[way], y = (int32_t)(node / GRID_W) + route_dy[way];
    return x < 0 || y < 0 || x >= GRID_W || y >= GRID_H ? GRID_N : (uint32_t)(y * GRID_W + x);
}

static bool route_has_room(const pcb_router *r, uint32_t node)
{
    for (uint32_t way = 0; way < 8; way++) {
        uint32_t next = route_next(node, way);
        if (next == GRID_N || r->owner[next] != 0)
            return false;
    }
    return r->owner[node] == 0;
}

/* The pad in whose reach this node lies, where the search may end on it: 1 + its number, 0: none. */
static uint32_t route_pad_at(const pcb_router *r, uint32_t node, const route_pad *from, const route_goal *goal)
{
    uint32_t owner = r->owner[node];
    if (owner == 0 || owner == TAKEN)
        return 0;
    const route_pad *to = &r->pads[owner - 1];
    if (goal->only != UINT32_MAX)
        return owner - 1 == goal->only ? owner : 0;
    return !goal->via && !to->joined && to->part != from->part ? owner : 0;
}

/* One step; 0: it cannot be taken. A step across lies as near to the places on both its sides as to a track through them. */
static uint32_t route_step(const pcb_router *r, uint32_t node, uint32_t way, uint32_t next, uint32_t from, uint32_t to)
{
    const uint32_t came = r->came[node], turn = came == 8 ? 0 : (way - came) & 7u;
    if (!route_is_free(r, next, from, to) || (turn > 2 && turn < 6))
        return 0;
    uint32_t cost = way % 2 ? DIAGONAL : STRAIGHT,
             sides[2] = {route_next(node, (way + 1) & 7u), route_next(node, (way + 7) & 7u)};
    for (int i = 0; i < 2; i++) {
        bool free = sides[i] != GRID_N && route_is_free(r, sides[i], from, to);
        if (way % 2 && !free)
            return 0;
        cost += free ? 0 : BESIDE;
    }
    return cost + (turn == 0 ? 0 : turn == 1 || turn == 7 ? 3 : 9);
}

/* The node where the search ends; GRID_N: there is no way. *ret_pad: 1 + the pad found, 0: a place for a via. */
static uint32_t route_search(pcb_router *r, uint32_t pad, const route_goal *goal, uint32_t *ret_pad)
{
    const route_pad *from = &r->pads[pad];
    for (uint32_t i = 0; i < GRID_N; i++)
        r->cost[i] = FAR;
    r->n_heap = 0;
    r->cost[from->node] = 0;
    r->came[from->node] = 8;
    route_push(r, 0, from->node);
    while (r->n_heap > 0) {
        uint32_t top = route_pop(r), node = top & 0xffffu, cost = top >> 16;
        if (cost > r->cost[node])
            continue;
        uint32_t reach = route_pad_at(r, node, from, goal); /* who is in it goes to that pad, and nowhere else */
        *ret_pad = reach && r->pads[reach - 1].node == node && node != from->node ? reach : 0;
        if (*ret_pad != 0 || (goal->via && cost >= VIA_LEAST && route_has_room(r, node)))
            return node;
        for (uint32_t way = 0; way < 8; way++) {
            uint32_t next = route_next(node, way), to = next < GRID_N ? route_pad_at(r, next, from, goal) : 0;
            uint32_t step = next < GRID_N ? route_step(r, node, way, next, pad + 1, to ? to : pad + 1) : 0;
            if (step == 0 || (reach && to != reach) || cost + step > goal->most || cost + step >= r->cost[next])
                continue;
            r->cost[next] = (uint16_t)(cost + step);
            r->came[next] = (uint8_t)way;
            route_push(r, cost + step, next);
        }
    }
    return GRID_N;
}

/* --- what was found becomes copper --- */

static float route_bare(const route_pad *pad)
{
    return pad ? AS_MAX(pad->pad.half_x, pad->pad.half_y) + 0.15f : PCB_VIA_RADIUS + 0.05f;
}

static void route_add(pcb_router *r, const pcb_track *track)
{
    pcb_layout *l = r->l;
    if (l->n_tracks < PCB_MAX_TRACKS)
        l->tracks[l->n_tracks++] = *track;
}

static bool route_is_full(const pcb_router *r)
{
    return r->l->n_tracks + 24 > PCB_MAX_TRACKS || r->l->n_vias == PCB_MAX_VIAS;
}

static void route_take(pcb_router *r, uint32_t node)
{
    if (r->owner[node] == 0)
        r->owner[node] = TAKEN;
}

/* From its end back to the pad; what runs on in the same way is one piece. */
static void route_lay(pcb_router *r, uint32_t pad, uint32_t end, const route_pad *to)
{
    const route_pad *from = &r->pads[pad];
    uint32_t         net = r->n_nets++, node = end;
    float            bare = route_bare(to);
    while (node != from->node) {
        uint32_t way = r->came[node], back = (way + 4) & 7u, begin = node;
        while (node != from->node && r->came[node] == way) {
            route_take(r, node);
            if (way % 2) { /* the places on both sides of a step across */
                route_take(r, route_next(node, (back + 1) & 7u));
                route_take(r, route_next(node, (back + 7) & 7u));
            }
            node = route_next(node, back);
        }
        route_add(r, &(pcb_track){.x0 = route_x(begin),
                                  .y0 = route_y(begin),
                                  .x1 = route_x(node),
                                  .y1 = route_y(node),
                                  .bare0 = bare,
                                  .bare1 = node == from->node ? route_bare(from) : 0.0f,
                                  .net = net,
                                  .beside = -1});
        bare = 0.0f;
    }
}

static bool route_to_pad(pcb_router *r, uint32_t pad, uint32_t only, uint32_t most)
{
    const route_goal goal = {.only = only, .most = most};
    uint32_t         found, end = route_is_full(r) ? GRID_N : route_search(r, pad, &goal, &found);
    if (end == GRID_N)
        return false;
    route_lay(r, pad, end, &r->pads[found - 1]);
    r->pads[pad].joined = r->pads[found - 1].joined = true;
    return true;
}

static void route_to_via(pcb_router *r, uint32_t pad)
{
    const route_goal goal = {.only = UINT32_MAX, .most = 200, .via = true};
    uint32_t         found, end = route_is_full(r) ? GRID_N : route_search(r, pad, &goal, &found);
    if (end == GRID_N)
        return;
    route_lay(r, pad, end, NULL);
    r->l->vias[r->l->n_vias++] = (pcb_via){route_x(end), route_y(end)};
    for (uint32_t way = 0; way < 8; way++)
        route_take(r, route_next(end, way));
    r->pads[pad].joined = true;
}

static uint32_t route_pad_of_node(const pcb_router *r, uint16_t node)
{
    uint32_t pad = 0;
    while (pad + 1 < r->n_pads && r->pads[pad].node != node)
        pad++;
    return pad;
}

/* A lane of the bus: its pieces, and the places that they go through. */
static void route_lay_lane(pcb_router *r, const pcb_lane *lane)
{
    uint32_t   net = r->n_nets++, last = lane->n - 1;
    route_pad *a = &r->pads[route_pad_of_node(r, route_node(lane->x[0], lane->y[0]))];
    route_pad *b = &r->pads[route_pad_of_node(r, route_node(lane->x[last], lane->y[last]))];
    a->joined = b->joined = true;
    for (uint32_t i = 0; i < last; i++) {
        float dx = lane->x[i + 1] - lane->x[i], dy = lane->y[i + 1] - lane->y[i];
        int   n = (int)lrintf(AS_MAX(fabsf(dx), fabsf(dy)) / PCB_GRID_MM);
        for (int k = 0; k <= n && n > 0; k++) {
            uint32_t node = route_node(lane->x[i] + dx * (float)k / (float)n, lane->y[i] + dy * (float)k / (float)n);
            route_take(r, node);
            for (uint32_t way = 0; way < 8 && dy != 0.0f && dx != 0.0f; way += 2)
                route_take(r, route_next(node, way));
        }
        if (n > 0)
            route_add(r, &(pcb_track){lane->x[i], lane->y[i], lane->x[i + 1], lane->y[i + 1],
                                      i == 0 ? route_bare(a) : 0.0f, i + 1 == last ? route_bare(b) : 0.0f, net, -1});
    }
}

/* --- the plan of a board --- */

/* Parts that stand in a row have their outer ends on one rail, which is cut here and there. */
static void route_rails(pcb_router *r, as_rng *rng)
{
    for (uint32_t i = 0; i + 2 < r->n_pads; i += 2) {
        const uint32_t part = r->pads[i].part;
        if (part + 1 >= r->l->n_parts || r->l->parts[part].kind == PCB_CHIP) {
            i += part < r->l->n_parts && r->l->parts[part].kind == PCB_CHIP ? PCB_PART_PADS - 2 : 0;
            continue;
        }
        const pcb_part *a = &r->l->parts[part], *b = &r->l->parts[part + 1];
        const uint32_t  side = a->y > 0.0f ? 1 : 0;
        if (a->upright && b->upright && fabsf(a->y - b->y) < 0.1f && as_plates_choose(rng, 5) > 0)
            (void)route_to_pad(r, i + side, i + 2 + side, 400);
    }
}

/* Pieces of other nets that run beside one, so near that solder can bridge them. */
static int32_t route_beside(const pcb_layout *l, uint32_t which)
{
    const pcb_track *t = &l->tracks[which];
    float            ex = t->x1 - t->x0, ey = t->y1 - t->y0, length = sqrtf(ex * ex + ey * ey), least = 1.4f;
    int32_t          found = -1;
    if (length - t->bare0 - t->bare1 < 1.5f)
        return -1;
    for (uint32_t i = 0; i < l->n_tracks; i++) {
        const pcb_track *o = &l->tracks[i];
        float            fx = o->x1 - o->x0, fy = o->y1 - o->y0, other = sqrtf(fx * fx + fy * fy);
        if (o->net == t->net || fabsf(ex * fy - ey * fx) > 0.01f * length * other)
            continue;
        float away = fabsf((o->x0 - t->x0) * ey - (o->y0 - t->y0) * ex) / length;
        bool  whole = true; /* along the middle of the piece */
        for (int end = 0; end < 2; end++) {
            float at = t->bare0 + (end ? 0.8f : 0.2f) * (length - t->bare0 - t->bare1);
            float x = t->x0 + ex * at / length - o->x0, y = t->y0 + ey * at / length - o->y0;
            float along = (x * fx + y * fy) / other;
            whole = whole && along >= AS_MAX(o->bare0, 0.2f) && along <= other - AS_MAX(o->bare1, 0.2f);
        }
        if (whole && away > 0.1f && away < least) {
            least = away;
            found = (int32_t)i;
        }
    }
    return found;
}

bool as_pcb_route(pcb_layout *l, const pcb_lane *lanes, uint32_t n_lanes, as_rng *rng, as_err *err)
{
    pcb_router *r = calloc(1, sizeof *r);
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "no memory to route a board");
    r->l = l;
    route_set_up(r);
    for (uint32_t i = 0; i < n_lanes; i++)
        route_lay_lane(r, &lanes[i]);
    route_rails(r, rng);
    for (uint32_t i = r->n_pads - PCB_FINGERS; i < r->n_pads; i++)
        if (!r->pads[i].joined && as_plates_choose(rng, 4) > 0)
            (void)route_to_pad(r, i, UINT32_MAX, 420);
    for (uint32_t i = 0; i < r->n_pads - PCB_FINGERS; i++)
        if (!r->pads[i].joined && !(as_plates_choose(rng, 3) > 0 && route_to_pad(r, i, UINT32_MAX, 300)))
            route_to_via(r, i);
    for (uint32_t i = 0; i < l->n_tracks; i++)
        l->tracks[i].beside = route_beside(l, i);
    free(r);
    return true;
}
