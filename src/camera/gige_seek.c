/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_seek.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define SEEK_EACH_NS   (500 * AS_NS_PER_MS) /* a datagram may be lost */
#define SEEK_SLICE_MS  50                   /* so soon is a stop seen */
#define OWNER_EACH_NS  (100 * AS_NS_PER_MS)
#define WATCH_EACH_NS  (200 * AS_NS_PER_MS)
#define WATCH_PAUSE_NS AS_NS_PER_S
#define WATCH_UNHEARD  5
#define SEEK_NUMBER    0x5eec /* of a request; not 0, and not what Aravis takes for its own (0xffff) */

/* --- places --------------------------------------------------------------------------------------------------------------- */

bool as_gige_place_parse(const char *text, as_gige_place *ret)
{
    as_gige_place  place = {.has_mac = false};
    struct in_addr in;
    char           address[INET_ADDRSTRLEN];
    size_t         n = strcspn(text, " ");
    unsigned       mac[6];
    char           more;
    if (n == 0 || n >= sizeof address)
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    if (inet_pton(AF_INET, address, &in) != 1)
        return false;
    place.address = be32toh(in.s_addr);
    if (text[n] == ' ') {
        if (sscanf(text + n + 1, "%2x:%2x:%2x:%2x:%2x:%2x%c", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
                   &more) != 6)
            return false;
        place.has_mac = true;
        for (size_t i = 0; i < AS_COUNT(mac); i++)
            place.mac[i] = (uint8_t)mac[i];
    }
    *ret = place;
    return true;
}

char *as_gige_place_text(const as_gige_place *place, char text[AS_GIGE_PLACE_BYTES])
{
    struct in_addr in = {.s_addr = htobe32(place->address)};
    char           address[INET_ADDRSTRLEN] = "?";
    (void)inet_ntop(AF_INET, &in, address, sizeof address);
    if (place->has_mac)
        snprintf(text, AS_GIGE_PLACE_BYTES, "%s %02x:%02x:%02x:%02x:%02x:%02x", address, place->mac[0], place->mac[1],
                 place->mac[2], place->mac[3], place->mac[4], place->mac[5]);
    else
        snprintf(text, AS_GIGE_PLACE_BYTES, "%s", address);
    return text;
}

bool as_gige_place_of(const as_gvcp_answer *answer, uint32_t from, as_gige_place *ret)
{
    if (answer->command != AS_GVCP_DISCOVERY || answer->status != AS_GV_OK || answer->length < AS_GV_DISCOVERY_BYTES)
        return false;
    *ret = (as_gige_place){.address = from, .has_mac = true};
    memcpy(ret->mac, answer->data + AS_GV_DISCOVERY_MAC, sizeof ret->mac);
    return true;
}

/* --- asking --------------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in seek_address(uint32_t address)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htobe16(AS_GVCP_PORT), .sin_addr = {.s_addr = htobe32(address)}};
}

static int seek_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void seek_send(int fd, uint32_t address, const uint8_t *bytes, size_t n)
{
    struct sockaddr_in to = seek_address(address);
    while (sendto(fd, bytes, n, 0, (const struct sockaddr *)&to, sizeof to) < 0 && errno == EINTR)
        ;
}

static void seek_send_register(int fd, uint32_t address, uint16_t number, uint32_t at)
{
    uint8_t out[AS_GVCP_HEAD_BYTES + 4];
    as_gv_put32(out + AS_GVCP_HEAD_BYTES, at);
    seek_send(fd, address, out, as_gvcp_ask(out, AS_GVCP_READREG, number, 4));
}

/* All networks of this machine: a camera whose address was given to it may come back with another one. */
static void seek_send_to_all(int fd, const uint8_t *bytes, size_t n)
{
    struct ifaddrs *all = NULL;
    int             on = 1;
    if (getifaddrs(&all) != 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        if (!(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_POINTOPOINT) || !at->ifa_addr || !at->ifa_netmask ||
            at->ifa_addr->sa_family != AF_INET)
            continue;
        struct sockaddr_in own, mask;
        memcpy(&own, at->ifa_addr, sizeof own);
        memcpy(&mask, at->ifa_netmask, sizeof mask);
        seek_send(fd, be32toh(own.sin_addr.s_addr) | ~be32toh(mask.sin_addr.s_addr), bytes, n);
    }
    freeifaddrs(all);
}

