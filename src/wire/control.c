/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/control.h"

#include <stdio.h>

enum {
    REG_VERSION = 0x0000,
    REG_MODE = 0x0004,
    REG_MAC_HIGH = 0x0008,
    REG_MAC_LOW = 0x000c,
    REG_IP_CAPABILITY = 0x0010,
    REG_IP_CONFIG = 0x0014,
    REG_IP = 0x0024,
    REG_MASK = 0x0034,
    REG_GATEWAY = 0x0044,
    REG_VENDOR = 0x0048,
    REG_MODEL = 0x0068,
    REG_DEVICE_VERSION = 0x0088,
    REG_INFO = 0x00a8,
    REG_SERIAL = 0x00d8,
    REG_USER_ID = 0x00e8,
    REG_DISCOVERY_END = AS_GV_DISCOVERY_BYTES,
    REG_URL = 0x0200,
    REG_URL_2 = 0x0400,
    REG_INTERFACES = 0x0600,
    REG_LINK_SPEED = 0x0670,
    REG_MESSAGES = 0x0900,
    REG_STREAMS = 0x0904,
    REG_ACTIONS = 0x0908,
    REG_LINKS = 0x0910,
    REG_STREAM_CAPABILITY = 0x092c,
    REG_MESSAGE_CAPABILITY = 0x0930,
    REG_CAPABILITY = 0x0934,
    REG_HEARTBEAT = 0x0938,
    REG_TICKS_HIGH = 0x093c,
    REG_TICKS_LOW = 0x0940,
    REG_TIME_CONTROL = 0x0944,
    REG_TIME_HIGH = 0x0948,
    REG_TIME_LOW = 0x094c,
    REG_GVCP_CONFIG = 0x0954,
    REG_PENDING = 0x0958,
    REG_CONTROL = AS_GV_REG_CONTROL,
    REG_OWNER_PORT = AS_GV_REG_OWNER_PORT,
    REG_OWNER_ADDRESS = AS_GV_REG_OWNER_ADDRESS,
    REG_STREAM_PORT = 0x0d00,
    REG_STREAM_PACKET = 0x0d04,
    REG_STREAM_DELAY = 0x0d08,
    REG_STREAM_ADDRESS = 0x0d18,
    REG_STREAM_SOURCE = 0x0d1c,
    REG_STREAM_FEATURES = 0x0d20,
    REG_STREAM_CONFIG = 0x0d24,
};

#define VERSION_1_2        0x00010002u
#define MODE_BIG_UTF8      0x80000001u
#define CAN_USER_NAME      0x80000000u
#define CAN_SERIAL         0x40000000u
#define CAN_OWNER          0x08000000u
#define CAN_RESEND         0x00000004u
#define CAN_WRITEMEM       0x00000002u
#define CAN_CONCATENATE    0x00000001u
#define PACKET_FIRE        0x80000000u
#define PACKET_WHOLE       0x40000000u
#define TIME_LATCH         0x2u
#define LEAST_HEARTBEAT_MS 500u
#define MOST_HEARTBEAT_MS  60000u /* who went without a word holds the camera no longer */
#define MULTICAST          0xeu
#define INFO_BYTES         48u
#define SCRIPT_WAIT_NS     (200 * AS_NS_PER_MS) /* so long may the next piece of a script be under way */

