/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel as bytes: what each request does, who may, and how each wrong one is answered. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/control.h"

#define S AS_NS_PER_S

typedef struct rig {
    as_gv_control control;
    as_str        xml;
    as_ns         now;
    uint16_t      number;
    uint8_t       answer[AS_GVCP_MAX_BYTES];
    size_t        n_answer;
    int           n_commands, n_scripts, n_fired, n_released, n_streams;
    uint32_t      resent[3];
    char          script[AS_GV_SCRIPT_BYTES];
    bool          refuse;
} rig;

static const as_gv_peer alice = {0x7f000001, 5000}, bob = {0x7f000001, 5001}, carol = {0x7f000009, 5000};

static as_gv_status rig_change(void *ctx, size_t feature, double value)
{
    (void)feature;
    (void)value;
    return ((rig *)ctx)->refuse ? AS_GV_INVALID_PARAMETER : AS_GV_OK;
}

static as_gv_status rig_command(void *ctx, size_t feature)
{
    rig *r = ctx;
    r->n_commands++;
    if (feature == AS_FEATURE_ACQUISITION_START)
        r->control.streaming = true;
    if (feature == AS_FEATURE_ACQUISITION_STOP)
        r->control.streaming = false;
    return AS_GV_OK;
}

static double rig_look(void *ctx, size_t feature, double kept)
{
    (void)ctx;
    return feature == AS_FEATURE_PAYLOAD_SIZE ? 4711 : kept;
}

static void rig_script(void *ctx, const char *text)
{
    rig *r = ctx;
    r->n_scripts++;
    (void)as_str_copy(r->script, sizeof r->script, text);
}

static void rig_stream(void *ctx)
{
    ((rig *)ctx)->n_streams++;
}

static void rig_fire(void *ctx)
{
    ((rig *)ctx)->n_fired++;
}

static as_gv_status rig_resend(void *ctx, uint16_t block, uint32_t first, uint32_t last)
{
    rig *r = ctx;
    r->resent[0] = block;
    r->resent[1] = first;
    r->resent[2] = last;
    return AS_GV_OK;
}

static void rig_released(void *ctx)
{
    ((rig *)ctx)->n_released++;
}

static as_ns rig_clock(void *ctx)
{
    (void)ctx;
    return 0x123456789abLL;
}

static void rig_open(rig *r)
{
    as_features    features;
    as_gv_identity identity = {.address = 0x7f000002,
                               .mask = 0xff000000,
                               .model = "Twin",
                               .info = "cones",
                               .version = "1",
                               .serial = "AS7F000002",
                               .link_mbit = 1000};
    *r = (rig){.now = 100 * S};
    as_gv_hooks hooks = {.ctx = r,
                         .change = rig_change,
                         .command = rig_command,
                         .look = rig_look,
                         .script = rig_script,
                         .stream = rig_stream,
                         .fire = rig_fire,
                         .resend = rig_resend,
                         .released = rig_released,
                         .clock = rig_clock};
    as_features_init(&features, AS_FEATURE_SENSOR);
    features.line = true;
    features.can[AS_PIXEL_MONO8] = features.can[AS_PIXEL_MONO12] = true;
    features.value[AS_FEATURE_WIDTH] = 640;
    features.value[AS_FEATURE_PIXEL_FORMAT] = as_pixel_facts_of(AS_PIXEL_MONO8)->code;
    as_str_init(&r->xml);
    as_genicam_xml(&features, "Twin", &r->xml);
    assert_true(as_str_ok(&r->xml));
    as_gv_control_init(&r->control, &features, &identity, r->xml.s, r->xml.len, &hooks);
}

static void rig_close(rig *r)
{
    as_str_done(&r->xml);
}

