/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of each product lie, and their pads. */
#include <math.h>

#include "twin/noise.h"
#include "twin/pcb.h"
#include "twin/plates.h"

#define CHIP_LEADS 8
#define CHIP_PITCH 1.27f
#define BUS_LANES  8

static float pcb_on_grid(float mm)
{
    return (float)as_noise_floor(mm / PCB_GRID_MM + 0.5f) * PCB_GRID_MM;
}

static void pcb_add_part(pcb_layout *l, pcb_part part)
{
    part.x = pcb_on_grid(part.x);
    part.y = pcb_on_grid(part.y);
    if (l->n_parts < PCB_MAX_PARTS)
        l->parts[l->n_parts++] = part;
}

static uint32_t pcb_chip_pads(const pcb_part *part, pcb_pad *ret)
{
    for (uint32_t i = 0; i < 2 * CHIP_LEADS; i++) {
        float side = i < CHIP_LEADS ? -1.0f : 1.0f,
              y = part->y + ((float)(i % CHIP_LEADS) - 0.5f * (CHIP_LEADS - 1)) * CHIP_PITCH;
        ret[i] = (pcb_pad){part->x + side * 3.3f, y, 0.85f, 0.36f, part->x + side * 5.0f * PCB_GRID_MM, y};
    }
    return 2 * CHIP_LEADS;
}

uint32_t as_pcb_pads(const pcb_part *part, pcb_pad *ret)
{
    if (part->kind == PCB_CHIP)
        return pcb_chip_pads(part, ret);
    for (uint32_t i = 0; i < 2; i++) {
        float side = i ? 1.0f : -1.0f, off = side * (part->kind == PCB_CAN ? 2.5f : part->half_x + 0.18f);
        float end = side * PCB_GRID_MM * (part->kind == PCB_CAN ? 5.0f : part->kind == PCB_CAPACITOR ? 2.0f : 3.0f);
        ret[i] = part->upright ? (pcb_pad){part->x, part->y + off, 0.75f, 0.78f, part->x, part->y + end}
                               : (pcb_pad){part->x + off, part->y, 0.75f, 0.78f, part->x + end, part->y};
    }
    return 2;
}

pcb_pad as_pcb_finger(uint32_t i)
{
    float y = (4.0f * (float)(int32_t)i - 22.0f) * PCB_GRID_MM;
    return (pcb_pad){PCB_HALF_X - 1.8f, y, 1.5f, 0.75f, 48.0f * PCB_GRID_MM, y};
}

/* Two chips and the bus between them: eight tracks that run straight, change lanes together and go on. */
static void pcb_place_bus(pcb_layout *l, as_rng *rng, pcb_lane lanes[BUS_LANES])
{
    float   x0 = -21.0f + as_plates_pick(rng, -2.0f, 2.0f), y0 = as_plates_pick(rng, -11.0f, -4.0f);
    float   x1 = 6.0f + as_plates_pick(rng, -3.0f, 3.0f), y1 = y0 + as_plates_pick(rng, 2.0f, 9.0f);
    pcb_pad from[PCB_PART_PADS], to[PCB_PART_PADS];
    pcb_add_part(l, (pcb_part){PCB_CHIP, x0, y0, 5.4f, 2.6f, true});
    pcb_add_part(l, (pcb_part){PCB_CHIP, x1, y1, 5.4f, 2.6f, true});
    (void)as_pcb_pads(&l->parts[0], from);
    (void)as_pcb_pads(&l->parts[1], to);
    for (uint32_t i = 0; i < BUS_LANES; i++) {
        const pcb_pad *a = &from[CHIP_LEADS + i], *b = &to[i];
        float          drop = b->end_y - a->end_y, off = (float)(int32_t)i - 0.5f * (BUS_LANES - 1);
        float          turn = pcb_on_grid(0.5f * (a->end_x + b->end_x - drop) - off * PCB_GRID_MM);
        lanes[i] = (pcb_lane){{a->end_x, turn, turn + drop, b->end_x}, {a->end_y, a->end_y, b->end_y, b->end_y}, 4};
    }
}

/* Resistors and capacitors in rows along two edges. */
static void pcb_place_rows(pcb_layout *l, as_rng *rng)
{
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 9; i++) {
            float x = -27.0f + 6.6f * (float)i + as_plates_pick(rng, -0.8f, 0.8f), y = row ? 18.4f : -18.6f;
            if (as_plates_choose(rng, 7) == 0)
                continue;
            bool capacitor = as_plates_choose(rng, 2) == 1;
            pcb_add_part(l, (pcb_part){capacitor ? PCB_CAPACITOR : PCB_RESISTOR, x, y, capacitor ? 1.1f : 1.6f,
                                       capacitor ? 0.7f : 0.8f, true});
        }
}

bool as_pcb_lay_out(pcb_layout *l, uint32_t recipe, as_err *err)
{
    as_rng   rng = as_rng_stream(7701, recipe); /* a product's layout is the same in every world */
    pcb_lane lanes[BUS_LANES];
    *l = (pcb_layout){.n_tracks = 0};
    pcb_place_bus(l, &rng, lanes);
    pcb_place_rows(l, &rng);
    for (int i = 0; i < 3; i++) {
        float x = 20.0f + as_plates_pick(&rng, -1.5f, 4.0f),
              y = -10.0f + 9.5f * (float)i + as_plates_pick(&rng, -1.0f, 1.0f);
        if (i == 1 || as_plates_choose(&rng, 2))
            pcb_add_part(l, (pcb_part){PCB_CAN, x, y, 2.9f, 2.9f, false});
    }
    for (int i = 0; i < 4; i++)
        pcb_add_part(l, (pcb_part){PCB_RESISTOR, -27.0f + 7.0f * (float)i, 10.0f + as_plates_pick(&rng, -1.0f, 2.0f),
                                   1.6f, 0.8f, false});
    return as_pcb_route(l, lanes, BUS_LANES, &rng, err);
}