/* The next answer that waits in the socket; false: none does. bytes: AS_GVCP_MAX_BYTES. */
static bool seek_hear(int fd, uint8_t *bytes, as_gvcp_answer *ret, uint32_t *ret_from)
{
    struct sockaddr_in from;
    for (int i = 0; i < 256; i++) {
        socklen_t n_from = sizeof from;
        ssize_t   n = recvfrom(fd, bytes, AS_GVCP_MAX_BYTES, 0, (struct sockaddr *)&from, &n_from);
        if (n < 0 && errno != EINTR && errno != ECONNREFUSED)
            return false;
        if (n <= 0 || n_from != sizeof from || !as_gvcp_answer_parse(bytes, (size_t)n, ret))
            continue;
        *ret_from = be32toh(from.sin_addr.s_addr);
        return true;
    }
    return false;
}

static void seek_wait(int fd, as_ns until)
{
    as_ns         left_ms = (until - as_clock_mono() + AS_NS_PER_MS - 1) / AS_NS_PER_MS;
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    (void)poll(&poller, 1, (int)AS_MIN(AS_MAX(left_ms, 0), SEEK_SLICE_MS));
}

static void seek_ask(int fd, const as_gige_place *place)
{
    uint8_t out[AS_GVCP_HEAD_BYTES];
    size_t  n = as_gvcp_ask(out, AS_GVCP_DISCOVERY, SEEK_NUMBER, 0);
    seek_send(fd, place->address, out, n);
    if (place->has_mac)
        seek_send_to_all(fd, out, n);
}

static bool seek_is_it(const as_gige_place *place, const as_gige_place *found)
{
    return place->has_mac ? memcmp(place->mac, found->mac, sizeof found->mac) == 0 : place->address == found->address;
}

static bool seek_until(int fd, const as_gige_place *place, as_ns deadline, const atomic_bool *quit, as_gige_place *ret,
                       as_err *err)
{
    uint8_t        bytes[AS_GVCP_MAX_BYTES];
    as_gvcp_answer answer;
    uint32_t       from;
    char           text[AS_GIGE_PLACE_BYTES];
    as_ns          next = 0;
    for (;;) {
        as_ns now = as_clock_mono();
        if (quit && atomic_load(quit))
            return AS_FAIL(err, AS_ECANCELLED, "the camera is not wanted any more");
        if (now >= next) {
            seek_ask(fd, place);
            next = now + SEEK_EACH_NS;
        }
        while (seek_hear(fd, bytes, &answer, &from))
            if (answer.number == SEEK_NUMBER && as_gige_place_of(&answer, from, ret) && seek_is_it(place, ret))
                return true;
        if (now >= deadline)
            return AS_FAIL(err, AS_EMISSING, "no camera answers at '%s'", as_gige_place_text(place, text));
        seek_wait(fd, AS_MIN(next, deadline));
    }
}

bool as_gige_seek(const as_gige_place *place, as_ns deadline, const atomic_bool *quit, as_gige_place *ret, as_err *err)
{
    int fd = seek_socket();
    if (fd < 0)
        return as_err_errno(err, errno, "cannot open a socket to look for a camera");
    bool ok = seek_until(fd, place, deadline, quit, ret, err);
    close(fd);
    return ok;
}

uint32_t as_gige_route(uint32_t address)
{
    struct sockaddr_in to = seek_address(address), own;
    socklen_t          n = sizeof own;
    int                fd = seek_socket();
    bool               ok = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
              getsockname(fd, (struct sockaddr *)&own, &n) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? be32toh(own.sin_addr.s_addr) : 0;
}