/* Sends a request and returns the status of its answer; -1: none came. */
static int ask(rig *r, const as_gv_peer *from, uint16_t command, const void *data, size_t n)
{
    uint8_t bytes[AS_GVCP_MAX_BYTES];
    bytes[0] = 0x42;
    bytes[1] = 1;
    as_gv_put16(bytes + 2, command);
    as_gv_put16(bytes + 4, (uint16_t)n);
    as_gv_put16(bytes + 6, ++r->number);
    memcpy(bytes + 8, data, n);
    r->n_answer = as_gv_control_answer(&r->control, from, bytes, n + 8, r->now, r->answer);
    if (r->n_answer == 0)
        return -1;
    assert_true(r->n_answer >= 8 && r->n_answer <= AS_GVCP_MAX_BYTES);
    assert_int_equal(as_gv_get16(r->answer + 2), command + 1);
    assert_int_equal(as_gv_get16(r->answer + 4), r->n_answer - 8);
    assert_int_equal(as_gv_get16(r->answer + 6), r->number);
    return as_gv_get16(r->answer);
}

static int write_reg(rig *r, const as_gv_peer *from, uint32_t at, uint32_t value)
{
    uint8_t data[8];
    as_gv_put32(data, at);
    as_gv_put32(data + 4, value);
    return ask(r, from, AS_GVCP_WRITEREG, data, sizeof data);
}

static int read_reg(rig *r, const as_gv_peer *from, uint32_t at)
{
    uint8_t data[4];
    as_gv_put32(data, at);
    return ask(r, from, AS_GVCP_READREG, data, sizeof data);
}

static int read_mem(rig *r, const as_gv_peer *from, uint32_t at, uint16_t n)
{
    uint8_t data[8] = {0};
    as_gv_put32(data, at);
    as_gv_put16(data + 6, n);
    return ask(r, from, AS_GVCP_READMEM, data, sizeof data);
}

static int write_mem(rig *r, const as_gv_peer *from, uint32_t at, const void *bytes, size_t n)
{
    uint8_t data[AS_GVCP_MAX_DATA];
    as_gv_put32(data, at);
    memcpy(data + 4, bytes, n);
    return ask(r, from, AS_GVCP_WRITEMEM, data, n + 4);
}

static int write_float(rig *r, size_t feature, double value)
{
    uint8_t  bytes[8];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    as_gv_put64(bytes, bits);
    return write_mem(r, &alice, as_feature_address(feature), bytes, sizeof bytes);
}

static void control_is_one_clients_at_a_time(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0d00, 6000), AS_GV_ACCESS_DENIED); /* nobody is in control */
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &bob, 0x0a00, 2), AS_GV_ACCESS_DENIED);
    assert_int_equal(write_reg(&r, &bob, 0x0d00, 6000), AS_GV_ACCESS_DENIED);
    assert_int_equal(read_reg(&r, &bob, 0x0000), AS_GV_OK); /* reading is free */
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 1), AS_GV_OK);
    assert_int_equal(read_reg(&r, &bob, 0x0000), AS_GV_ACCESS_DENIED); /* but not while one has it alone */
    assert_int_equal(read_reg(&r, &bob, 0x0a00), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0d00, 6000), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0d18, 0x7f000001), AS_GV_OK);
    as_gv_peer to = as_gv_control_stream(&r.control);
    assert_true(to.port == 6000 && to.address == 0x7f000001 && r.n_streams == 2);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 0), AS_GV_OK);
    assert_int_equal(r.n_released, 1);
    assert_int_equal(as_gv_control_stream(&r.control).port, 0);
    assert_int_equal(write_reg(&r, &bob, 0x0a00, 2), AS_GV_OK);
    rig_close(&r);
}