/* Registers that the standard describes: where, how long, and whether a client may write there. */
static const struct {
    uint16_t at, bytes;
    bool     writable;
} boot_rows[] = {
    {REG_VERSION, 4, false},
    {REG_MODE, 4, false},
    {REG_MAC_HIGH, 4, false},
    {REG_MAC_LOW, 4, false},
    {REG_IP_CAPABILITY, 4, false},
    {REG_IP_CONFIG, 4, true},
    {REG_IP, 4, false},
    {REG_MASK, 4, false},
    {REG_GATEWAY, 4, false},
    {REG_VENDOR, 32, false},
    {REG_MODEL, 32, false},
    {REG_DEVICE_VERSION, 32, false},
    {REG_INFO, 48, false},
    {REG_SERIAL, 16, false},
    {REG_USER_ID, 16, true},
    {REG_URL, 512, false},
    {REG_URL_2, 512, false},
    {REG_INTERFACES, 4, false},
    {REG_LINK_SPEED, 4, false},
    {REG_MESSAGES, 4, false},
    {REG_STREAMS, 4, false},
    {REG_ACTIONS, 4, false},
    {REG_LINKS, 4, false},
    {REG_STREAM_CAPABILITY, 4, false},
    {REG_MESSAGE_CAPABILITY, 4, false},
    {REG_CAPABILITY, 4, false},
    {REG_HEARTBEAT, 4, true},
    {REG_TICKS_HIGH, 4, false},
    {REG_TICKS_LOW, 4, false},
    {REG_TIME_CONTROL, 4, true},
    {REG_TIME_HIGH, 4, false},
    {REG_TIME_LOW, 4, false},
    {REG_GVCP_CONFIG, 4, true},
    {REG_PENDING, 4, false},
    {REG_CONTROL, 4, true},
    {REG_OWNER_PORT, 4, false},
    {REG_OWNER_ADDRESS, 4, false},
    {REG_STREAM_PORT, 4, true},
    {REG_STREAM_PACKET, 4, true},
    {REG_STREAM_DELAY, 4, true},
    {REG_STREAM_ADDRESS, 4, true},
    {REG_STREAM_SOURCE, 4, false},
    {REG_STREAM_FEATURES, 4, false},
    {REG_STREAM_CONFIG, 4, true},
};

static uint32_t boot_get(const as_gv_control *control, uint32_t at)
{
    return as_gv_get32(control->boot + at);
}

static void boot_put(as_gv_control *control, uint32_t at, uint32_t value)
{
    as_gv_put32(control->boot + at, value);
}

static void boot_text(as_gv_control *control, uint32_t at, size_t bytes, const char *text)
{
    (void)as_str_copy((char *)control->boot + at, bytes, text);
}

/* What it sees, as far as there is room: whole keys of its address. */
static void boot_info(as_gv_control *control, const char *text)
{
    size_t n = strlen(text);
    while (n > INFO_BYTES - 1) {
        size_t shorter = n;
        while (shorter > 0 && text[shorter - 1] != '&' && text[shorter - 1] != '?')
            shorter--;
        n = shorter > 0 ? shorter - 1 : INFO_BYTES - 1;
    }
    memset(control->boot + REG_INFO, 0, INFO_BYTES);
    memcpy(control->boot + REG_INFO, text, n);
}

/* The row that holds all of these bytes; -1: none does. */
static int boot_row(uint32_t at, size_t n)
{
    for (size_t i = 0; i < AS_COUNT(boot_rows); i++)
        if (at >= boot_rows[i].at && at + n <= (size_t)boot_rows[i].at + boot_rows[i].bytes)
            return (int)i;
    return -1;
}

/* --- reading ------------------------------------------------------------------------------------------------------------ */

static as_gv_status control_read_number(as_gv_control *control, size_t feature, uint32_t offset, size_t n, uint8_t *out)
{
    const as_feature_info *info = as_feature_info_of(feature);
    uint8_t                bytes[8] = {0};
    uint64_t               bits;
    if (info->access == AS_FEATURE_WO)
        return AS_GV_ACCESS_DENIED;
    double value = control->hooks.look(control->hooks.ctx, feature, control->features.value[feature]);
    if (info->kind == AS_FEATURE_FLOAT) {
        memcpy(&bits, &value, sizeof bits);
        as_gv_put64(bytes, bits);
    } else {
        as_gv_put32(bytes, value < 0.0 ? (uint32_t)(int32_t)value : (uint32_t)value);
    }
    memcpy(out, bytes + offset, n);
    return AS_GV_OK;
}

