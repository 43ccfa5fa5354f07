/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/lookup.h"

#include <stdlib.h>
#include <string.h>

#define LOOKUP_FIRST_SLOTS ((size_t)64)

/* A multiplication for each eight bytes, as in splitmix64 (Steele, Lea and Flood 2014). */
uint32_t as_lookup_hash(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint64_t       hash = n;
    for (size_t step; n; at += step, n -= step) {
        uint64_t word = 0;
        step = AS_MIN(n, sizeof word);
        memcpy(&word, at, step);
        hash = (hash ^ word) * 0xbf58476d1ce4e5b9u;
        hash ^= hash >> 29;
    }
    hash *= 0x94d049bb133111ebu;
    return (uint32_t)(hash >> 32);
}

static void lookup_put(as_lookup_slot *slots, size_t n_slots, as_lookup_slot slot)
{
    size_t at = slot.hash & (n_slots - 1);
    while (slots[at].place)
        at = (at + 1) & (n_slots - 1);
    slots[at] = slot;
}

static bool lookup_grow(as_lookup *lookup, as_err *err)
{
    size_t          n = lookup->n_slots ? lookup->n_slots * 2 : LOOKUP_FIRST_SLOTS;
    as_lookup_slot *slots = calloc(n, sizeof *slots);
    if (!slots)
        return AS_FAIL(err, AS_ENOMEM, "no memory to find %zu places by", n);
    for (size_t i = 0; i < lookup->n_slots; i++)
        if (lookup->slots[i].place)
            lookup_put(slots, n, lookup->slots[i]);
    free(lookup->slots);
    lookup->slots = slots;
    lookup->n_slots = n;
    return true;
}

bool as_lookup_add(as_lookup *lookup, uint32_t hash, uint32_t place, as_err *err)
{
    if (place >= AS_LOOKUP_MOST)
        return AS_FAIL(err, AS_ELIMIT, "more than %zu places", AS_LOOKUP_MOST);
    /* At most three of four are taken, so that walks stay short. */
    if (lookup->n + 1 > lookup->n_slots / 4 * 3 && !lookup_grow(lookup, err))
        return false;
    lookup_put(lookup->slots, lookup->n_slots, (as_lookup_slot){hash, place + 1});
    lookup->n++;
    return true;
}

bool as_lookup_next(const as_lookup *lookup, uint32_t hash, as_lookup_walk *walk, uint32_t *ret_place)
{
    const size_t mask = lookup->n_slots - 1;
    if (lookup->n_slots == 0)
        return false;
    if (walk->n_seen == 0)
        walk->at = hash & mask;
    while (walk->n_seen++ < lookup->n_slots) {
        const as_lookup_slot *slot = &lookup->slots[walk->at];
        if (!slot->place)
            return false;
        walk->at = (walk->at + 1) & mask;
        if (slot->hash == hash) {
            *ret_place = slot->place - 1;
            return true;
        }
    }
    return false;
}

/* What follows moves up where the gap would hide it (Knuth 6.4, algorithm R). */
static void lookup_close_gap(as_lookup *lookup, size_t gap)
{
    const size_t mask = lookup->n_slots - 1;
    for (size_t at = (gap + 1) & mask; lookup->slots[at].place; at = (at + 1) & mask) {
        size_t home = lookup->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        lookup->slots[gap] = lookup->slots[at];
        gap = at;
    }
    lookup->slots[gap].place = 0;
}

void as_lookup_remove(as_lookup *lookup, uint32_t hash, uint32_t place)
{
    const size_t mask = lookup->n_slots - 1;
    if (lookup->n_slots == 0)
        return;
    for (size_t at = hash & mask; lookup->slots[at].place; at = (at + 1) & mask) {
        if (lookup->slots[at].hash != hash || lookup->slots[at].place != place + 1)
            continue;
        lookup_close_gap(lookup, at);
        lookup->n--;
        return;
    }
}

void as_lookup_done(as_lookup *lookup)
{
    free(lookup->slots);
    *lookup = (as_lookup){0};
}