static void pictures_go_to_nobody_who_is_a_stranger(void **state)
{
    (void)state;
    const as_gv_peer far = {0xc0000201, 5000}; /* 192.0.2.1 */
    rig              r;
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0d00, 6000), AS_GV_OK);
    assert_int_equal(as_gv_control_stream(&r.control).port, 0);            /* no address yet */
    assert_int_equal(write_reg(&r, &alice, 0x0d18, 0x7f000105), AS_GV_OK); /* of the network served */
    assert_int_equal(write_reg(&r, &alice, 0x0d18, far.address), AS_GV_INVALID_PARAMETER);
    assert_int_equal(write_mem(&r, &alice, 0x0d18, "\xc0\x00\x02\x01", 4), AS_GV_INVALID_PARAMETER);
    assert_int_equal(as_gv_control_stream(&r.control).address, 0x7f000105);
    assert_int_equal(write_reg(&r, &alice, 0x0d18, 0xef000001), AS_GV_OK); /* a group */
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 0), AS_GV_OK);
    assert_int_equal(write_reg(&r, &far, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &far, 0x0d00, 6000), AS_GV_OK);
    assert_int_equal(as_gv_control_stream(&r.control).port, 0); /* another's address is not taken over */
    assert_int_equal(write_reg(&r, &far, 0x0d18, far.address), AS_GV_OK);
    assert_int_equal(write_reg(&r, &far, 0x0d18, far.address + 1), AS_GV_INVALID_PARAMETER);
    rig_close(&r);
}

static void nobody_holds_a_camera_silently_for_long(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0938, 0xffffffff), AS_GV_OK);
    assert_int_equal(read_reg(&r, &alice, 0x0938), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 60000);
    r.now += 60 * S + 1;
    as_gv_control_tick(&r.control, r.now);
    assert_int_equal(r.n_released, 1);
    rig_close(&r);
}

static void control_is_lost_by_who_is_silent(void **state)
{
    (void)state;
    rig r;
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0938, 10), AS_GV_OK); /* half a second is the least */
    r.now += S / 2 - 1;
    as_gv_control_tick(&r.control, r.now);
    assert_int_equal(read_reg(&r, &alice, 0x0a00), AS_GV_OK);
    r.now += S / 2 - 1;
    assert_int_equal(read_reg(&r, &bob, 0x0a00), AS_GV_OK); /* another's word does not count */
    as_gv_control_tick(&r.control, r.now);
    assert_int_equal(r.n_released, 0);
    r.now += 2;
    as_gv_control_tick(&r.control, r.now);
    assert_int_equal(r.n_released, 1);
    assert_int_equal(write_reg(&r, &alice, 0x0d00, 6000), AS_GV_ACCESS_DENIED);
    rig_close(&r);
}

static void wrong_requests_get_their_status(void **state)
{
    (void)state;
    rig           r;
    const uint8_t none[12] = {0};
    uint32_t      width = as_feature_address(AS_FEATURE_WIDTH);
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(ask(&r, &alice, 0x0c00, none, 4), AS_GV_NOT_IMPLEMENTED);
    assert_int_equal(ask(&r, &alice, AS_GVCP_READREG, none, 3), AS_GV_INVALID_HEADER);
    assert_int_equal(ask(&r, &alice, AS_GVCP_READREG, none, 0), AS_GV_INVALID_HEADER);
    assert_int_equal(ask(&r, &alice, AS_GVCP_WRITEREG, none, 4), AS_GV_INVALID_HEADER);
    assert_int_equal(ask(&r, &alice, AS_GVCP_READMEM, none, 4), AS_GV_INVALID_HEADER);
    assert_int_equal(ask(&r, &alice, AS_GVCP_WRITEMEM, none, 4), AS_GV_INVALID_HEADER);
    assert_int_equal(read_reg(&r, &alice, 0x0002), AS_GV_BAD_ALIGNMENT);
    assert_int_equal(read_reg(&r, &alice, 0x0018), AS_GV_INVALID_ADDRESS);
    assert_int_equal(read_reg(&r, &alice, 0x9000), AS_GV_INVALID_ADDRESS);
    assert_int_equal(read_reg(&r, &alice, 0xfffffffc), AS_GV_INVALID_ADDRESS);
    assert_int_equal(read_mem(&r, &alice, 0x0000, 540), AS_GV_INVALID_PARAMETER);
    assert_int_equal(read_mem(&r, &alice, 0x0d24, 512), AS_GV_INVALID_ADDRESS);
    assert_int_equal(read_mem(&r, &alice, width, 8), AS_GV_INVALID_ADDRESS);
    assert_int_equal(read_mem(&r, &alice, width, 6), AS_GV_BAD_ALIGNMENT);
    assert_int_equal(write_reg(&r, &alice, 0x0048, 1), AS_GV_WRITE_PROTECT);
    assert_int_equal(write_reg(&r, &alice, AS_GV_XML_AT, 1), AS_GV_WRITE_PROTECT);
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_WIDTH_MAX), 1), AS_GV_WRITE_PROTECT);
    assert_int_equal(write_reg(&r, &alice, width, 641), AS_GV_INVALID_PARAMETER); /* not at its step */
    assert_int_equal(write_reg(&r, &alice, width, 0), AS_GV_INVALID_PARAMETER);
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_PIXEL_FORMAT), 7), AS_GV_INVALID_PARAMETER);
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_GAIN), 1), AS_GV_INVALID_ADDRESS); /* half */
    assert_int_equal(read_reg(&r, &alice, as_feature_address(AS_FEATURE_ACQUISITION_START)), AS_GV_ACCESS_DENIED);
    r.refuse = true;
    assert_int_equal(write_reg(&r, &alice, width, 320), AS_GV_INVALID_PARAMETER);
    assert_int_equal((int)r.control.features.value[AS_FEATURE_WIDTH], 640);
    rig_close(&r);
}