/* --- who is in control ------------------------------------------------------------------------------------------------------ */

/* Reads n registers, each by a request of its own: not every camera takes several in one. *ret_known has a bit
 * for each that was told. */
static void seek_registers(uint32_t address, const uint32_t *registers, size_t n, as_ns deadline, uint32_t *ret,
                           unsigned *ret_known)
{
    uint8_t        bytes[AS_GVCP_MAX_BYTES];
    as_gvcp_answer answer;
    uint32_t       from;
    as_ns          next = 0;
    int            fd = seek_socket();
    *ret_known = 0;
    while (fd >= 0 && *ret_known != (1u << n) - 1 && as_clock_mono() < deadline) {
        for (size_t i = 0; i < n && as_clock_mono() >= next; i++)
            seek_send_register(fd, address, (uint16_t)(SEEK_NUMBER + i), registers[i]);
        next = next > as_clock_mono() ? next : as_clock_mono() + OWNER_EACH_NS;
        seek_wait(fd, AS_MIN(next, deadline));
        while (seek_hear(fd, bytes, &answer, &from)) {
            const size_t which = (uint16_t)(answer.number - SEEK_NUMBER);
            if (from != address || answer.command != AS_GVCP_READREG || which >= n || answer.status != AS_GV_OK ||
                answer.length < 4)
                continue;
            ret[which] = as_gv_get32(answer.data);
            *ret_known |= 1u << which;
        }
    }
    if (fd >= 0)
        close(fd);
}

bool as_gige_target_of(uint32_t address, as_ns deadline, uint32_t *ret_target, uint16_t *ret_port)
{
    static const uint32_t registers[] = {AS_GV_REG_STREAM_PORT, AS_GV_REG_STREAM_ADDRESS};
    uint32_t              values[AS_COUNT(registers)] = {0};
    unsigned              known = 0;
    seek_registers(address, registers, AS_COUNT(registers), deadline, values, &known);
    if (known != (1u << AS_COUNT(registers)) - 1)
        return false;
    *ret_port = (uint16_t)values[0];
    *ret_target = values[1];
    return true;
}

static const uint32_t owner_registers[] = {AS_GV_REG_CONTROL, AS_GV_REG_OWNER_PORT, AS_GV_REG_OWNER_ADDRESS};

/* Requests number..number + 2, one for each of them: not every camera takes several in one. */
static void owner_ask(int fd, uint32_t address, uint16_t number)
{
    for (size_t i = 0; i < AS_COUNT(owner_registers); i++)
        seek_send_register(fd, address, (uint16_t)(number + i), owner_registers[i]);
}

/* *known has a bit for each register that was answered, also with a refusal. */
static void owner_take(const as_gvcp_answer *answer, uint16_t number, as_gige_owner *owner, unsigned *known)
{
    size_t   which = (uint16_t)(answer->number - number);
    bool     told = answer->status == AS_GV_OK && answer->length >= 4;
    uint32_t value = told ? as_gv_get32(answer->data) : 0;
    if (answer->command != AS_GVCP_READREG || which >= AS_COUNT(owner_registers))
        return;
    *known |= 1u << which;
    if (which == 0)
        owner->privilege = told ? value & 0xffffu : answer->status == AS_GV_ACCESS_DENIED ? AS_GV_CONTROL_EXCLUSIVE : 0;
    else if (which == 1)
        owner->port = (uint16_t)value;
    else
        owner->address = value;
}

