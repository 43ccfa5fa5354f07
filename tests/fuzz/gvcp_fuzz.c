/* SPDX-License-Identifier: Apache-2.0 */
/* Any datagrams at the control channel of the emulated camera, from two clients by turns: an answer that is well formed, or
 * none, and the camera's state within its bounds. Each datagram: a byte (client, and how much time goes by), two bytes of
 * length, its bytes. */
#include "wire/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static as_gv_status fuzz_change(void *ctx, size_t feature, double value)
{
    const as_gv_control *control = ctx;
    must(as_features_has(&control->features, feature) && as_features_may(&control->features, feature, value));
    return AS_GV_OK;
}

static as_gv_status fuzz_command(void *ctx, size_t feature)
{
    as_gv_control *control = ctx;
    control->streaming = feature == AS_FEATURE_ACQUISITION_START;
    return AS_GV_OK;
}

static double fuzz_look(void *ctx, size_t feature, double kept)
{
    (void)ctx;
    (void)feature;
    return kept;
}

static void fuzz_script(void *ctx, const char *text)
{
    (void)ctx;
    must(strnlen(text, AS_GV_SCRIPT_BYTES) < AS_GV_SCRIPT_BYTES);
}

static void fuzz_nothing(void *ctx)
{
    (void)ctx;
}

static as_gv_status fuzz_resend(void *ctx, uint16_t block, uint32_t first, uint32_t last)
{
    (void)ctx;
    (void)block;
    must(first <= 0xffffff && last <= 0xffffff);
    return AS_GV_OK;
}

static as_ns fuzz_clock(void *ctx)
{
    (void)ctx;
    return 1;
}

static void fuzz_open(as_gv_control *control)
{
    static const char    xml[] = "<RegisterDescription/>";
    const as_gv_hooks    hooks = {control,      fuzz_change,  fuzz_command, fuzz_look,    fuzz_script,
                                  fuzz_nothing, fuzz_nothing, fuzz_resend,  fuzz_nothing, fuzz_clock};
    const as_gv_identity identity = {0x7f000001, 0xff000000, "Twin", "fuzz", "1", "AS7F000001", 1000};
    as_features          features;
    as_features_init(&features, AS_FEATURE_SENSOR);
    features.line = true;
    features.can[AS_PIXEL_MONO8] = true;
    as_gv_control_init(control, &features, &identity, xml, sizeof xml - 1, &hooks);
}

static void fuzz_check(const as_gv_control *control, const uint8_t *answer, size_t n)
{
    must(n == 0 || (n >= AS_GVCP_HEAD_BYTES && n <= AS_GVCP_MAX_BYTES));
    if (n > 0)
        must(as_gv_get16(answer + 4) == n - AS_GVCP_HEAD_BYTES && as_gv_get16(answer + 2) % 2 == 1);
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (as_feature_info_of(i)->kind == AS_FEATURE_FLOAT)
            must(control->features.value[i] >= control->features.low[i] &&
                 control->features.value[i] <= control->features.high[i]);
    must(control->privilege <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_gv_control control;
    uint8_t       out[AS_GVCP_MAX_BYTES];
    as_ns         now = 0;
    fuzz_open(&control);
    for (int i = 0; i < 64 && size >= 3; i++) {
        as_gv_peer from = {0x7f000001, (uint16_t)(5000 + (data[0] & 1))};
        size_t     n = AS_MIN((size_t)as_gv_get16(data + 1), size - 3);
        now += (as_ns)(data[0] >> 1) * 50 * AS_NS_PER_MS;
        fuzz_check(&control, out, as_gv_control_answer(&control, &from, data + 3, n, now, out));
        as_gv_control_tick(&control, now);
        data += 3 + n;
        size -= 3 + n;
    }
    return 0;
}