static void what_is_no_request_gets_no_answer(void **state)
{
    (void)state;
    rig     r;
    uint8_t bytes[16] = {0x42, 1, 0, 2, 0, 0, 0, 9}, out[AS_GVCP_MAX_BYTES];
    rig_open(&r);
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 8, 0, out), 8 + 0xf8);
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 7, 0, out), 0);
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 9, 0, out), 8); /* more bytes than it says */
    assert_int_equal(as_gv_get16(out), AS_GV_INVALID_HEADER);
    bytes[1] = 0; /* no answer wanted */
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 8, 0, out), 0);
    bytes[1] = 1;
    bytes[0] = 0x43;
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 8, 0, out), 0);
    bytes[0] = 0x42;
    bytes[3] = 3; /* an answer, not a request */
    assert_int_equal(as_gv_control_answer(&r.control, &alice, bytes, 8, 0, out), 0);
    rig_close(&r);
}

static void several_registers_are_read_and_written_until_one_is_refused(void **state)
{
    (void)state;
    rig     r;
    uint8_t data[24];
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    as_gv_put32(data, 0x0000);
    as_gv_put32(data + 4, 0x0024);
    as_gv_put32(data + 8, 0x0020);
    assert_int_equal(ask(&r, &alice, AS_GVCP_READREG, data, 8), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 0x00010002);
    assert_int_equal(as_gv_get32(r.answer + 12), 0x7f000002);
    assert_int_equal(ask(&r, &alice, AS_GVCP_READREG, data, 12), AS_GV_INVALID_ADDRESS);
    assert_int_equal(r.n_answer, 8 + 8); /* those before it */
    as_gv_put32(data, 0x0d18);
    as_gv_put32(data + 4, 0x7f000001);
    as_gv_put32(data + 8, 0x0024);
    as_gv_put32(data + 16, 0x0d00);
    assert_int_equal(ask(&r, &alice, AS_GVCP_WRITEREG, data, 24), AS_GV_WRITE_PROTECT);
    assert_int_equal(as_gv_get32(r.answer + 8), 1); /* one was written */
    rig_close(&r);
}