static as_gv_status control_read_feature(as_gv_control *control, uint32_t at, size_t n, uint8_t *out)
{
    size_t feature = as_feature_at(at);
    if (!as_features_has(&control->features, feature))
        return AS_GV_INVALID_ADDRESS;
    uint32_t offset = at - as_feature_address(feature);
    if (offset + n > as_feature_bytes(feature))
        return AS_GV_INVALID_ADDRESS;
    if (as_feature_info_of(feature)->kind != AS_FEATURE_TEXT)
        return control_read_number(control, feature, offset, n, out);
    const char *text = feature == AS_FEATURE_FAULT_SCRIPT      ? control->script
                       : feature == AS_FEATURE_REFUSED_SETTING ? control->refused
                                                               : control->status;
    memcpy(out, text + offset, n);
    return AS_GV_OK;
}

static as_gv_status control_read_xml(const as_gv_control *control, uint32_t at, size_t n, uint8_t *out)
{
    size_t begins = at - AS_GV_XML_AT, whole = (control->n_xml + 3) / 4 * 4;
    if (begins + n > whole)
        return AS_GV_INVALID_ADDRESS;
    memset(out, 0, n);
    if (begins < control->n_xml)
        memcpy(out, control->xml + begins, AS_MIN(n, control->n_xml - begins));
    return AS_GV_OK;
}

