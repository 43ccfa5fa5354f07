/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const char cones[] =
    "assay: 1\n"
    "line: cones\n"
    "goal: no cone leaves without its topping\n"
    "product: {name: ice-cream cone, size_mm: [60, 160]}\n"
    "station: {camera: \"twin:cones\", frame_px: [640, 480], parts_per_minute: 240, deadline_ms: 30}\n"
    "task: classify\n"
    "classes: {good: pass, missing_topping: reject, spillage: reject, broken: reject}\n"
    "requirements:\n"
    "  - {id: R1, text: bad cones are caught,      measure: recall,    of: reject, per: part, at_least: 0.90, "
    "confidence: 0.95}\n"
    "  - {id: R2, text: good cones are not wasted, measure: precision, of: reject, per: part, at_least: 0.95, "
    "confidence: 0.95}\n"
    "  - {id: R3, text: the gate must know in time, measure: latency, quantile: 0.99, at_most: 30 ms}\n"
    "  - {id: R4, text: it fits the box,           measure: memory,  at_most: 300 MB}\n"
    "cost: {escape: 40.00, overkill: 1.50, currency: EUR}\n"
    "failsafe: {late: reject, unsure: review, fault: reject}\n";

#define SAME(a, b) assert_true((a) <= (b) && (a) >= (b))

static void test_example(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(cones, sizeof cones - 1, "assay.yaml", &err);
    if (!spec)
        fail_msg("%s", err.text);
    assert_string_equal(spec->path, "assay.yaml");
    assert_string_equal(spec->line, "cones");
    assert_string_equal(spec->goal, "no cone leaves without its topping");
    assert_string_equal(spec->product, "ice-cream cone");
    assert_string_equal(spec->camera, "twin:cones");
    SAME(spec->size_mm[0], 60);
    SAME(spec->size_mm[1], 160);
    assert_true(spec->frame_px[0] == 640 && spec->frame_px[1] == 480);
    SAME(spec->parts_per_minute, 240);
    assert_int_equal(spec->deadline_ns, 30 * AS_NS_PER_MS);
    assert_int_equal(spec->task, AS_TASK_CLASSIFY);
    assert_int_equal(spec->n_classes, 4);
    assert_string_equal(spec->classes[1].name, "missing_topping");
    assert_int_equal(spec->classes[0].verdict, AS_VERDICT_PASS);
    assert_int_equal(spec->classes[3].verdict, AS_VERDICT_REJECT);
    assert_int_equal(as_spec_class(spec, "spillage"), 2);
    assert_int_equal(as_spec_class(spec, "reject"), -1);
    assert_int_equal(spec->n_requirements, 4);
    const as_requirement *r = spec->requirements;
    assert_string_equal(r[0].id, "R1");
    assert_string_equal(r[0].text, "bad cones are caught");
    assert_int_equal(r[0].measure, AS_MEASURE_RECALL);
    assert_string_equal(r[0].of, "reject");
    assert_int_equal(r[0].per, AS_PER_PART);
    SAME(r[0].at_least, 0.9);
    assert_true(isnan(r[0].at_most) && r[0].line == 9 && r[0].column == 5);
    assert_int_equal(r[2].measure, AS_MEASURE_LATENCY);
    assert_true(isnan(r[2].at_least) && !r[2].of);
    SAME(r[2].at_most, 0.03);
    SAME(r[2].quantile, 0.99);
    SAME(r[3].at_most, 300e6);
    SAME(spec->cost_escape, 40);
    SAME(spec->cost_overkill, 1.5);
    assert_string_equal(spec->currency, "EUR");
    assert_int_equal(spec->failsafe_unsure, AS_VERDICT_REVIEW);
    as_spec_free(spec);
}

#define TOP     "assay: 1\nline: x\ntask: classify\n"
#define CLASSES "classes: {good: pass, bad: reject}\n"
#define RECALL  "requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]\n"