static void the_description_is_read_from_memory(void **state)
{
    (void)state;
    rig    r;
    as_str got;
    as_str_init(&got);
    rig_open(&r);
    assert_int_equal(read_mem(&r, &bob, 0x0200, 512), AS_GV_OK);
    unsigned at = 0, n = 0;
    assert_int_equal(sscanf((char *)r.answer + 12, "Local:assay_twin.xml;%x;%x", &at, &n), 2);
    assert_int_equal(n, r.xml.len);
    for (unsigned i = 0; i < n; i += 512) {
        uint16_t bytes = (uint16_t)AS_MIN(512u, (n - i + 3) / 4 * 4);
        assert_int_equal(read_mem(&r, &bob, at + i, bytes), AS_GV_OK);
        as_str_add_bytes(&got, r.answer + 12, AS_MIN((size_t)bytes, (size_t)(n - i)));
    }
    assert_string_equal(got.s, r.xml.s);
    assert_int_equal(read_mem(&r, &bob, at + (n + 3) / 4 * 4, 4), AS_GV_INVALID_ADDRESS);
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++) {
        char name[96];
        snprintf(name, sizeof name, " Name=\"%s\" ", as_feature_info_of(i)->name);
        assert_non_null(strstr(got.s, name));
    }
    as_str_done(&got);
    rig_close(&r);
}

static void settings_hold_and_are_locked_while_pictures_go(void **state)
{
    (void)state;
    rig      r;
    uint32_t width = as_feature_address(AS_FEATURE_WIDTH);
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, width, 320), AS_GV_OK);
    assert_int_equal(read_reg(&r, &alice, width), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 320);
    assert_int_equal(write_float(&r, AS_FEATURE_LENS_DIRT, 0.5), AS_GV_OK);
    assert_int_equal(write_float(&r, AS_FEATURE_LENS_DIRT, 1.5), AS_GV_INVALID_PARAMETER);
    assert_int_equal(write_float(&r, AS_FEATURE_LENS_DIRT, NAN), AS_GV_INVALID_PARAMETER);
    assert_int_equal(read_mem(&r, &alice, as_feature_address(AS_FEATURE_LENS_DIRT), 8), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 12), 0x3fe00000); /* 0.5 */
    assert_int_equal(read_reg(&r, &alice, as_feature_address(AS_FEATURE_PAYLOAD_SIZE)), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 4711);
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_ACQUISITION_START), 1), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, width, 640), AS_GV_ACCESS_DENIED);
    assert_int_equal(write_float(&r, AS_FEATURE_LENS_DIRT, 0.25), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0d04, 1400), AS_GV_ACCESS_DENIED);
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_ACQUISITION_STOP), 1), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, 0x0d04, 0xc0000000u | 1400), AS_GV_OK);
    assert_int_equal(r.n_fired, 1);
    assert_int_equal(read_reg(&r, &alice, 0x0d04), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 0x40000000u | 1400);
    assert_int_equal(write_reg(&r, &alice, 0x0d04, 100), AS_GV_INVALID_PARAMETER);
    assert_int_equal(write_reg(&r, &alice, 0x0944, 2), AS_GV_OK);
    assert_int_equal(read_reg(&r, &alice, 0x0948), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 8), 0x123);
    assert_int_equal(read_mem(&r, &alice, as_feature_address(AS_FEATURE_TIMESTAMP_LATCH_VALUE), 8), AS_GV_OK);
    assert_int_equal(as_gv_get32(r.answer + 12), 0x123);
    assert_int_equal(as_gv_get32(r.answer + 16), 0x456789abu);
    assert_int_equal(write_mem(&r, &alice, 0x00e8, "left line\0\0\0\0\0\0\0", 16), AS_GV_OK);
    assert_int_equal(ask(&r, &bob, AS_GVCP_DISCOVERY, "", 0), AS_GV_OK);
    assert_string_equal((char *)r.answer + 8 + 0xe8, "left line");
    rig_close(&r);
}

/* In blocks of 512 bytes, as a client writes all of its memory; read once, when it is whole. */
static int read_text(rig *r, size_t feature, uint16_t n)
{
    return read_mem(r, &bob, as_feature_address(feature), n);
}

