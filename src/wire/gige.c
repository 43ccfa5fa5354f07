/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/gige.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "build_config.h"
#include "wire/gige_priv.h"

#define TICK_NS        (20 * AS_NS_PER_MS)
#define USUAL_MBIT     10000.0
#define ENDED_GRACE_NS AS_NS_PER_S /* after the last picture, packets may still be asked for */

as_ns as_gige_clock(const as_gige *device)
{
    return as_clock_mono() - device->born;
}

/* --- the network -------------------------------------------------------------------------------------------------------- */

static uint32_t gige_ip(const struct sockaddr *address)
{
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return be32toh(in.sin_addr.s_addr);
}

/* The interface in whose network the address lies: its mask, and what it carries. */
static bool gige_find_interface(as_gige *device, const char *address, as_err *err)
{
    struct in_addr  in;
    struct ifaddrs *all = NULL;
    struct ifreq    request = {0};
    bool            found = false;
    if (inet_pton(AF_INET, address, &in) != 1)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no IPv4 address: 127.0.0.1 is one", address);
    device->ip = be32toh(in.s_addr);
    if (getifaddrs(&all) != 0)
        return as_err_errno(err, errno, "cannot list the network interfaces");
    for (struct ifaddrs *at = all; at && !found; at = at->ifa_next) {
        if (!at->ifa_addr || !at->ifa_netmask || at->ifa_addr->sa_family != AF_INET)
            continue;
        uint32_t mask = gige_ip(at->ifa_netmask);
        found = ((gige_ip(at->ifa_addr) ^ device->ip) & mask) == 0;
        device->mask = mask;
        (void)as_str_copy(request.ifr_name, sizeof request.ifr_name, at->ifa_name);
    }
    freeifaddrs(all);
    if (!found)
        return AS_FAIL(err, AS_EINVAL, "no network of this machine has the address '%s'", address);
    device->mtu =
        ioctl(device->fds[0], SIOCGIFMTU, &request) == 0 && request.ifr_mtu >= 576 ? (uint32_t)request.ifr_mtu : 1500;
    return true;
}

static bool gige_bind(int fd, uint32_t ip)
{
    struct sockaddr_in own = {
        .sin_family = AF_INET, .sin_port = htobe16(AS_GVCP_PORT), .sin_addr = {.s_addr = htobe32(ip)}};
    return bind(fd, (struct sockaddr *)&own, sizeof own) == 0;
}