static void test_defaults(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(TOP CLASSES RECALL, strlen(TOP CLASSES RECALL), "a", &err);
    if (!spec)
        fail_msg("%s", err.text);
    assert_string_equal(spec->goal, "");
    assert_string_equal(spec->product, "");
    assert_string_equal(spec->camera, "");
    assert_string_equal(spec->currency, "");
    assert_string_equal(spec->requirements[0].text, "");
    assert_true(spec->frame_px[0] == 0 && spec->size_mm[1] <= 0 && spec->parts_per_minute <= 0);
    assert_int_equal(spec->deadline_ns, AS_NS_PER_S);
    assert_int_equal(spec->frames_per_part, 1);
    SAME(spec->split[0], 0.6);
    SAME(spec->split[1], 0.15);
    SAME(spec->split[2], 0.25);
    SAME(spec->max_clipped_ratio, 0.5);
    assert_true(spec->min_sharpness <= 0 && isnan(spec->cost_review));
    SAME(spec->min_contrast, 10);
    SAME(spec->max_motion_px, 12);
    assert_int_equal(spec->levels[AS_RULE_EXPOSURE], AS_CHECK_QUARANTINE);
    assert_int_equal(spec->levels[AS_RULE_NEAR], AS_CHECK_OK);
    for (int i = AS_RULE_NONE + 1; i < AS_RULE_COUNT; i++)
        assert_int_not_equal(spec->levels[i], AS_CHECK_NONE);
    SAME(spec->cost_escape, 1);
    SAME(spec->cost_overkill, 1);
    SAME(spec->requirements[0].confidence, 0.95);
    SAME(spec->requirements[0].quantile, 0.99);
    assert_int_equal(spec->requirements[0].per, AS_PER_PART);
    assert_int_equal(spec->failsafe_late, AS_VERDICT_REJECT);
    assert_int_equal(spec->failsafe_unsure, AS_VERDICT_REVIEW);
    assert_int_equal(spec->failsafe_fault, AS_VERDICT_REJECT);
    as_spec_free(spec);
}

#define REQ(fields) TOP CLASSES "requirements:\n  - {id: R1, " fields "}\n"
#define MORE(lines) TOP CLASSES RECALL lines