static as_gv_status rig_why(void *ctx, size_t feature, double value)
{
    rig *r = ctx;
    (void)feature;
    (void)value;
    (void)as_str_copy(r->control.refused, sizeof r->control.refused, "the belt is too fast for that");
    return AS_GV_INVALID_PARAMETER;
}

static void why_a_setting_is_refused_can_be_read(void **state)
{
    (void)state;
    rig      r;
    uint32_t width = as_feature_address(AS_FEATURE_WIDTH);
    rig_open(&r);
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(write_reg(&r, &alice, width, 641), AS_GV_INVALID_PARAMETER);
    assert_int_equal(read_text(&r, AS_FEATURE_REFUSED_SETTING, 64), AS_GV_OK);
    assert_string_equal((char *)r.answer + 12, "Width: 641 is out of its range, or not at its step");
    assert_int_equal(write_reg(&r, &alice, as_feature_address(AS_FEATURE_WIDTH_MAX), 1), AS_GV_WRITE_PROTECT);
    assert_int_equal(read_text(&r, AS_FEATURE_REFUSED_SETTING, 64), AS_GV_OK);
    assert_string_equal((char *)r.answer + 12, "WidthMax cannot be set");
    r.control.hooks.change = rig_why; /* the device knows better */
    assert_int_equal(write_reg(&r, &alice, width, 640), AS_GV_INVALID_PARAMETER);
    assert_int_equal(read_text(&r, AS_FEATURE_REFUSED_SETTING, 64), AS_GV_OK);
    assert_string_equal((char *)r.answer + 12, "the belt is too fast for that");
    r.control.hooks.change = rig_change;
    assert_int_equal(write_reg(&r, &alice, width, 640), AS_GV_OK);
    assert_int_equal(read_text(&r, AS_FEATURE_REFUSED_SETTING, 64), AS_GV_OK);
    assert_string_equal((char *)r.answer + 12, "");
    rig_close(&r);
}

static void what_a_camera_sees_is_cut_between_keys(void **state)
{
    (void)state;
    rig                  r;
    const as_gv_identity identity = {.address = 0x7f000002,
                                     .model = "Twin",
                                     .info = "twin:metal?sensor=imx250&width=640&defects=0.25&seed=7",
                                     .version = "1",
                                     .serial = "1"};
    rig_open(&r);
    as_features features = r.control.features;
    as_gv_hooks hooks = r.control.hooks;
    as_gv_control_init(&r.control, &features, &identity, r.xml.s, r.xml.len, &hooks);
    assert_string_equal((char *)r.control.boot + 0xa8, "twin:metal?sensor=imx250&width=640&defects=0.25");
    rig_close(&r);
}

static void a_script_is_read_once_it_is_whole(void **state)
{
    (void)state;
    rig  r;
    char text[AS_GV_SCRIPT_BYTES] = "faults: []";
    rig_open(&r);
    memset(text + 10, ' ', 600);
    text[700] = 'x';
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    for (uint32_t i = 0; i < sizeof text; i += 512) {
        as_gv_control_tick(&r.control, r.now += AS_NS_PER_MS); /* between any two */
        assert_int_equal(r.n_scripts, 0);
        assert_int_equal(read_reg(&r, &alice, 0x0a00), AS_GV_OK); /* a heartbeat is not the end of it */
        assert_int_equal(ask(&r, &bob, AS_GVCP_DISCOVERY, "", 0), AS_GV_OK);
        assert_int_equal(write_mem(&r, &alice, as_feature_address(AS_FEATURE_FAULT_SCRIPT) + i, text + i, 512),
                         AS_GV_OK);
    }
    assert_int_equal(r.n_scripts, 0);
    as_gv_control_tick(&r.control, r.now); /* its last byte came: at once */
    assert_int_equal(r.n_scripts, 1);
    assert_string_equal(r.script, text);
    assert_int_equal(write_mem(&r, &alice, as_feature_address(AS_FEATURE_FAULT_SCRIPT), "faults: []\0\0", 12),
                     AS_GV_OK);
    as_gv_control_tick(&r.control, r.now + S / 5 - 1);
    assert_int_equal(r.n_scripts, 1); /* more of it may come */
    as_gv_control_tick(&r.control, r.now += S / 5);
    assert_int_equal(r.n_scripts, 2);
    assert_string_equal(r.script, "faults: []");
    memset(text, 'y', sizeof text); /* without an end: it gets one */
    for (uint32_t i = 0; i < sizeof text; i += 512)
        assert_int_equal(write_mem(&r, &alice, as_feature_address(AS_FEATURE_FAULT_SCRIPT) + i, text + i, 512),
                         AS_GV_OK);
    as_gv_control_tick(&r.control, r.now);
    assert_int_equal(strlen(r.script), sizeof text - 1);
    assert_int_equal(write_mem(&r, &alice, as_feature_address(AS_FEATURE_FAULT_SCRIPT), "faults: []\0\0", 12),
                     AS_GV_OK);
    assert_int_equal(read_mem(&r, &alice, as_feature_address(AS_FEATURE_FAULT_SCRIPT_STATUS), 4), AS_GV_OK);
    assert_int_equal(r.n_scripts, 4); /* who asks how it was taken has said all */
    rig_close(&r);
}