/* Clients look for cameras by broadcast, to the network's address or to all; several devices hear it. */
static void gige_listen_to_all(as_gige *device)
{
    const uint32_t addresses[] = {device->ip | ~device->mask, INADDR_BROADCAST};
    for (size_t i = 1; i < AS_GIGE_SOCKETS; i++) {
        int on = 1;
        setsockopt(device->fds[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (!gige_bind(device->fds[i], addresses[i - 1])) { /* then it is found by its address alone */
            close(device->fds[i]);
            device->fds[i] = -1;
        }
    }
}

static bool gige_open_sockets(as_gige *device, const char *address, as_err *err)
{
    for (size_t i = 0; i < AS_GIGE_SOCKETS; i++) {
        device->fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (device->fds[i] < 0)
            return as_err_errno(err, errno, "cannot open a socket");
    }
    if (pipe2(device->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return as_err_errno(err, errno, "cannot open a pipe");
    if (!gige_find_interface(device, address, err))
        return false;
    if (!gige_bind(device->fds[0], device->ip)) {
        if (errno == EADDRINUSE)
            return AS_FAIL(err, AS_EBUSY,
                           "port %d of %s is taken: a camera is served there already; choose another address, such as "
                           "127.0.0.2",
                           AS_GVCP_PORT, address);
        if (errno == EADDRNOTAVAIL)
            return AS_FAIL(err, AS_EINVAL, "'%s' is no address of this machine (ip address shows them)", address);
        return as_err_errno(err, errno, "cannot listen on port %d of %s", AS_GVCP_PORT, address);
    }
    gige_listen_to_all(device);
    return true;
}

/* --- the control thread --------------------------------------------------------------------------------------------------- */

/* All that waits on one socket. Answers leave by the device's own. */
static void gige_answer(as_gige *device, int fd)
{
    uint8_t            bytes[AS_GVCP_MAX_BYTES + 1], out[AS_GVCP_MAX_BYTES];
    struct sockaddr_in from;
    for (int i = 0; i < 256; i++) {
        socklen_t n_from = sizeof from;
        ssize_t   n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &n_from);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0 || n_from != sizeof from)
            continue;
        as_gv_peer peer = {be32toh(from.sin_addr.s_addr), be16toh(from.sin_port)};
        if (fd != device->fds[0] && ((peer.address ^ device->ip) & device->mask) != 0) /* of another network */
            continue;
        pthread_mutex_lock(&device->lock);
        size_t answer =
            device->dead ? 0 : as_gv_control_answer(&device->control, &peer, bytes, (size_t)n, as_clock_mono(), out);
        pthread_mutex_unlock(&device->lock);
        if (answer > 0)
            (void)!sendto(device->fds[0], out, answer, 0, (struct sockaddr *)&from, sizeof from);
    }
}

static void gige_control(void *ctx)
{
    as_gige      *device = ctx;
    struct pollfd polls[AS_GIGE_SOCKETS + 1];
    as_ns         wait = INT64_MAX; /* for what is to be sent again */
    for (size_t i = 0; i < AS_GIGE_SOCKETS; i++)
        polls[i] = (struct pollfd){.fd = device->fds[i], .events = POLLIN};
    polls[AS_GIGE_SOCKETS] = (struct pollfd){.fd = device->wake[0], .events = POLLIN};
    while (!atomic_load(&device->stop)) {
        const struct timespec tick = {.tv_nsec = AS_MIN(wait, TICK_NS)};
        (void)ppoll(polls, AS_COUNT(polls), &tick, NULL);
        for (size_t i = 0; i < AS_GIGE_SOCKETS; i++)
            if (polls[i].revents & POLLIN)
                gige_answer(device, device->fds[i]);
        pthread_mutex_lock(&device->lock);
        as_gv_control_tick(&device->control, as_clock_mono());
        pthread_mutex_unlock(&device->lock);
        wait = as_gige_again_send(device, as_clock_mono());
    }
}

/* --- opening and closing ---------------------------------------------------------------------------------------------------- */

static bool gige_init_lock(as_gige *device, as_err *err)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    device->has_lock = as_thread_lock_init(&device->lock) && pthread_cond_init(&device->turn, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return device->has_lock || AS_FAIL(err, AS_ENOMEM, "no memory for a camera");
}

static bool gige_init_control(as_gige *device, const as_serve_cfg *cfg, as_err *err)
{
    as_features    features;
    as_gv_hooks    hooks;
    char           serial[16];
    as_gv_identity identity = {.address = device->ip,
                               .mask = device->mask,
                               .model = as_gige_model,
                               .info = as_pump_uri(device->pump),
                               .version = AS_VERSION,
                               .serial = serial,
                               .link_mbit = (uint64_t)cfg->link_mbit};
    snprintf(serial, sizeof serial, "AS%08X", device->ip);
    as_gige_features(device, cfg, &features);
    as_genicam_xml(&features, as_gige_model, &device->xml);
    if (!as_str_ok(&device->xml))
        return AS_FAIL(err, AS_ENOMEM, "no memory for the description of a camera");
    if (device->xml.len > AS_GV_XML_MAX_BYTES)
        return AS_FAIL(err, AS_EINTERNAL, "the description of a camera has %zu bytes", device->xml.len);
    as_gige_hooks(device, &hooks);
    as_gv_control_init(&device->control, &features, &identity, device->xml.s, device->xml.len, &hooks);
    return true;
}

static bool gige_init(as_gige *device, const as_serve_cfg *asked, const char *address, as_err *err)
{
    as_serve_cfg cfg = *asked;
    cfg.link_mbit = cfg.link_mbit > 0 ? cfg.link_mbit : USUAL_MBIT;
    cfg.pump.fps = cfg.fps > 0 ? cfg.fps : as_feature_info_of(AS_FEATURE_FRAME_RATE)->usual;
    cfg.pump.has_sensor = true;
    cfg.pump.n_keep = AS_GIGE_KEPT + 3; /* one being sent, one being sent again, and one between */
    if (!as_str_copy(device->address, sizeof device->address, address))
        return AS_FAIL(err, AS_EINVAL, "'%.40s...' is no IPv4 address", address);
    if (!gige_init_lock(device, err) || !gige_open_sockets(device, address, err))
        return false;
    device->stream = as_gvsp_open(device->ip, cfg.link_mbit, err);
    device->pump = device->stream ? as_pump_open(&cfg.pump, err) : NULL;
    if (!device->pump || !gige_init_control(device, &cfg, err))
        return false;
    device->control_thread = as_thread_start("gige-control", gige_control, device, err);
    device->take_thread = device->control_thread ? as_thread_start("gige-take", as_gige_take, device, err) : NULL;
    return device->take_thread != NULL;
}

as_gige *as_gige_open(const as_serve_cfg *cfg, const char *address, as_err *err)
{
    as_gige *device = calloc(1, sizeof *device);
    if (!device) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a camera");
        return NULL;
    }
    for (size_t i = 0; i < AS_GIGE_SOCKETS; i++)
        device->fds[i] = -1;
    device->wake[0] = device->wake[1] = -1;
    device->belt_factor = 1.0;
    device->replays = cfg->pump.n_replay > 0;
    device->born = as_clock_mono();
    device->log = cfg->log;
    as_str_init(&device->xml);
    return gige_init(device, cfg, address, err) ? device : as_gige_close(device);
}

static void gige_close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

as_gige *as_gige_close(as_gige *device)
{
    if (!device)
        return NULL;
    atomic_store(&device->stop, true);
    atomic_store(&device->halt, true);
    if (device->wake[1] >= 0)
        (void)!write(device->wake[1], "", 1);
    if (device->has_lock)
        pthread_cond_broadcast(&device->turn);
    as_thread_join(device->take_thread);
    as_thread_join(device->control_thread);
    as_gige_forget(device);
    as_pump_close(device->pump);
    as_gvsp_close(device->stream);
    for (size_t i = 0; i < AS_GIGE_SOCKETS; i++)
        gige_close_fd(device->fds[i]);
    gige_close_fd(device->wake[0]);
    gige_close_fd(device->wake[1]);
    if (device->has_lock) {
        pthread_cond_destroy(&device->turn);
        pthread_mutex_destroy(&device->lock);
    }
    as_str_done(&device->xml);
    free(device);
    return NULL;
}

void as_gige_state(as_gige *device, as_serve_state *ret)
{
    struct in_addr in;
    pthread_mutex_lock(&device->lock);
    *ret = device->counts;
    ret->n_due = as_cadence_due(&device->cadence);
    ret->n_late = device->cadence.n_late;
    ret->slow = device->cadence.cause;
    ret->asked_per_s = device->cadence.asked_per_s;
    ret->held_per_s = device->cadence.held_per_s;
    ret->dead = device->dead;
    ret->err = device->err;
    ret->ended = device->ended && (device->err.code != AS_OK || as_clock_mono() - device->ended_at > ENDED_GRACE_NS);
    in.s_addr = htobe32(device->control.owner.address);
    if (device->control.privilege != 0)
        (void)inet_ntop(AF_INET, &in, ret->client, sizeof ret->client);
    pthread_mutex_unlock(&device->lock);
}

const char *as_gige_address(const as_gige *device)
{
    return device->address;
}