static const struct {
    const char *text, *want; /* how the message starts */
} refused[] = {
    {"", "a:1:1: the file is empty"},
    {"- 1\n", "a:1:1: the file must be a map"},
    {"line: x\n", "a:1:1: 'assay' is missing"},
    {"assay: 2\n", "a:1:8: format 2 is newer than this program, which reads 1"},
    {"assay: one\n", "a:1:8: 'assay' must be the version"},
    {TOP RECALL, "a:1:1: 'classes' is missing"},
    {TOP CLASSES, "a:1:1: 'requirements' is missing"},
    {TOP CLASSES "requirments: []\n", "a:5:1: unknown key 'requirments' (did you mean 'requirements'?)"},
    {MORE("station:\n  deadline: 3\n"), "a:7:3: unknown key 'deadline'"},
    {MORE("station:\n  dedline_ms: 3\n"), "a:7:3: unknown key 'dedline_ms' (did you mean 'deadline_ms'?)"},
    {MORE("deadline_ms: 3\n"), "a:6:1: unknown key 'deadline_ms' here (it belongs in 'station')"},
    {MORE("data: {of: x}\n"), "a:6:8: unknown key 'of' here (it belongs in 'requirements')"},
    {MORE("data: {line: x}\n"), "a:6:8: unknown key 'line' here (it belongs at the top of the file)"},
    {MORE("\"\\e[31m\": 1\n"), "a:6:1: unknown key '\\x1b[31m'"},
    {MORE("line: y\n"), "a:6:1: key 'line' is there twice"},
    {"assay: 1\nline: a/b\n", "a:2:7: 'line' must be a name of letters"},
    {"assay: 1\nline: [a]\n", "a:2:7: 'line' must be a name, not a list"},
    {"assay: 1\nline:\n", "a:2:6: 'line' has no value; it is a name"},
    {"assay: 1\nline: 0123456789012345678901234567890123456789012345678901234567890123\n",
     "a:2:7: 'line' is longer than 63 bytes"},
    {"assay: 1\nline: x\ngoal: \"a\\e\"\n", "a:3:7: 'goal' must be a text without control characters, not 'a\\x1b'"},
    {"assay: 1\nline: x\ntask: clasify\n", "a:3:7: 'task' cannot be 'clasify' (did you mean 'classify'?)"},
    {MORE("product: 3\n"), "a:6:10: 'product' must be a map of keys"},
    {MORE("product: {size_mm: 3}\n"), "a:6:20: 'size_mm' must be a list of 2 values"},
    {MORE("product: {size_mm: [1, 2, 3]}\n"), "a:6:20: 'size_mm' must be a list of 2 values"},
    {MORE("product: {size_mm: [1, 0]}\n"), "a:6:24: 'size_mm' must be above 0 and below 100000, not 0"},
    {MORE("product: {size_mm: [1, [2]]}\n"), "a:6:24: each value of 'size_mm' must be a length in mm"},
    {MORE("station: {camera: cones}\n"),
     "a:6:19: 'camera' must be DRIVER:REST, for example \"twin:cones\", not 'cones'"},
    {MORE("station: {frame_px: [640, 480.5]}\n"), "a:6:27: 'frame_px' must be a whole number, not '480.5'"},
    {MORE("station: {frame_px: [640, 70000]}\n"), "a:6:27: 'frame_px' must be from 1 to 65535, not 70000"},
    {MORE("station: {deadline_ms: 30 ms}\n"), "a:6:24: 'deadline_ms' must be a number of milliseconds, not '30 ms'"},
    {MORE("station: {deadline_ms: \"30\"}\n"), "a:6:24: 'deadline_ms' must be a number of milliseconds, not a text"},
    {MORE("station: {deadline_ms: 0}\n"), "a:6:24: 'deadline_ms' must be from 0.001"},
    {MORE("station: {deadline_ms: nan}\n"), "a:6:24: 'deadline_ms' must be a number"},
    {MORE("station: {frames_per_part: 0}\n"), "a:6:28: 'frames_per_part' must be from 1 to 64"},
    {MORE("cost: {escape: -1}\n"), "a:6:16: 'escape' must be from 0"},
    {MORE("cost: {currency: euro}\n"), "a:6:18: 'currency' must be three capital letters"},
    {MORE("intake: {levels: {blurr: warn}}\n"), "a:6:19: unknown key 'blurr'"},
    {MORE("intake: {metadata: [camera, colour]}\n"), "a:6:29: 'metadata' cannot be 'colour': one of camera, part"},
    {MORE("intake: {metadata: {}}\n"), "a:6:20: 'metadata' must be one word"},
    {MORE("product: {variants: [red]}\n"), "a:6:21: 'variants' must be a map of variants"},
    {MORE("product: {variants: {red: 20}}\n"), "a:6:27: variant 'red' must be {where: QUERY, at_least: N}"},
    {MORE("product: {variants: {red: {at_least: 2}}}\n"), "a:6:27: variant 'red' does not say 'where'"},
    {MORE("product: {variants: {red: {where: a, least: 2}}}\n"), "a:6:38: a variant has 'where' and 'at_least'"},
    {MORE("product: {variants: {red: {where: a, at_least: 0}}}\n"), "a:6:48: 'at_least' must be"},
    {MORE("station: {channels: 5}\n"), "a:6:21: 'channels' must be"},
    {MORE("intake: {levels: {half: refuse}}\n"), "a:6:25: 'half' cannot be 'refuse': one of ok, warn, quarantine"},
    {MORE("intake: {max_clipped_ratio: 1.5}\n"),
     "a:6:29: 'max_clipped_ratio' must be from 0 to 1, not 1.5 (per cent? write '1.5 %')"},
    {MORE("data: {split: [0.6, 0.3, 0.2]}\n"), "a:6:15: the shares of 'split' make 1.1 together, not 1"},
    {MORE("data: {split: [0.7, 0.3, 0]}\n"), "a:6:15: 'split' leaves nothing for the test"},
    {MORE("data: {split: [0, 0.3, 0.7]}\n"), "a:6:15: 'split' leaves nothing for the training"},
    {MORE("failsafe: {late: pass}\n"), "a:6:18: 'late' cannot be 'pass': a part that nobody has judged"},
    {MORE("failsafe: {unsure: pass}\n"), "a:6:20: 'unsure' cannot be 'pass': a part that nobody has judged"},
    {MORE("failsafe: {fault: pass}\n"), "a:6:19: 'fault' cannot be 'pass': a part that nobody has judged"},
    {MORE("failsafe: {late: rejct}\n"), "a:6:18: 'late' cannot be 'rejct' (did you mean 'reject'?)"},
    {TOP "classes: [good, bad]\n", "a:4:10: 'classes' must be a map of class names"},
    {TOP "classes: {good: pass, good: reject}\n", "a:4:23: key 'good' is there twice"},
    {TOP "classes: {good: pass, bad: refuse}\n", "a:4:28: 'bad' cannot be 'refuse'"},
    {TOP "classes: {good: pass, bad: fault}\n", "a:4:28: 'bad' cannot be 'fault': a fault is what the line reports"},
    {TOP "classes: {good: pass, fine: pass}\n", "a:4:10: no class has 'reject'"},
    {TOP "classes: {bad: reject, odd: review}\n", "a:4:10: no class has 'pass'"},
    {TOP "classes: {good: pass, reject: reject}\n", "a:4:23: no class can be called 'reject'"},
    {TOP "classes: {good: pass, ../etc: reject}\n", "a:4:23: 'class' must be a name without '/'"},
    {TOP "classes: {good: pass, \"\": reject}\n", "a:4:23: 'class' must be a name"},
    {TOP CLASSES "requirements: []\n", "a:5:15: 'requirements' is empty"},
    {TOP CLASSES "requirements: {id: R1}\n", "a:5:15: 'requirements' must be a list"},
    {TOP CLASSES "requirements: [R1]\n", "a:5:16: each entry of 'requirements' must be a map"},
    {REQ("measur: recall"), "a:6:14: unknown key 'measur' (did you mean 'measure'?)"},
    {REQ("of: reject"), "a:6:5: 'measure' is missing"},
    {REQ("measure: recal"), "a:6:23: 'measure' cannot be 'recal' (did you mean 'recall'?): one of recall, precision"},
    {REQ("measure: recall, of: reject"), "a:6:5: requirement 'R1' on 'recall' says no limit: add at_least"},
    {REQ("measure: recall, of: reject, at_least: 0.9, at_most: 0.95"), "a:6:5: requirement 'R1' has both"},
    {REQ("measure: recall, of: reject, at_most: 0.9"), "a:6:52: 'recall' is better when it is more: write at_least"},
    {REQ("measure: escape_rate, at_least: 0.9"), "a:6:46: 'escape_rate' is better when it is less: write at_most"},
    {REQ("measure: recall, at_least: 0.9"), "a:6:5: requirement 'R1' on 'recall' needs 'of'"},
    {REQ("measure: recall, of: god, at_least: 0.9"), "a:6:35: unknown class 'god' (did you mean 'good'?)"},
    {REQ("measure: recall, of: rejct, at_least: 0.9"), "a:6:35: unknown class 'rejct' (did you mean 'reject'?)"},
    {REQ("measure: accuracy, of: good, at_least: 0.9"), "a:6:33: 'of' does not belong to 'accuracy'"},
    {REQ("measure: latency, of: good, at_most: 3 ms"), "a:6:32: 'of' does not belong to 'latency'"},
    {REQ("measure: latency"),
     "a:6:5: requirement 'R1' on 'latency' says no limit: add at_most, for example 'at_most: 30 ms'"},
    {REQ("measure: latency, at_least: 3 ms"), "a:6:32: 'latency' is bounded from above: write at_most"},
    {REQ("measure: latency, at_most: 30"), "a:6:41: 'at_most' of 'latency' needs a unit"},
    {REQ("measure: latency, at_most: 30 MB"), "a:6:41: 'latency' is a time, so 'at_most' cannot be '30 MB'"},
    {REQ("measure: latency, at_most: 30 msec"), "a:6:41: unknown unit 'msec'"},
    {REQ("measure: latency, at_most: soon"), "a:6:41: 'at_most' must be a time such as 30 ms, not 'soon'"},
    {REQ("measure: latency, at_most: 0 ms"), "a:6:41: 'at_most' of 'latency' must be above 0"},
    {REQ("measure: latency, at_most: 3 ms, per: frame"), "a:6:52: 'latency' is per part"},
    {REQ("measure: memory, at_most: 3 MB, per: part"), "a:6:46: 'per' does not belong to 'memory'"},
    {REQ("measure: memory, at_most: 3 MB, confidence: 0.9"), "a:6:46: 'confidence' does not belong to 'memory'"},
    {REQ("measure: recall, of: good, at_least: 0.9, quantile: 0.9"), "a:6:56: 'quantile' does not belong to 'recall'"},
    {REQ("measure: recall, of: good, at_least: 90"), "a:6:51: 'at_least' of 'recall' must be from 0 to 1"},
    {REQ("measure: recall, of: good, at_least: \"0.9\""), "a:6:51: 'at_least' must be a number, not a text"},
    {REQ("measure: recall, of: good, at_least: 0.9, confidence: 1"),
     "a:6:68: 'confidence' must be above 0.5 and below 1, not 1"},
    {REQ("measure: recall, of: good, at_least: 0.9, confidence: 0.5"), "a:6:68: 'confidence' must be above 0.5"},
    {REQ("measure: recall, of: good, at_least: 0.9, confidence: 95"),
     "a:6:68: 'confidence' must be above 0.5 and below 1, not 95 (per cent? write '95 %')"},
    {REQ("measure: recall, of: good, at_least: 0.9, per: piece"),
     "a:6:61: 'per' cannot be 'piece': one of part, frame"},
    {REQ("measure: recall, of: good, at_least: 0.9}\n  - {id: R1, measure: accuracy, at_least: 0.5"),
     "a:7:10: requirement 'R1' is there twice, the first in line 6"},
};

