/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated camera behind its registers: any reads, writes and commands of a client in control, on a small twin that is
 * drawn. Bytes are orders: a feature is set to a value (raw, within its range, or one of its choices), commanded, read; a
 * script is written; packets are asked for again; pictures are taken; time goes by; or a datagram is made of whatever follows.
 * What features say, what the pump draws, and what is counted must agree and stay within bounds.
 *
 * Nothing leaves: what the camera sends is dropped. */
#include <math.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "wire/gige_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ORDERS = 32, SENT_BYTES = 65536 };

typedef struct bytes {
    const uint8_t *at;
    size_t         n;
} bytes;

static as_gige          device;
static as_features      features; /* as it begins */
static as_pump_settings settings;
static const as_gv_peer client = {0x7f000001, 5000}, other = {0x7f000001, 5001};

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

ssize_t sendto(int fd, const void *sent, size_t n, int flags, const struct sockaddr *to, socklen_t n_to)
{
    (void)fd;
    (void)sent;
    (void)flags;
    must(to && n_to > 0 && n > 0 && n <= SENT_BYTES);
    return (ssize_t)n;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    static volatile uint8_t last; /* so that each byte sent is read */
    (void)fd;
    (void)flags;
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < messages[i].msg_hdr.msg_iovlen; k++) {
            const struct iovec *part = &messages[i].msg_hdr.msg_iov[k];
            must(part->iov_len > 0 && part->iov_len <= SENT_BYTES);
            last = ((const uint8_t *)part->iov_base)[part->iov_len - 1];
        }
    (void)last;
    return (int)n;
}

static uint8_t take_byte(bytes *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->at++;
}

static uint64_t take_number(bytes *in, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | take_byte(in);
    return v;
}

/* --- the camera ----------------------------------------------------------------------------------------------------------- */

static void fuzz_open(void)
{
    const as_pump_cfg pump = {
        .uri = "twin:bottles?width=20&height=16&seed=3", .n_keep = AS_GIGE_KEPT + 3, .n_ahead = 1, .n_threads = 1};
    const as_serve_cfg cfg = {.pump = pump, .link_mbit = 1000};
    pthread_condattr_t attr;
    as_err             err = AS_ERR_NONE;
    device.ip = 0x7f000001;
    device.mask = 0xff000000;
    device.mtu = 65536;
    device.belt_factor = 1.0;
    must(pthread_mutex_init(&device.lock, NULL) == 0);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    must(pthread_cond_init(&device.turn, &attr) == 0);
    pthread_condattr_destroy(&attr);
    device.pump = as_pump_open(&cfg.pump, &err);
    device.stream = as_gvsp_open(device.ip, 1000, &err);
    if (!device.pump || !device.stream)
        fprintf(stderr, "%s\n", err.text);
    must(device.pump && device.stream);
    as_pump_settings_get(device.pump, &settings);
    as_gige_features(&device, &cfg, &features);
}

/* As a client finds it: nothing set, nobody in control. */
static void fuzz_begin(bool replays)
{
    static const char    xml[] = "<RegisterDescription/>";
    const as_gv_identity identity = {device.ip, device.mask, as_gige_model, "fuzz", "1", "AS7F000001", 1000};
    as_pump_settings     now;
    as_gv_hooks          hooks;
    as_err               err = AS_ERR_NONE;
    as_gige_forget(&device);
    as_gige_hooks(&device, &hooks);
    as_gv_control_init(&device.control, &features, &identity, xml, sizeof xml - 1, &hooks);
    device.script.n = 0;
    memset(device.fault_left, 0, sizeof device.fault_left);
    device.running = device.dead = device.ended = false;
    device.n_triggers = 0;
    device.n_left = 0;
    device.block = 0;
    device.replays = replays;
    device.belt_factor = 1.0;
    as_pump_settings_get(device.pump, &now);
    now.twin.script = now.twin.script ? &device.script : NULL;
    if (memcmp(&now, &settings, sizeof now) != 0)
        must(as_pump_tune(device.pump, &settings, &err));
}

/* --- what must hold -------------------------------------------------------------------------------------------------------- */

static double set_of(const as_twin_cfg *cfg, size_t feature)
{
    switch (feature) {
    case AS_FEATURE_EXPOSURE_TIME: return cfg->exposure_us;
    case AS_FEATURE_GAIN: return cfg->gain_db;
    case AS_FEATURE_PART_RATE: return cfg->parts_per_s;
    case AS_FEATURE_BELT_SPEED: return cfg->belt_mm_per_s;
    case AS_FEATURE_LIGHT_LEVEL: return cfg->light;
    case AS_FEATURE_LENS_HAZE: return cfg->haze;
    default: return device.control.features.value[feature];
    }
}