/* Whole words. In the registers that the standard describes, what lies between two of them is zero. */
static as_gv_status control_read(as_gv_control *control, uint32_t at, size_t n, uint8_t *out)
{
    if (at % 4 != 0 || n % 4 != 0)
        return AS_GV_BAD_ALIGNMENT;
    if (n == 0 || n > AS_GVCP_MAX_MEMORY)
        return AS_GV_INVALID_PARAMETER;
    if (at >= AS_GV_XML_AT)
        return control_read_xml(control, at, n, out);
    if (at >= AS_GV_BOOT_BYTES)
        return control_read_feature(control, at, n, out);
    if (boot_row(at, 4) < 0 || at + n > AS_GV_BOOT_BYTES)
        return AS_GV_INVALID_ADDRESS;
    memcpy(out, control->boot + at, n);
    return AS_GV_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */

static as_gv_status control_try(as_gv_control *control, size_t feature, double value)
{
    const as_feature_info *info = as_feature_info_of(feature);
    if (info->access == AS_FEATURE_RO)
        return AS_GV_WRITE_PROTECT;
    if (info->access == AS_FEATURE_RWL && control->streaming)
        return AS_GV_ACCESS_DENIED;
    if (!as_features_may(&control->features, feature, value))
        return AS_GV_INVALID_PARAMETER;
    if (info->kind == AS_FEATURE_COMMAND)
        return value > 0.0 ? control->hooks.command(control->hooks.ctx, feature) : AS_GV_OK;
    as_gv_status status = control->hooks.change(control->hooks.ctx, feature, value);
    if (status == AS_GV_OK)
        control->features.value[feature] = value;
    return status;
}

static as_gv_status control_change(as_gv_control *control, size_t feature, double value)
{
    const char *name = as_feature_info_of(feature)->name;
    control->refused[0] = '\0';
    as_gv_status status = control_try(control, feature, value);
    if (status == AS_GV_OK)
        control->refused[0] = '\0';
    else if (control->refused[0])
        (void)0; /* the device knows why */
    else if (status == AS_GV_WRITE_PROTECT)
        snprintf(control->refused, sizeof control->refused, "%s cannot be set", name);
    else if (status == AS_GV_ACCESS_DENIED)
        snprintf(control->refused, sizeof control->refused,
                 "%s is locked while pictures are sent: AcquisitionStop first", name);
    else
        snprintf(control->refused, sizeof control->refused, "%s: %.10g is out of its range, or not at its step", name,
                 value);
    return status;
}

static as_gv_status control_write_number(as_gv_control *control, size_t feature, const uint8_t *data)
{
    double value;
    if (as_feature_info_of(feature)->kind == AS_FEATURE_FLOAT) {
        uint64_t bits = (uint64_t)as_gv_get32(data) << 32 | as_gv_get32(data + 4);
        memcpy(&value, &bits, sizeof value);
    } else {
        uint32_t bits = as_gv_get32(data);
        value = as_feature_info_of(feature)->low < 0.0 ? (double)(int32_t)bits : (double)bits;
    }
    return control_change(control, feature, value);
}

static as_gv_status control_write_feature(as_gv_control *control, uint32_t at, size_t n, const uint8_t *data)
{
    size_t feature = as_feature_at(at);
    if (!as_features_has(&control->features, feature))
        return AS_GV_INVALID_ADDRESS;
    uint32_t offset = at - as_feature_address(feature), bytes = as_feature_bytes(feature);
    if (as_feature_info_of(feature)->kind != AS_FEATURE_TEXT)
        return offset == 0 && n == bytes ? control_write_number(control, feature, data) : AS_GV_INVALID_ADDRESS;
    if (feature != AS_FEATURE_FAULT_SCRIPT)
        return AS_GV_WRITE_PROTECT;
    if (offset + n > bytes)
        return AS_GV_INVALID_ADDRESS;
    memcpy(control->script + offset, data, n);
    control->script[AS_GV_SCRIPT_BYTES - 1] = '\0';
    control->script_is_new = true;
    control->script_at = control->heard + (offset + n == bytes ? 0 : SCRIPT_WAIT_NS);
    return AS_GV_OK;
}

static as_gv_status control_write_packet(as_gv_control *control, uint32_t value)
{
    uint32_t     size = value & 0xffffu;
    as_gv_status status = AS_GV_OK;
    if ((double)size < control->features.value[AS_FEATURE_PACKET_SIZE] ||
        (double)size > control->features.value[AS_FEATURE_PACKET_SIZE])
        status = control_change(control, AS_FEATURE_PACKET_SIZE, size);
    if (status != AS_GV_OK)
        return status;
    boot_put(control, REG_STREAM_PACKET, (value & (PACKET_WHOLE | 0xffffu)));
    if (value & PACKET_FIRE)
        control->hooks.fire(control->hooks.ctx);
    return AS_GV_OK;
}

static void control_write_time(as_gv_control *control, uint32_t value)
{
    if (!(value & TIME_LATCH))
        return;
    uint64_t now = (uint64_t)control->hooks.clock(control->hooks.ctx);
    boot_put(control, REG_TIME_HIGH, (uint32_t)(now >> 32));
    boot_put(control, REG_TIME_LOW, (uint32_t)now);
}

/* Pictures go to who is in control, to a group, or within the network that is served: nobody else is flooded. 0: nowhere. */
static bool control_may_send_to(const as_gv_control *control, uint32_t address)
{
    uint32_t apart = address ^ boot_get(control, REG_IP);
    return address == 0 || address == control->owner.address || address >> 28 == MULTICAST ||
           (apart & boot_get(control, REG_MASK)) == 0;
}

static as_gv_status control_write_boot(as_gv_control *control, uint32_t at, size_t n, const uint8_t *data)
{
    int row = boot_row(at, n);
    if (row < 0)
        return AS_GV_INVALID_ADDRESS;
    if (!boot_rows[row].writable)
        return AS_GV_WRITE_PROTECT;
    if (boot_rows[row].at == REG_USER_ID) {
        memcpy(control->boot + at, data, n);
        return AS_GV_OK;
    }
    uint32_t     value = as_gv_get32(data);
    as_gv_status status;
    switch (at) {
    case REG_STREAM_PACKET: return control_write_packet(control, value);
    case REG_TIME_CONTROL: control_write_time(control, value); return AS_GV_OK;
    case REG_IP_CONFIG: return AS_GV_OK; /* the address is this machine's: nothing changes */
    case REG_HEARTBEAT:
        value = AS_MIN(AS_MAX(value, LEAST_HEARTBEAT_MS), MOST_HEARTBEAT_MS);
        status = control_change(control, AS_FEATURE_HEARTBEAT_TIMEOUT, value);
        break;
    case REG_STREAM_DELAY: status = control_change(control, AS_FEATURE_PACKET_DELAY, value); break;
    case REG_STREAM_ADDRESS: status = control_may_send_to(control, value) ? AS_GV_OK : AS_GV_INVALID_PARAMETER; break;
    default: status = AS_GV_OK; break;
    }
    if (status == AS_GV_OK)
        boot_put(control, at, value);
    if (at == REG_STREAM_PORT || at == REG_STREAM_ADDRESS)
        control->hooks.stream(control->hooks.ctx);
    return status;
}

static void control_release(as_gv_control *control)
{
    control->owner = (as_gv_peer){0, 0};
    control->privilege = 0;
    boot_put(control, REG_CONTROL, 0);
    boot_put(control, REG_OWNER_PORT, 0);
    boot_put(control, REG_OWNER_ADDRESS, 0);
    boot_put(control, REG_STREAM_PORT, 0);
    boot_put(control, REG_STREAM_ADDRESS, 0);
    control->hooks.released(control->hooks.ctx);
}

void as_gv_control_drop(as_gv_control *control)
{
    if (control->privilege != 0)
        control_release(control);
}

static bool control_is_owner(const as_gv_control *control, const as_gv_peer *from)
{
    return control->privilege != 0 && control->owner.address == from->address && control->owner.port == from->port;
}

static as_gv_status control_write_privilege(as_gv_control *control, const as_gv_peer *from, uint32_t value)
{
    value &= AS_GV_CONTROL_EXCLUSIVE | AS_GV_CONTROL_SHARED;
    if (control->privilege != 0 && !control_is_owner(control, from))
        return AS_GV_ACCESS_DENIED;
    if (value == 0) {
        as_gv_control_drop(control);
        return AS_GV_OK;
    }
    control->owner = *from;
    control->privilege = value;
    boot_put(control, REG_CONTROL, value);
    boot_put(control, REG_OWNER_PORT, from->port);
    boot_put(control, REG_OWNER_ADDRESS, from->address);
    return AS_GV_OK;
}

static as_gv_status control_write(as_gv_control *control, const as_gv_peer *from, uint32_t at, size_t n,
                                  const uint8_t *data)
{
    if (at % 4 != 0 || n % 4 != 0 || n == 0)
        return AS_GV_BAD_ALIGNMENT;
    if (at == REG_CONTROL && n == 4)
        return control_write_privilege(control, from, as_gv_get32(data));
    if (!control_is_owner(control, from))
        return AS_GV_ACCESS_DENIED;
    if (at >= AS_GV_XML_AT)
        return AS_GV_WRITE_PROTECT;
    return at >= AS_GV_BOOT_BYTES ? control_write_feature(control, at, n, data)
                                  : control_write_boot(control, at, n, data);
}

/* --- requests ----------------------------------------------------------------------------------------------------------- */

static size_t control_simple(const as_gvcp_request *request, as_gv_status status, uint8_t *out)
{
    return as_gvcp_head(out, request, status, 0);
}

/* Others may read while somebody is in control, unless it is exclusively. */
static bool control_may_read(const as_gv_control *control, const as_gv_peer *from)
{
    return control->privilege == 0 || !(control->privilege & AS_GV_CONTROL_EXCLUSIVE) ||
           control_is_owner(control, from);
}

static size_t control_readreg(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request,
                              uint8_t *out)
{
    as_gv_status status = AS_GV_OK;
    size_t       n = request->length / 4u, done = 0;
    if (request->length % 4 != 0 || n == 0)
        return control_simple(request, AS_GV_INVALID_HEADER, out);
    for (; done < n && status == AS_GV_OK; done++) {
        uint32_t at = as_gv_get32(request->data + 4 * done);
        status = control_may_read(control, from) || at == REG_CONTROL
                     ? control_read(control, at, 4, out + AS_GVCP_HEAD_BYTES + 4 * done)
                     : AS_GV_ACCESS_DENIED;
        if (status != AS_GV_OK)
            break;
    }
    return as_gvcp_head(out, request, status, 4 * done);
}

static size_t control_writereg(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request,
                               uint8_t *out)
{
    as_gv_status status = AS_GV_OK;
    size_t       n = request->length / 8u, done = 0;
    if (request->length % 8 != 0 || n == 0)
        return control_simple(request, AS_GV_INVALID_HEADER, out);
    for (; done < n; done++) {
        const uint8_t *pair = request->data + 8 * done;
        status = control_write(control, from, as_gv_get32(pair), 4, pair + 4);
        if (status != AS_GV_OK)
            break;
    }
    as_gv_put32(out + AS_GVCP_HEAD_BYTES, (uint32_t)done);
    return as_gvcp_head(out, request, status, 4);
}

static size_t control_readmem(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request,
                              uint8_t *out)
{
    if (request->length != 8)
        return control_simple(request, AS_GV_INVALID_HEADER, out);
    uint32_t     at = as_gv_get32(request->data);
    size_t       n = as_gv_get16(request->data + 6);
    as_gv_status status = AS_GV_ACCESS_DENIED;
    if (control_may_read(control, from))
        status = control_read(control, at, n, out + AS_GVCP_HEAD_BYTES + 4);
    if (status != AS_GV_OK)
        return control_simple(request, status, out);
    as_gv_put32(out + AS_GVCP_HEAD_BYTES, at);
    return as_gvcp_head(out, request, AS_GV_OK, 4 + n);
}

static size_t control_writemem(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request,
                               uint8_t *out)
{
    if (request->length < 8)
        return control_simple(request, AS_GV_INVALID_HEADER, out);
    size_t       n = request->length - 4u;
    as_gv_status status = control_write(control, from, as_gv_get32(request->data), n, request->data + 4);
    as_gv_put32(out + AS_GVCP_HEAD_BYTES, status == AS_GV_OK ? (uint32_t)n : 0);
    return as_gvcp_head(out, request, status, 4);
}

/* Its answer, if any, comes on the stream. Clients send it by the socket of the stream: the port is any of the owner's machine. */
static size_t control_resend(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request)
{
    if (request->length >= 12 && control->privilege != 0 && control->owner.address == from->address)
        (void)control->hooks.resend(control->hooks.ctx, as_gv_get16(request->data + 2),
                                    as_gv_get32(request->data + 4) & 0xffffffu,
                                    as_gv_get32(request->data + 8) & 0xffffffu);
    return 0;
}

static size_t control_dispatch(as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request,
                               uint8_t *out)
{
    switch (request->command) {
    case AS_GVCP_DISCOVERY:
        memcpy(out + AS_GVCP_HEAD_BYTES, control->boot, REG_DISCOVERY_END);
        return as_gvcp_head(out, request, AS_GV_OK, REG_DISCOVERY_END);
    case AS_GVCP_FORCEIP: /* meant for the device of that MAC address; the address of this machine stays as it is */
        if (request->length < 8 || as_gv_get16(request->data + 2) != (boot_get(control, REG_MAC_HIGH) & 0xffffu) ||
            as_gv_get32(request->data + 4) != boot_get(control, REG_MAC_LOW))
            return 0;
        return control_simple(request, AS_GV_NOT_IMPLEMENTED, out);
    case AS_GVCP_RESEND: return control_resend(control, from, request);
    case AS_GVCP_READREG: return control_readreg(control, from, request, out);
    case AS_GVCP_WRITEREG: return control_writereg(control, from, request, out);
    case AS_GVCP_READMEM: return control_readmem(control, from, request, out);
    case AS_GVCP_WRITEMEM: return control_writemem(control, from, request, out);
    default: return control_simple(request, AS_GV_NOT_IMPLEMENTED, out);
    }
}

static void control_read_script(as_gv_control *control)
{
    if (!control->script_is_new)
        return;
    control->script_is_new = false;
    control->hooks.script(control->hooks.ctx, control->script);
}

/* A script comes in several writes: anything else than the next of them means that it is whole. Others' requests say nothing of
 * that, nor do single registers that are read: so clients keep control. */
static bool control_goes_on(const as_gv_control *control, const as_gv_peer *from, const as_gvcp_request *request)
{
    if (!control_is_owner(control, from) || request->command == AS_GVCP_READREG)
        return true;
    return request->command == AS_GVCP_WRITEMEM && request->length >= 8 &&
           as_feature_at(as_gv_get32(request->data)) == AS_FEATURE_FAULT_SCRIPT;
}

size_t as_gv_control_answer(as_gv_control *control, const as_gv_peer *from, const uint8_t *bytes, size_t n, as_ns now,
                            uint8_t *out)
{
    as_gvcp_request request;
    as_gv_status    status;
    if (!as_gvcp_parse(bytes, n, &request, &status))
        return 0;
    if (control_is_owner(control, from))
        control->heard = now;
    if (!control_goes_on(control, from, &request))
        control_read_script(control);
    size_t answer =
        status == AS_GV_OK ? control_dispatch(control, from, &request, out) : control_simple(&request, status, out);
    if (control_is_owner(control, from))
        control->heard = now;
    return request.wants_answer ? answer : 0;
}

void as_gv_control_tick(as_gv_control *control, as_ns now)
{
    as_ns timeout = (as_ns)control->features.value[AS_FEATURE_HEARTBEAT_TIMEOUT] * AS_NS_PER_MS;
    if (now >= control->script_at)
        control_read_script(control);
    if (control->privilege != 0 && now - control->heard > timeout)
        control_release(control);
}

as_gv_peer as_gv_control_stream(const as_gv_control *control)
{
    uint32_t address = boot_get(control, REG_STREAM_ADDRESS);
    return (as_gv_peer){address, address ? (uint16_t)boot_get(control, REG_STREAM_PORT) : 0};
}

void as_gv_control_put(as_gv_control *control, size_t feature, double value)
{
    control->features.value[feature] = value;
    if (feature == AS_FEATURE_PACKET_SIZE)
        boot_put(control, REG_STREAM_PACKET, (boot_get(control, REG_STREAM_PACKET) & PACKET_WHOLE) | (uint32_t)value);
    if (feature == AS_FEATURE_HEARTBEAT_TIMEOUT)
        boot_put(control, REG_HEARTBEAT, (uint32_t)value);
    if (feature == AS_FEATURE_PACKET_DELAY)
        boot_put(control, REG_STREAM_DELAY, (uint32_t)value);
}

void as_gv_control_init(as_gv_control *control, const as_features *features, const as_gv_identity *identity,
                        const char *xml, size_t n_xml, const as_gv_hooks *hooks)
{
    char url[128];
    *control = (as_gv_control){.features = *features, .hooks = *hooks, .xml = xml, .n_xml = n_xml};
    boot_put(control, REG_VERSION, VERSION_1_2);
    boot_put(control, REG_MODE, MODE_BIG_UTF8);
    boot_put(control, REG_MAC_HIGH, 0x0241); /* locally administered, of this address */
    boot_put(control, REG_MAC_LOW, identity->address);
    boot_put(control, REG_IP_CAPABILITY, 0x1);
    boot_put(control, REG_IP_CONFIG, 0x1);
    boot_put(control, REG_IP, identity->address);
    boot_put(control, REG_MASK, identity->mask);
    boot_text(control, REG_VENDOR, 32, "Assay");
    boot_text(control, REG_MODEL, 32, identity->model);
    boot_text(control, REG_DEVICE_VERSION, 32, identity->version);
    boot_info(control, identity->info);
    boot_text(control, REG_SERIAL, 16, identity->serial);
    snprintf(url, sizeof url, "Local:assay_twin.xml;%x;%zx", AS_GV_XML_AT, n_xml);
    boot_text(control, REG_URL, 512, url);
    boot_put(control, REG_INTERFACES, 1);
    boot_put(control, REG_LINK_SPEED, (uint32_t)AS_MIN(identity->link_mbit, UINT32_MAX));
    boot_put(control, REG_STREAMS, 1);
    boot_put(control, REG_LINKS, 1);
    boot_put(control, REG_CAPABILITY,
             CAN_USER_NAME | CAN_SERIAL | CAN_OWNER | CAN_RESEND | CAN_WRITEMEM | CAN_CONCATENATE);
    boot_put(control, REG_TICKS_LOW, 1000000000u);
    as_gv_control_put(control, AS_FEATURE_HEARTBEAT_TIMEOUT, features->value[AS_FEATURE_HEARTBEAT_TIMEOUT]);
    as_gv_control_put(control, AS_FEATURE_PACKET_SIZE, features->value[AS_FEATURE_PACKET_SIZE]);
}