static void packets_are_asked_for_again_by_their_owner(void **state)
{
    (void)state;
    rig     r;
    uint8_t data[12] = {0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 9};
    rig_open(&r);
    assert_int_equal(ask(&r, &alice, AS_GVCP_RESEND, data, 12), -1);
    assert_int_equal(r.resent[0], 0); /* nobody is in control */
    assert_int_equal(write_reg(&r, &alice, 0x0a00, 2), AS_GV_OK);
    assert_int_equal(ask(&r, &carol, AS_GVCP_RESEND, data, 12), -1);
    assert_int_equal(r.resent[0], 0);
    assert_int_equal(ask(&r, &alice, AS_GVCP_RESEND, data, 12), -1);
    assert_true(r.resent[0] == 7 && r.resent[1] == 3 && r.resent[2] == 9);
    data[3] = 8;
    assert_int_equal(ask(&r, &bob, AS_GVCP_RESEND, data, 12), -1); /* from the stream's port */
    assert_int_equal(r.resent[0], 8);
    rig_close(&r);
}

static void features_lie_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++) {
        const as_feature_info *info = as_feature_info_of(i);
        uint32_t               at = as_feature_address(i), n = as_feature_bytes(i);
        assert_true(info->name[0] && info->about[0] && info->category[0] && n % 4 == 0 && at % 4 == 0);
        assert_true(at >= 0x10000 ? as_feature_at(at) == i && as_feature_at(at + n) != i : at + n <= AS_GV_BOOT_BYTES);
        assert_true(at + n < AS_GV_XML_AT);
        for (size_t k = 0; k < i; k++) {
            uint32_t other = as_feature_address(k);
            assert_true(other + as_feature_bytes(k) <= at || at + n <= other);
            assert_string_not_equal(info->name, as_feature_info_of(k)->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_is_one_clients_at_a_time),
        cmocka_unit_test(control_is_lost_by_who_is_silent),
        cmocka_unit_test(pictures_go_to_nobody_who_is_a_stranger),
        cmocka_unit_test(nobody_holds_a_camera_silently_for_long),
        cmocka_unit_test(wrong_requests_get_their_status),
        cmocka_unit_test(what_is_no_request_gets_no_answer),
        cmocka_unit_test(several_registers_are_read_and_written_until_one_is_refused),
        cmocka_unit_test(the_description_is_read_from_memory),
        cmocka_unit_test(settings_hold_and_are_locked_while_pictures_go),
        cmocka_unit_test(why_a_setting_is_refused_can_be_read),
        cmocka_unit_test(what_a_camera_sees_is_cut_between_keys),
        cmocka_unit_test(a_script_is_read_once_it_is_whole),
        cmocka_unit_test(packets_are_asked_for_again_by_their_owner),
        cmocka_unit_test(features_lie_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
