/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_silence.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "camera/gvcp.h"

/* A loopback network carries whatever it is given. */
static void silence_interface(as_gige_silence *s)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        struct sockaddr_in own;
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&own, at->ifa_addr, sizeof own);
        if (be32toh(own.sin_addr.s_addr) == s->own)
            as_str_copy(s->interface, sizeof s->interface, at->ifa_name);
    }
    freeifaddrs(all);
}

static void silence_mtu(as_gige_silence *s)
{
    struct ifreq request = {.ifr_mtu = 0};
    int          fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    as_str_copy(request.ifr_name, sizeof request.ifr_name, s->interface);
    if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
        s->mtu = (uint32_t)request.ifr_mtu;
    if (fd >= 0)
        close(fd);
}

static int silence_rp_filter(const char *interface)
{
    char  path[64 + IF_NAMESIZE], text[16] = "";
    FILE *f;
    snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
    f = fopen(path, "re");
    if (!f)
        return 0;
    bool ok = fgets(text, sizeof text, f) != NULL;
    fclose(f);
    return ok && text[0] >= '0' && text[0] <= '2' ? text[0] - '0' : 0;
}

void as_gige_silence_look(as_gige_silence *s)
{
    silence_interface(s);
    if (!s->interface[0])
        return;
    silence_mtu(s);
    /* The larger of the two counts (Linux, ip-sysctl). */
    s->rp_filter = AS_MAX(silence_rp_filter("all"), silence_rp_filter(s->interface));
}

static const char *silence_address(uint32_t address, char text[INET_ADDRSTRLEN])
{
    struct in_addr in = {.s_addr = htobe32(address)};
    return inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN) ? text : "?";
}

static bool silence_is_elsewhere(const as_gige_silence *s)
{
    return s->n_packets == 0 && s->knows_target && (s->target_port != s->port || s->target != s->own);
}

static void silence_elsewhere(const as_gige_silence *s, char *text, size_t n)
{
    char own[INET_ADDRSTRLEN], target[INET_ADDRSTRLEN];
    if (s->target_port == 0)
        snprintf(
            text, n,
            "the camera answers, and sends its pictures to nobody (GevSCPHostPort is 0): another program has ended "
            "its stream: end that program, and open the camera again");
    else
        snprintf(
            text, n,
            "the camera answers, and sends its pictures to %s, UDP port %u, not to %s, port %u: another program or "
            "something between has changed that: end it, and open the camera again",
            silence_address(s->target, target), s->target_port, silence_address(s->own, own), s->port);
}

/* Small packets come, or would, and large ones do not. */
static void silence_too_large(const as_gige_silence *s, char *text, size_t n)
{
    const char *what =
        s->n_packets > 0 ? "the beginnings of its pictures come and none of their pixels" : "no packet comes";
    char here[64 + IF_NAMESIZE] = "", remedy[64 + IF_NAMESIZE] = "";
    if (s->interface[0] && s->mtu > 0 && s->packet_bytes > s->mtu) {
        snprintf(here, sizeof here, "the network card %s, whose MTU is %u, or ", s->interface, s->mtu);
        snprintf(remedy, sizeof remedy, " (ip link set %s mtu 9000)", s->interface);
    }
    snprintf(text, n,
             "the camera answers, %s: its packets have %u bytes, more than %sa switch between carries: raise the MTU "
             "there%s, or let the camera send smaller ones (packet=1500 in its address)",
             what, s->packet_bytes, here, remedy);
}

static void silence_firewall(const as_gige_silence *s, char *text, size_t n)
{
    char       own[INET_ADDRSTRLEN], camera[INET_ADDRSTRLEN], filter[160 + IF_NAMESIZE] = "";
    const char at = strchr(s->interface, '.') ? '/' : '.'; /* of two that sysctl takes, that which the name has not */
    if (s->rp_filter == 1 && s->interface[0])
        snprintf(filter, sizeof filter,
                 "; or rp_filter, which is strict on %s (sysctl -w net%cipv4%cconf%c%s%crp_filter=2)", s->interface, at,
                 at, at, s->interface, at);
    snprintf(
        text, n,
        "the camera answers, and not one packet of its pictures comes to %s, UDP port %u: most likely a firewall of "
        "this computer drops them (allow UDP from %s: ufw allow proto udp from %s, or nft insert rule inet filter "
        "input ip saddr %s udp dport 1024-65535 accept)%s; or packets of %u bytes are more than a switch between "
        "carries (packet=1500 in the camera's address)",
        silence_address(s->own, own), s->port, silence_address(s->camera, camera), camera, camera, filter,
        s->packet_bytes);
}

char *as_gige_silence_text(const as_gige_silence *s, char text[AS_GIGE_SILENCE_BYTES])
{
    if (silence_is_elsewhere(s))
        silence_elsewhere(s, text, AS_GIGE_SILENCE_BYTES);
    else if (s->n_packets > 0 || (s->mtu > 0 && s->packet_bytes > s->mtu))
        silence_too_large(s, text, AS_GIGE_SILENCE_BYTES);
    else
        silence_firewall(s, text, AS_GIGE_SILENCE_BYTES);
    return text;
}
