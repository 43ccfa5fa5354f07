/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cadence.h"

#define WINDOW_NS  (2 * AS_NS_PER_S)
#define SLOW_SHARE 20 /* of the window: a twentieth of it lost is too slow */
#define HELD_SHARE 100

/* A camera has memory for a picture that waits for the wire, or for some small ones. */
#define ROOM_LEAST_NS (20 * AS_NS_PER_MS)
#define ROOM_MOST_NS  (100 * AS_NS_PER_MS)

void as_cadence_start(as_cadence *cadence, as_ns now)
{
    cadence->due = now;
    cadence->n = 0;
    cadence->lag = 0;
    cadence->window = 0;
}

/* What two seconds brought, at their end. */
static void cadence_look(as_cadence *cadence, as_ns at, const as_cadence_shot *shot)
{
    const as_ns *lag = cadence->window_lag, span = at - cadence->window;
    if (cadence->window == 0 || span < WINDOW_NS) {
        if (cadence->window == 0) {
            cadence->window = at;
            cadence->window_lag[0] = cadence->window_lag[1] = 0;
            cadence->window_n = 0;
        }
        return;
    }
    cadence->cause = (lag[0] + lag[1]) * SLOW_SHARE <= span ? AS_CADENCE_HELD
                     : lag[0] >= lag[1]                     ? AS_CADENCE_DRAWING
                                                            : AS_CADENCE_SENDING;
    cadence->asked_per_s = 1e9 / (double)shot->period;
    cadence->held_per_s = (double)cadence->window_n * 1e9 / (double)span;
    cadence->window = at;
    cadence->window_lag[0] = cadence->window_lag[1] = 0;
    cadence->window_n = 0;
}

static void cadence_note(as_cadence *cadence, as_ns at, as_ns lag)
{
    cadence->lag += lag;
    cadence->stamps[cadence->n % AS_CADENCE_LOOKS] = at;
    cadence->lags[cadence->n % AS_CADENCE_LOOKS] = cadence->lag;
    cadence->n++;
}

as_ns as_cadence_take(as_cadence *cadence, as_ns due, const as_cadence_shot *shot)
{
    const as_ns room = AS_MIN(AS_MAX(shot->period, ROOM_LEAST_NS), ROOM_MOST_NS);
    const as_ns open = shot->period > 0 ? AS_MIN(shot->exposure, shot->period) : shot->exposure;
    const as_ns drawn = shot->made - open, sent = shot->now - room;
    const as_ns at = AS_MAX(due, AS_MAX(drawn, sent));
    const bool  first = cadence->n == 0; /* nothing was drawn ahead of it */
    const as_ns lag = first ? 0 : at - due;
    cadence->n_taken++;
    cadence_note(cadence, at, lag);
    if (shot->period <= 0)
        return at;
    cadence->due = AS_MAX(cadence->due, at + shot->period);
    if (!shot->asked)
        return at;
    cadence->n_late += lag > 0;
    cadence->missed += (double)lag / (double)shot->period;
    cadence->window_lag[drawn < sent] += lag;
    cadence->window_n++;
    cadence_look(cadence, at, shot);
    return at;
}

as_ns as_cadence_held(const as_cadence *cadence)
{
    if (cadence->n < 3)
        return 0;
    const size_t n = AS_MIN(cadence->n, (size_t)AS_CADENCE_LOOKS);
    const size_t last = (cadence->n - 1) % AS_CADENCE_LOOKS, first = (cadence->n - n) % AS_CADENCE_LOOKS;
    const as_ns  span = cadence->stamps[last] - cadence->stamps[first];
    if ((cadence->lags[last] - cadence->lags[first]) * HELD_SHARE <= span)
        return 0;
    return span / (as_ns)(n - 1);
}

uint64_t as_cadence_due(const as_cadence *cadence)
{
    return cadence->n_taken + (uint64_t)cadence->missed;
}