static void test_refusals(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < AS_COUNT(refused); i++) {
        as_err   err = AS_ERR_NONE;
        as_spec *spec = as_spec_parse(refused[i].text, strlen(refused[i].text), "a", &err);
        if (spec || !as_str_starts(err.text, refused[i].want)) {
            print_error("want: %s\n got: %s\n\n", refused[i].want, spec ? "a spec" : err.text);
            failed++;
        }
        as_spec_free(spec);
    }
    assert_int_equal(failed, 0);
}

static void test_too_many(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_str text;
    as_str_init(&text);
    as_str_add(&text, TOP "classes:\n");
    for (int i = 0; i < 65; i++)
        as_str_addf(&text, "  c%d: %s\n", i, i ? "reject" : "pass");
    as_str_add(&text, RECALL);
    assert_null(as_spec_parse(text.s, text.len, "a", &err));
    assert_string_equal(err.text, "a:69:3: more than 64 classes");
    as_str_clear(&text);
    as_str_add(&text, TOP CLASSES "requirements:\n");
    for (int i = 0; i < 65; i++)
        as_str_addf(&text, "  - {id: R%d, measure: accuracy, at_least: 0.5}\n", i);
    assert_null(as_spec_parse(text.s, text.len, "a", &err));
    assert_string_equal(err.text, "a:70:5: more than 64 requirements");
    as_str_done(&text);
}