static void check_features(const as_pump_settings *now)
{
    const as_features *f = &device.control.features;
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++) {
        const as_feature_info *info = as_feature_info_of(i);
        must(isfinite(f->value[i]));
        if (info->access == AS_FEATURE_RO || info->kind == AS_FEATURE_COMMAND || info->kind == AS_FEATURE_TEXT ||
            !as_features_has(f, i))
            continue;
        must(as_features_may(f, i, f->value[i]));
        must(set_of(&now->twin, i) >= f->value[i] && set_of(&now->twin, i) <= f->value[i]);
    }
    must(f->value[AS_FEATURE_WIDTH] >= now->width && f->value[AS_FEATURE_WIDTH] <= now->width);
    must(f->value[AS_FEATURE_OFFSET_Y] >= now->y && f->value[AS_FEATURE_OFFSET_Y] <= now->y);
    must(as_pixel_facts_of(now->twin.pixel)->code == (uint32_t)f->value[AS_FEATURE_PIXEL_FORMAT]);
}

static void check_settings(void)
{
    as_pump_settings now;
    as_pump_settings_get(device.pump, &now);
    check_features(&now);
    must(now.x + now.width <= settings.width && now.y + now.height <= settings.height);
    must((device.script.n > 0) == (now.twin.script != NULL));
}

static void check_state(void)
{
    must(device.running == device.control.streaming);
    must(device.script.n <= AS_SCRIPT_MAX_STEPS);
    for (size_t i = 0; i < device.script.n; i++) {
        const as_fault_info *info = as_fault_info_of(device.script.steps[i].fault);
        must(info && device.script.steps[i].amount >= info->low && device.script.steps[i].amount <= info->high);
    }
    must(as_gige_period(&device) >= 0);
    must(memchr(device.control.script, '\0', AS_GV_SCRIPT_BYTES) != NULL);
    must(memchr(device.control.status, '\0', AS_GV_STATUS_BYTES) != NULL);
    must(device.again.n <= AS_GIGE_AGAIN && device.n_triggers <= 64);
}

/* --- orders ---------------------------------------------------------------------------------------------------------------- */

static as_gv_status fuzz_ask(const as_gv_peer *from, as_gvcp_command command, const uint8_t *data, size_t n, as_ns now)
{
    uint8_t datagram[AS_GVCP_MAX_BYTES], out[AS_GVCP_MAX_BYTES];
    must(n <= AS_GVCP_MAX_DATA);
    memcpy(datagram + as_gvcp_ask(datagram, command, 7, n) - n, data, n);
    size_t answer = as_gv_control_answer(&device.control, from, datagram, AS_GVCP_HEAD_BYTES + n, now, out);
    must(answer == 0 || (answer >= AS_GVCP_HEAD_BYTES && answer <= AS_GVCP_MAX_BYTES));
    return answer ? (as_gv_status)as_gv_get16(out) : AS_GV_OK;
}

static void fuzz_write(size_t feature, double value, as_ns now)
{
    const as_feature_info *info = as_feature_info_of(feature);
    uint8_t                data[12];
    uint64_t               bits;
    memcpy(&bits, &value, sizeof bits);
    as_gv_put32(data, as_feature_address(feature));
    as_gv_put64(data + 4, bits);
    if (info->kind != AS_FEATURE_FLOAT)
        as_gv_put32(data + 4, !(fabs(value) < 2e9) ? 0 : value < 0 ? (uint32_t)(int32_t)value : (uint32_t)value);
    (void)fuzz_ask(&client, info->kind == AS_FEATURE_FLOAT ? AS_GVCP_WRITEMEM : AS_GVCP_WRITEREG, data,
                   info->kind == AS_FEATURE_FLOAT ? 12 : 8, now);
}

