/* SPDX-License-Identifier: Apache-2.0 */
/* Where parts and tracks of each product lie. */
#include "twin/pcb.h"
#include "twin/plates.h"

static void pcb_add_track(pcb_layout *l, float x0, float y0, float x1, float y1, int32_t beside)
{
    if (l->n_tracks < PCB_MAX_TRACKS)
        l->tracks[l->n_tracks++] = (pcb_track){x0, y0, x1, y1, beside};
}

static void pcb_add_part(pcb_layout *l, pcb_part part)
{
    if (l->n_parts < PCB_MAX_PARTS)
        l->parts[l->n_parts++] = part;
}

/* Two chips and the bus between them: eight tracks that run straight, change lanes together and go on. */
static void pcb_lay_bus(pcb_layout *l, as_rng *rng)
{
    float x0 = -21.0f + as_plates_pick(rng, -2.0f, 2.0f), y0 = as_plates_pick(rng, -11.0f, -4.0f);
    float x1 = 6.0f + as_plates_pick(rng, -3.0f, 3.0f), y1 = y0 + as_plates_pick(rng, 2.0f, 9.0f),
          bend = 0.5f * (x0 + x1);
    pcb_add_part(l, (pcb_part){PCB_CHIP, x0, y0, 5.4f, 2.6f, true});
    pcb_add_part(l, (pcb_part){PCB_CHIP, x1, y1, 5.4f, 2.6f, true});
    for (int i = 0; i < 8; i++) {
        float off = (float)i * 1.27f - 4.445f, turn = bend - (y1 - y0) * 0.5f - off * 0.41f;
        pcb_add_track(l, x0 + 3.6f, y0 + off, turn, y0 + off, i < 7 ? 1 : -1);
        pcb_add_track(l, turn, y0 + off, turn + (y1 - y0), y1 + off, -1);
        pcb_add_track(l, turn + (y1 - y0), y1 + off, x1 - 3.6f, y1 + off, -1);
        pcb_add_track(l, x1 + 3.6f, y1 + off, x1 + 6.5f + 0.8f * (float)(i % 3), y1 + off, -1);
        pcb_add_track(l, x0 - 3.6f, y0 + off, x0 - 5.2f, y0 + off, i < 7 ? 1 : -1);
    }
    for (size_t i = 0; i < l->n_tracks; i++) /* the parallel of a bus's track comes five further on */
        l->tracks[i].beside = l->tracks[i].beside > 0 ? (int32_t)i + 5 : -1;
}

/* Resistors and capacitors in rows along two edges, each with a track from either end. */
static void pcb_lay_rows(pcb_layout *l, as_rng *rng)
{
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 9; i++) {
            float x = -27.0f + 6.6f * (float)i + as_plates_pick(rng, -0.8f, 0.8f), y = row ? 18.4f : -18.6f;
            if (as_plates_choose(rng, 7) == 0)
                continue;
            bool capacitor = as_plates_choose(rng, 2) == 1;
            pcb_add_part(l, (pcb_part){capacitor ? PCB_CAPACITOR : PCB_RESISTOR, x, y, capacitor ? 1.1f : 1.6f,
                                       capacitor ? 0.7f : 0.8f, true});
            float inner = row ? y - 2.2f : y + 2.2f, outer = row ? y + 2.2f : y - 2.2f;
            float end = inner + (row ? -1.0f : 1.0f) * as_plates_pick(rng, 1.0f, 4.5f);
            pcb_add_track(l, x, y, x, inner, -2);
            pcb_add_track(l, x, inner, x + as_plates_pick(rng, -2.0f, 2.0f), end, -1);
            pcb_add_track(l, x, y, x, outer, -2);
            if (i > 0)
                pcb_add_track(l, x - 5.0f, outer, x, outer, -1);
        }
}

void as_pcb_lay_out(pcb_layout *l, uint32_t recipe)
{
    as_rng rng = as_rng_stream(7701, recipe); /* a product's layout is the same in every world */
    *l = (pcb_layout){.n_tracks = 0};
    pcb_lay_bus(l, &rng);
    pcb_lay_rows(l, &rng);
    for (int i = 0; i < 3; i++) {
        float x = 20.0f + as_plates_pick(&rng, -1.5f, 7.0f),
              y = -10.0f + 9.5f * (float)i + as_plates_pick(&rng, -1.0f, 1.0f);
        if (i == 1 || as_plates_choose(&rng, 2))
            pcb_add_part(l, (pcb_part){PCB_CAN, x, y, 2.9f, 2.9f, false});
        pcb_add_track(l, x - 1.8f, y, x - 5.5f, y, -1);
    }
    for (int i = 0; i < 4; i++) {
        float x = -27.0f + 5.5f * (float)i, y = 9.5f + as_plates_pick(&rng, -1.0f, 3.0f);
        pcb_add_part(l, (pcb_part){PCB_RESISTOR, x, y, 1.6f, 0.8f, false});
        pcb_add_track(l, x + 1.4f, y, x + 3.5f, y, -1);
    }
}