static void test_percent_and_units(void **state)
{
    (void)state;
    static const char text[] = TOP CLASSES "requirements:\n"
                                           "  - {id: 1, measure: recall, of: bad, at_least: 95 %, confidence: 99 %}\n"
                                           "  - {id: 2, measure: overkill_rate, at_most: 1 %, per: frame}\n"
                                           "  - {id: 3, measure: latency, quantile: 50 %, at_most: 350 us, per: part}\n"
                                           "  - {id: 4, measure: memory, at_most: \"120 MiB\"}\n";
    as_err                         err = AS_ERR_NONE;
    as_spec                       *spec = as_spec_parse(text, sizeof text - 1, "a", &err);
    if (!spec)
        fail_msg("%s", err.text);
    SAME(spec->requirements[0].at_least, 0.95);
    SAME(spec->requirements[0].confidence, 0.99);
    SAME(spec->requirements[1].at_most, 0.01);
    assert_int_equal(spec->requirements[1].per, AS_PER_FRAME);
    SAME(spec->requirements[2].at_most, 350e-6);
    SAME(spec->requirements[2].quantile, 0.5);
    SAME(spec->requirements[3].at_most, 125829120);
    as_spec_free(spec);
}

static void test_files(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    char   path[] = "/tmp/assay-spec-XXXXXX";
    assert_null(as_spec_load("/nowhere/assay.yaml", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "/nowhere/assay.yaml"));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, cones, sizeof cones - 1), sizeof cones - 1);
    close(fd);
    as_spec *spec = as_spec_load(path, &err);
    assert_non_null(spec);
    assert_string_equal(spec->path, path);
    as_spec_free(spec);
    unlink(path);
    assert_null(as_spec_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),  cmocka_unit_test(test_defaults),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_percent_and_units), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