/* Raw bits; a place within the range, at its step; or a choice. */
static double fuzz_value(size_t feature, bytes *in)
{
    const as_features     *f = &device.control.features;
    const as_feature_info *info = as_feature_info_of(feature);
    const uint8_t          how = take_byte(in);
    char                   name[64];
    double                 value = 0;
    if (info->kind == AS_FEATURE_ENUM && (how & 3u) != 0) {
        (void)as_features_choice(f, feature, how >> 2, name, &value);
        return value;
    }
    if (how % 3 == 0) {
        uint64_t bits = take_number(in, 8);
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    double share = how % 3 == 1 ? how / 255.0 : (double)take_number(in, 2) / 65535.0;
    value = f->low[feature] + share * (f->high[feature] - f->low[feature]);
    return info->step > 0 ? f->low[feature] + floor((value - f->low[feature]) / info->step) * info->step : value;
}

static void fuzz_script(bytes *in, as_ns now)
{
    uint8_t data[4 + 512];
    size_t  n = take_byte(in) * 4u;
    as_gv_put32(data, as_feature_address(AS_FEATURE_FAULT_SCRIPT) + 4u * take_byte(in));
    n = AS_MIN(AS_MIN(n, (size_t)512), in->n / 4 * 4);
    memcpy(data + 4, in->at, n);
    in->at += n;
    in->n -= n;
    (void)fuzz_ask(&client, AS_GVCP_WRITEMEM, data, 4 + n, now);
}

static void fuzz_read(size_t feature, as_ns now)
{
    uint8_t data[8] = {0};
    as_gv_put32(data, as_feature_address(feature));
    as_gv_put32(data + 4, AS_MIN(as_feature_bytes(feature), (uint32_t)AS_GVCP_MAX_MEMORY));
    (void)fuzz_ask(&client, AS_GVCP_READMEM, data, 8, now);
}

/* As the thread that takes pictures does, without its waits. */
static void fuzz_picture(void)
{
    as_pump_item item = {.what = AS_PUMP_NONE};
    as_err       err = AS_ERR_NONE;
    as_gige_fault_count(&device);
    if (!device.running || !as_pump_next(device.pump, as_clock_mono() + AS_NS_PER_S, &item, &err))
        return;
    device.part = item.part;
    device.dead = (item.faults >> AS_FAULT_DEAD) & 1u;
    if ((item.faults >> AS_FAULT_BELT) & 1u)
        device.belt_factor = item.truth.amounts[AS_FAULT_BELT];
    if (item.frame) {
        as_gvsp_picture *kept = &device.kept[device.next_kept++ % AS_GIGE_KEPT];
        as_frame_unref(kept->frame);
        device.block++;
        *kept = as_gvsp_picture_of(as_frame_ref(item.frame), device.block,
                                   (uint32_t)device.control.features.value[AS_FEATURE_PACKET_SIZE]);
        kept->n_again = as_gige_again_most(kept);
    }
    as_pump_item_done(&item);
}

static void fuzz_resend(bytes *in, as_ns now)
{
    uint8_t data[12] = {0};
    as_gv_put16(data + 2, (uint16_t)(device.block + (take_byte(in) & 3u) - 1));
    as_gv_put32(data + 4, (uint32_t)take_number(in, 1));
    as_gv_put32(data + 8, (uint32_t)take_number(in, 3));
    (void)fuzz_ask(&client, AS_GVCP_RESEND, data, 12, now);
}

static void fuzz_datagram(bytes *in, as_ns now)
{
    uint8_t out[AS_GVCP_MAX_BYTES];
    size_t  n = take_byte(in);
    n = AS_MIN(n, in->n);
    (void)as_gv_control_answer(&device.control, n & 1u ? &client : &other, in->at, n, now, out);
    in->at += n;
    in->n -= n;
}

static void fuzz_control(uint32_t value, as_ns now)
{
    uint8_t data[24];
    as_gv_put32(data, AS_GV_REG_CONTROL);
    as_gv_put32(data + 4, value);
    as_gv_put32(data + 8, 0x0d18); /* where pictures go */
    as_gv_put32(data + 12, 0x7f000001);
    as_gv_put32(data + 16, 0x0d00);
    as_gv_put32(data + 20, 5002);
    (void)fuzz_ask(&client, AS_GVCP_WRITEREG, data, 24, now);
}

static void fuzz_order(bytes *in, as_ns *now)
{
    const uint8_t order = take_byte(in), more = take_byte(in);
    switch (order % 12) {
    case 0: fuzz_script(in, *now); break;
    case 1: fuzz_read(more % AS_FEATURE_COUNT, *now); break;
    case 2: fuzz_resend(in, *now); break;
    case 3: fuzz_picture(); break;
    case 4: *now += (as_ns)more * 20 * AS_NS_PER_MS; break;
    case 5: fuzz_datagram(in, *now); break;
    case 6: fuzz_control(more & 3u, *now); break;
    case 7: (void)as_gige_again_send(&device, *now); break;
    case 8: fuzz_write(AS_FEATURE_FAULT_START, 1, *now); break;
    default: fuzz_write(more % AS_FEATURE_COUNT, fuzz_value(more % AS_FEATURE_COUNT, in), *now); break;
    }
    as_gv_control_tick(&device.control, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes in = {data, size};
    as_ns now = AS_NS_PER_S;
    if (!device.pump)
        fuzz_open();
    fuzz_begin(take_byte(&in) & 1u);
    fuzz_control(AS_GV_CONTROL_SHARED, now);
    for (int i = 0; i < ORDERS && in.n > 0; i++) {
        fuzz_order(&in, &now);
        check_state();
    }
    check_settings();
    return 0;
}