bool as_gige_owner_of(uint32_t address, as_ns deadline, as_gige_owner *ret)
{
    uint8_t        bytes[AS_GVCP_MAX_BYTES];
    as_gvcp_answer answer;
    as_gige_owner  owner = {0};
    uint32_t       from;
    unsigned       known = 0;
    as_ns          next = 0;
    int            fd = seek_socket();
    while (fd >= 0 && known != (1u << AS_COUNT(owner_registers)) - 1 && as_clock_mono() < deadline) {
        if (as_clock_mono() >= next) {
            owner_ask(fd, address, SEEK_NUMBER);
            next = as_clock_mono() + OWNER_EACH_NS;
        }
        seek_wait(fd, AS_MIN(next, deadline));
        while (seek_hear(fd, bytes, &answer, &from))
            if (from == address)
                owner_take(&answer, SEEK_NUMBER, &owner, &known);
    }
    if (fd >= 0)
        close(fd);
    if (!(known & 1u))
        return false;
    *ret = owner;
    return true;
}

char *as_gige_owner_text(const as_gige_owner *owner, char *text, size_t n)
{
    struct in_addr in = {.s_addr = htobe32(owner->address)};
    char           who[INET_ADDRSTRLEN] = "";
    if (owner->address == 0 || !inet_ntop(AF_INET, &in, who, sizeof who))
        snprintf(text, n, "another program");
    else
        snprintf(text, n, "another program on %s%s (port %u)",
                 owner->address == as_gige_route(owner->address) ? "this machine, " : "", who, owner->port);
    return text;
}

bool as_gige_owner_deny(const as_gige_owner *owner, const char *where, as_err *err)
{
    char who[96];
    return AS_FAIL(err, AS_EBUSY,
                   "the camera '%s' is held by %s: end that one first (a camera is free again some seconds after the "
                   "program that held it died)",
                   where, as_gige_owner_text(owner, who, sizeof who));
}

/* --- watching ------------------------------------------------------------------------------------------------------------- */

void as_gige_watch_start(as_gige_watch *watch, uint32_t address, const as_gige_owner *own)
{
    *watch = (as_gige_watch){.fd = seek_socket(), .address = address, .own = *own, .number = 1};
    watch->is_on = watch->fd >= 0;
}

void as_gige_watch_stop(as_gige_watch *watch)
{
    if (watch->is_on)
        close(watch->fd);
    watch->is_on = false;
}

static bool watch_is_own(const as_gige_watch *watch, const as_gige_owner *now, unsigned known)
{
    if ((known & 1u) && (now->privilege & (AS_GV_CONTROL_EXCLUSIVE | AS_GV_CONTROL_SHARED)) == 0)
        return false;
    if (watch->own.address == 0 || known != (1u << AS_COUNT(owner_registers)) - 1 || now->address == 0)
        return true; /* as far as the camera tells */
    return now->address == watch->own.address && now->port == watch->own.port;
}

void as_gige_watch_came(as_gige_watch *watch)
{
    watch->n_unheard = 0;
}

bool as_gige_watch_is_lost(as_gige_watch *watch, as_ns now)
{
    uint8_t        bytes[AS_GVCP_MAX_BYTES];
    as_gvcp_answer answer;
    as_gige_owner  owner = {0};
    uint32_t       from;
    unsigned       known = 0;
    if (!watch->is_on)
        return false;
    bool heard = false; /* also what was asked before the last time: a camera may be slow */
    while (seek_hear(watch->fd, bytes, &answer, &from))
        if (from == watch->address) {
            heard = true;
            owner_take(&answer, watch->number, &owner, &known);
        }
    if (known && !watch_is_own(watch, &owner, known))
        return true;
    if (heard || now - watch->asked > WATCH_PAUSE_NS) /* what was asked before pictures came again says nothing */
        watch->n_unheard = 0;
    if (watch->n_unheard >= WATCH_UNHEARD && now - watch->unheard >= AS_GIGE_GONE_NS)
        return true;
    if (now - watch->asked >= WATCH_EACH_NS) {
        if (watch->n_unheard++ == 0)
            watch->unheard = now;
        watch->asked = now;
        watch->number = watch->number > UINT16_MAX - 8 ? 1 : (uint16_t)(watch->number + AS_COUNT(owner_registers));
        owner_ask(watch->fd, watch->address, watch->number);
    }
    return false;
}
