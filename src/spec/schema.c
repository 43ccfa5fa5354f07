/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/schema.h"

#include <math.h>
#include <string.h>

static const as_choice task_choices[] = {{"classify", AS_TASK_CLASSIFY, NULL}, {NULL, 0, NULL}};

#define UNJUDGED "a part that nobody has judged must not leave the line as good"
static const as_choice late_choices[] = {{"reject", AS_VERDICT_REJECT, NULL},
                                         {"review", AS_VERDICT_REVIEW, NULL},
                                         {"fault", AS_VERDICT_FAULT, NULL},
                                         {"pass", AS_VERDICT_PASS, UNJUDGED},
                                         {NULL, 0, NULL}};
static const as_choice unsure_choices[] = {
    {"reject", AS_VERDICT_REJECT, NULL},
    {"review", AS_VERDICT_REVIEW, NULL},
    {"pass", AS_VERDICT_PASS, UNJUDGED},
    {"fault", AS_VERDICT_FAULT, "a part that is hard to tell is no fault of the line"},
    {NULL, 0, NULL}};

static const as_choice measure_choices[] = {
#define X(id, name, ...) {name, AS_MEASURE_##id, NULL},
#include "spec/measure.def"
#undef X
    {NULL, 0, NULL}};

static const as_choice split_choices[] = {
    {"chance", AS_SPLIT_BY_CHANCE, NULL}, {"time", AS_SPLIT_BY_TIME, NULL}, {NULL, 0, NULL}};
static const as_choice faces_choices[] = {{"keep", AS_FACES_KEEP, NULL},
                                          {"redact", AS_FACES_REDACT, NULL},
                                          {"refuse", AS_FACES_REFUSE, NULL},
                                          {NULL, 0, NULL}};
static const as_choice redaction_choices[] = {
    {"fill", AS_REDACTION_FILL, NULL}, {"pixelate", AS_REDACTION_PIXELATE, NULL}, {NULL, 0, NULL}};

static const as_choice level_choices[] = {{"ok", AS_CHECK_OK, NULL},
                                          {"warn", AS_CHECK_WARN, NULL},
                                          {"quarantine", AS_CHECK_QUARANTINE, NULL},
                                          {NULL, 0, NULL}};

static const as_choice metadata_choices[] = {
    {"camera", AS_METADATA_CAMERA, NULL}, {"part", AS_METADATA_PART, NULL}, {NULL, 0, NULL}};

static const as_choice per_choices[] = {{"part", AS_PER_PART, NULL}, {"frame", AS_PER_FRAME, NULL}, {NULL, 0, NULL}};

static const as_choice scan_choices[] = {
    {"area", AS_SPEC_SCAN_AREA, NULL}, {"line", AS_SPEC_SCAN_LINE, NULL}, {NULL, 0, NULL}};

static const as_choice sensor_choices[] = {
#define SENSOR_SOLD(name, id) {name, id, NULL},
#define SENSOR_DRAWN(name, id)
#define X(id, name, maker, about, columns, rows, bits, shutter, fps, pixel, use) SENSOR_##use(name, AS_CHIP_##id)
#include "image/chip.def"
#undef X
    {NULL, 0, NULL}};

#define BIT_RATE     (1u << AS_MEASURE_KIND_RATE)
#define BIT_SCORE    (1u << AS_MEASURE_KIND_SCORE)
#define BIT_QUANTILE (1u << AS_MEASURE_KIND_QUANTILE)

#define IN_SPEC(member)        .offset = offsetof(as_spec, member)
#define IN_REQUIREMENT(member) .offset = offsetof(as_requirement, member)
#define KIND_MAP               .kind = &as_field_map
#define SHORT_TEXT             .low = 0, .high = 63
#define LONG_TEXT              .low = 0, .high = 1000

/* Classes stand before requirements, `measure` before its bounds: each is read with what it rests on already there. */
static const as_field schema_rows[] = {
    {.path = "assay", .kind = &as_field_version, .required = true, .doc = "version of this format: 1"},
    {.path = "line", .kind = &as_field_name, .required = true, SHORT_TEXT, IN_SPEC(line), .doc = "name of the line"},
    {.path = "goal",
     .kind = &as_field_text,
     LONG_TEXT,
     IN_SPEC(goal),
     .doc = "what the inspection is for, in one sentence"},

    {.path = "product", KIND_MAP, .doc = "what is inspected"},
    {.path = "product.name", .kind = &as_field_text, LONG_TEXT, IN_SPEC(product), .doc = "what it is called"},
    {.path = "product.size_mm",
     .kind = &as_field_length,
     .n = 2,
     .low = 0,
     .high = 1e5,
     .open = true,
     IN_SPEC(size_mm),
     .doc = "width and height in millimetres"},
    {.path = "product.height_mm",
     .kind = &as_field_length,
     .low = 0,
     .high = 1e4,
     .open = true,
     IN_SPEC(optics.height_mm),
     .doc = "how much of its height towards the camera must be sharp, in millimetres; without it it is flat"},
    {.path = "product.defect_mm",
     .kind = &as_field_length,
     .low = 0,
     .high = 1e4,
     .open = true,
     IN_SPEC(optics.defect_mm),
     .doc = "the smallest defect that must be seen, across its narrow side, in millimetres"},
    {.path = "product.bad_share",
     .kind = &as_field_share,
     .low = 0,
     .high = 1,
     .open = true,
     IN_SPEC(optics.bad_share),
     .doc = "share of the parts that is bad as far as one knows: says how long it takes to collect bad ones"},
    {.path = "product.variants",
     .kind = &as_field_variants,
     .doc =
         "what it comes as, and how many pictures of each a version must have; with some, a picture of none is told"},

    {.path = "station", KIND_MAP, .doc = "where and how fast it is seen"},
    {.path = "station.camera",
     .kind = &as_field_uri,
     LONG_TEXT,
     IN_SPEC(camera),
     .doc = "the camera as DRIVER:REST, for example \"twin:cones\" or \"folder:pictures\"; a "
            "relative path in it is of this file's folder"},
    {.path = "station.frame_px",
     .kind = &as_field_count,
     .n = 2,
     .low = 1,
     .high = 65535,
     IN_SPEC(frame_px),
     .doc = "width and height of a frame in pixels: cameras are asked for it, import and capture set aside what has "
            "another "
            "size, and on the line it is a fault; without it any size is taken"},
    {.path = "station.channels",
     .kind = &as_field_count,
     .low = 1,
     .high = 4,
     IN_SPEC(channels),
     .doc = "channels of a picture's file: 1 grey, 3 colour, one more with transparency; without it any number"},
    {.path = "station.bit_depth",
     .kind = &as_field_count,
     .low = 1,
     .high = 16,
     IN_SPEC(bit_depth),
     .doc = "bits of each channel in a picture's file; without it any number"},
    {.path = "station.parts_per_minute",
     .kind = &as_field_number,
     .def = "0",
     .low = 0,
     .high = 1e6,
     IN_SPEC(parts_per_minute),
     .doc = "pace of the line; 0: not paced"},
    {.path = "station.deadline_ms",
     .kind = &as_field_milliseconds,
     .def = "1000",
     .low = 0.001,
     .high = 6e5,
     IN_SPEC(deadline_ns),
     .doc = "time from trigger to verdict, in milliseconds; later is failsafe.late"},
    {.path = "station.frames_per_part",
     .kind = &as_field_count,
     .def = "1",
     .low = 1,
     .high = 64,
     IN_SPEC(frames_per_part),
     .doc = "frames that make one part; the worst of them decides"},

    {.path = "station.belt_mm_per_s",
     .kind = &as_field_number,
     .def = "0",
     .low = 0,
     .high = 1e6,
     IN_SPEC(optics.belt_mm_per_s),
     .doc = "speed past the camera in mm/s, along the first of product.size_mm; 0: it stands still while it is seen"},
    {.path = "station.scan",
     .kind = &as_field_choice,
     .choices = scan_choices,
     IN_SPEC(optics.scan),
     .doc = "`line`: a web without end under line-scan cameras, which `assay plan` then looks for; without it `area`"},
    {.path = "station.encoder_per_mm",
     .kind = &as_field_number,
     .def = "20",
     .low = 1e-3,
     .high = 1e5,
     IN_SPEC(optics.encoder_per_mm),
     .doc = "pulses that the encoder gives a line-scan camera for each millimetre of web, all edges counted"},
    {.path = "station.hours_per_day",
     .kind = &as_field_number,
     .def = "24",
     .low = 0.01,
     .high = 24,
     IN_SPEC(optics.hours_per_day),
     .doc = "hours a day that the line runs"},

    {.path = "optics", KIND_MAP, .doc = "how it is looked at; `assay plan` finds sensor, lens and light for it"},
    {.path = "optics.field_mm",
     .kind = &as_field_length,
     .n = 2,
     .low = 0,
     .high = 1e5,
     .open = true,
     IN_SPEC(optics.field_mm),
     .doc = "what must be seen at once, along and across the belt, in millimetres; without it product.size_mm and a "
            "tenth on each side"},
    {.path = "optics.distance_mm",
     .kind = &as_field_length,
     .low = 0,
     .high = 1e5,
     .open = true,
     IN_SPEC(optics.distance_mm),
     .doc = "from the lens to the middle of what must be sharp, in millimetres; without it the lens decides"},
    {.path = "optics.defect_px",
     .kind = &as_field_number,
     .def = "3",
     .low = 1,
     .high = 100,
     IN_SPEC(optics.defect_px),
     .doc = "pixels on the smallest defect: below 2 it can fall between them (Nyquist), 3 leave a margin"},
    {.path = "optics.max_blur_px",
     .kind = &as_field_number,
     .def = "1",
     .low = 0,
     .high = 100,
     .open = true,
     IN_SPEC(optics.max_blur_px),
     .doc = "furthest that the part may move during exposure, in pixels"},
    {.path = "optics.exposure_us",
     .kind = &as_field_amount,
     .low = 0,
     .high = 1e7,
     .open = true,
     IN_SPEC(optics.exposure_us),
     .doc = "exposure in microseconds; without it the longest that blur and pace allow"},
    {.path = "optics.light_lx",
     .kind = &as_field_amount,
     .low = 0,
     .high = 1e8,
     .open = true,
     IN_SPEC(optics.light_lx),
     .doc = "light on the part while it is exposed, in lux; without it the plan says how much it takes"},
    {.path = "optics.reflectance",
     .kind = &as_field_share,
     .def = "0.18",
     .low = 0,
     .high = 1,
     .open = true,
     IN_SPEC(optics.reflectance),
     .doc = "share of the light that comes back from where the defect lies"},
    {.path = "optics.snr",
     .kind = &as_field_number,
     .def = "40",
     .low = 1,
     .high = 1000,
     IN_SPEC(optics.snr),
     .doc = "signal over noise there; 10 is acceptable and 40 excellent (ISO 12232)"},
    {.path = "optics.wavelength_nm",
     .kind = &as_field_number,
     .def = "555",
     .low = 400,
     .high = 700,
     IN_SPEC(optics.wavelength_nm),
     .doc = "of the light, in nanometres; the middle of it where it is white"},
    {.path = "optics.f_number",
     .kind = &as_field_amount,
     .low = 0.5,
     .high = 64,
     .open = true,
     IN_SPEC(optics.f_number),
     .doc = "aperture, 5.6 for F/5.6; without it the plan chooses"},
    {.path = "optics.focal_mm",
     .kind = &as_field_length,
     .low = 0.5,
     .high = 2000,
     .open = true,
     IN_SPEC(optics.focal_mm),
     .doc = "focal length of the lens that one has, in millimetres; without it the plan chooses"},
    {.path = "optics.sensor",
     .kind = &as_field_choice,
     .choices = sensor_choices,
     IN_SPEC(optics.sensor),
     .doc = "the sensor that one has; without it the plan chooses"},
    {.path = "optics.max_cameras",
     .kind = &as_field_count,
     .def = "4",
     .low = 1,
     .high = 64,
     IN_SPEC(optics.max_cameras),
     .doc = "most cameras that may share the field"},
    {.path = "optics.tdi_stages",
     .kind = &as_field_count,
     .def = "1",
     .low = 1,
     .high = 256,
     IN_SPEC(optics.tdi_stages),
     .doc = "lines that a line-scan sensor adds up, each of the same place of the web (TDI): so many times the light"},

    {.path = "task",
     .kind = &as_field_choice,
     .required = true,
     .choices = task_choices,
     IN_SPEC(task),
     .doc = "what kind of inspection"},
    {.path = "classes",
     .kind = &as_field_classes,
     .required = true,
     .doc = "each class (a folder of pictures has its name) and the verdict its parts get"},

    {.path = "requirements",
     .kind = &as_field_requirements,
     .required = true,
     .doc = "what must be true, one entry each"},
    {.path = "requirements[].id",
     .kind = &as_field_name,
     .required = true,
     SHORT_TEXT,
     IN_REQUIREMENT(id),
     .doc = "short name, for example R1; no two the same"},
    {.path = "requirements[].text",
     .kind = &as_field_text,
     LONG_TEXT,
     IN_REQUIREMENT(text),
     .doc = "the requirement in your own words"},
    {.path = "requirements[].measure",
     .kind = &as_field_choice,
     .required = true,
     .choices = measure_choices,
     IN_REQUIREMENT(measure),
     .doc = "what is measured"},
    {.path = "requirements[].of",
     .kind = &as_field_text,
     SHORT_TEXT,
     .measures = BIT_RATE,
     IN_REQUIREMENT(of),
     .doc =
         "of which class; `reject` is all classes that are rejected. Recall and precision need it, others have none"},
    {.path = "requirements[].per",
     .kind = &as_field_choice,
     .def = "part",
     .choices = per_choices,
     .measures = BIT_RATE | BIT_SCORE | BIT_QUANTILE,
     IN_REQUIREMENT(per),
     .doc = "count parts or single frames; latency is per part"},
    {.path = "requirements[].at_least",
     .kind = &as_field_bound,
     .measures = BIT_RATE | BIT_SCORE,
     IN_REQUIREMENT(at_least),
     .doc = "the least that is good enough: 0.95 or 95 %"},
    {.path = "requirements[].at_most",
     .kind = &as_field_bound,
     IN_REQUIREMENT(at_most),
     .doc = "the most that is allowed: 0.01 or 1 %, 30 ms, 300 MB"},
    {.path = "requirements[].confidence",
     .kind = &as_field_share,
     .def = "0.95",
     .low = 0.5,
     .high = 1,
     .open = true,
     .measures = BIT_RATE | BIT_SCORE | BIT_QUANTILE,
     IN_REQUIREMENT(confidence),
     .doc = "how sure one must be, one-sided, before a requirement counts as proven"},
    {.path = "requirements[].quantile",
     .kind = &as_field_share,
     .def = "0.99",
     .low = 0,
     .high = 1,
     .open = true,
     .measures = BIT_QUANTILE,
     IN_REQUIREMENT(quantile),
     .doc = "which share of the parts must be in time"},

    {.path = "data", KIND_MAP, .doc = "how pictures are divided"},
    {.path = "data.split",
     .kind = &as_field_share,
     .n = 3,
     .def = "0.6 0.15 0.25",
     .low = 0,
     .high = 1,
     IN_SPEC(split),
     .doc = "shares of training, validation and test; they make 1 together"},
    {.path = "data.split_by",
     .kind = &as_field_choice,
     .def = "chance",
     .choices = split_choices,
     IN_SPEC(split_by),
     .doc = "`chance`, class by class; or `time`: the newest pictures are the test, those before them validation"},
    {.path = "data.group_by",
     .kind = &as_field_text,
     .def = "part",
     LONG_TEXT,
     IN_SPEC(group_by),
     .doc =
         "pictures of one `part` are never in two splits; nor are those of one `camera`, or those with the same text "
         "where a pattern of names has its star: `photos/batch-*/`"},

    {.path = "intake", KIND_MAP, .doc = "which pictures are refused"},
    {.path = "intake.max_clipped_ratio",
     .kind = &as_field_share,
     .def = "0.5",
     .low = 0,
     .high = 1,
     IN_SPEC(max_clipped_ratio),
     .doc = "largest share of pixels that are fully black or fully white"},
    {.path = "intake.min_sharpness",
     .kind = &as_field_number,
     .def = "0",
     .low = 0,
     .high = 1e9,
     IN_SPEC(min_sharpness),
     .doc = "least variance of the Laplacian; 0: not checked"},
    {.path = "intake.min_contrast",
     .kind = &as_field_number,
     .def = "10",
     .low = 0,
     .high = 255,
     IN_SPEC(min_contrast),
     .doc = "least number of grey levels between the darkest and the brightest 1 % of the pixels; 0: not checked"},
    {.path = "intake.max_blank_ratio",
     .kind = &as_field_share,
     .def = "0.25",
     .low = 0,
     .high = 1,
     IN_SPEC(max_blank_ratio),
     .doc = "largest share of rows or columns of one single level, counted from an end: a frame that came by half"},
    {.path = "intake.max_motion_px",
     .kind = &as_field_number,
     .def = "12",
     .low = 0,
     .high = 1000,
     IN_SPEC(max_motion_px),
     .doc =
         "furthest that what is seen may move during exposure, in pixels; from 3 to 42 it can be told; 0: not checked"},
    {.path = "intake.max_noise",
     .kind = &as_field_number,
     .def = "0",
     .low = 0,
     .high = 255,
     IN_SPEC(max_noise),
     .doc = "most noise, as standard deviation in grey levels where the picture is smoothest; 0: not checked"},
    {.path = "intake.max_vignetting_ratio",
     .kind = &as_field_share,
     .def = "0.5",
     .low = 0,
     .high = 1,
     IN_SPEC(max_vignetting_ratio),
     .doc = "by how much the corners may be darker than the centre, in the mean of a camera's frames"},
    {.path = "intake.max_dirt_ratio",
     .kind = &as_field_share,
     .def = "0.1",
     .low = 0,
     .high = 1,
     IN_SPEC(max_dirt_ratio),
     .doc = "by how much a spot may be darker than what is around it, in the mean of a camera's frames"},
    {.path = "intake.near_bits",
     .kind = &as_field_count,
     .def = "2",
     .low = 0,
     .high = 16,
     IN_SPEC(near_bits),
     .doc = "pictures whose 64-bit difference hashes differ in no more bits are near; see levels.near"},
    {.path = "intake.metadata",
     .kind = &as_field_words,
     .choices = metadata_choices,
     IN_SPEC(metadata),
     .doc = "what a picture must come with; without one of them it is refused"},
    {.path = "intake.reference",
     .kind = &as_field_text,
     LONG_TEXT,
     IN_SPEC(reference),
     .doc = "a version to compare with, best by its tag or id: what is unlike it (levels.unlike), and whether what "
            "came since is distributed "
            "otherwise"},
    {.path = "intake.unlike_share",
     .kind = &as_field_share,
     .def = "0.99",
     .low = 0,
     .high = 1,
     IN_SPEC(unlike_share),
     .doc = "a picture is unlike the reference when it is further from it than this share of its own pictures is"},
    {.path = "intake.max_psi",
     .kind = &as_field_number,
     .def = "0.25",
     .low = 0,
     .high = 100,
     IN_SPEC(max_psi),
     .doc = "population stability index from which on a difference to the reference, if it is no chance, is told"},
    {.path = "intake.levels",
     KIND_MAP,
     .doc = "what becomes of a picture when a check finds something: `ok` (do not look), `warn`, `quarantine`"},
#define X(id, key, preset, what)    \
    {.path = "intake.levels." key,  \
     .kind = &as_field_choice,      \
     .def = preset,                 \
     .choices = level_choices,      \
     IN_SPEC(levels[AS_RULE_##id]), \
     .doc = what},
#include "spec/rule.def"
#undef X

    {.path = "privacy", KIND_MAP, .doc = "what becomes of people in the pictures, before the first write"},
    {.path = "privacy.faces",
     .kind = &as_field_choice,
     .def = "keep",
     .choices = faces_choices,
     IN_SPEC(faces),
     .doc =
         "`redact`: faces are covered; `refuse`: only hash, size and reason of such a picture are kept; with both, no "
         "picture keeps its metadata. `keep`: nobody looks"},
    {.path = "privacy.detector",
     .kind = &as_field_text,
     .def = "cascade",
     LONG_TEXT,
     IN_SPEC(face_detector),
     .doc = "`cascade` (Debian's opencv-data), or the path of a YuNet model, beside assay.yaml: FILE.onnx"},
    {.path = "privacy.sensitivity",
     .kind = &as_field_share,
     .def = "0.5",
     .low = 0,
     .high = 1,
     IN_SPEC(face_sensitivity),
     .doc = "0: only what surely is a face; 1: whatever might be one, more slowly"},
    {.path = "privacy.margin",
     .kind = &as_field_share,
     .def = "0.2",
     .low = 0,
     .high = 1,
     IN_SPEC(face_margin),
     .doc = "covered on each side of a face, a share of its width and height"},
    {.path = "privacy.style",
     .kind = &as_field_choice,
     .def = "fill",
     .choices = redaction_choices,
     IN_SPEC(redaction),
     .doc = "`fill`: one grey; `pixelate`: 4 x 4 cells of 8 levels"},

    {.path = "retention",
     .kind = &as_field_retention,
     .doc = "pictures that go in time, in every version, when `assay data retention` runs: of a class (or any) when "
            "they are "
            "older, or the oldest of them when there is more. Legal holds and a frozen test split keep theirs"},

    {.path = "cost",
     KIND_MAP,
     .doc = "what mistakes cost; the operating point is the cheapest that meets the requirements"},
    {.path = "cost.escape",
     .kind = &as_field_number,
     .def = "1",
     .low = 0,
     .high = 1e12,
     IN_SPEC(cost_escape),
     .doc = "a bad part that was passed"},
    {.path = "cost.overkill",
     .kind = &as_field_number,
     .def = "1",
     .low = 0,
     .high = 1e12,
     IN_SPEC(cost_overkill),
     .doc = "a good part that was rejected"},
    {.path = "cost.review",
     .kind = &as_field_number,
     .low = 0,
     .high = 1e12,
     IN_SPEC(cost_review),
     .doc = "a person's look at one part; without it no part is left unsure"},
    {.path = "cost.currency",
     .kind = &as_field_currency,
     SHORT_TEXT,
     IN_SPEC(currency),
     .doc = "ISO 4217, for example EUR"},

    {.path = "parity", KIND_MAP, .doc = "how far a back end or a precision may be from the reference (assay parity)"},
    {.path = "parity.max_flips",
     .kind = &as_field_count,
     .low = 0,
     .high = 1e9,
     IN_SPEC(max_flips),
     .doc = "pictures of the data whose verdict or class may be another one than the reference's, for each back end "
            "and precision; without it none"},

    {.path = "failsafe", KIND_MAP, .doc = "the verdict where there is none from the model; never `pass`"},
    {.path = "failsafe.late",
     .kind = &as_field_choice,
     .def = "reject",
     .choices = late_choices,
     IN_SPEC(failsafe_late),
     .doc = "the deadline has passed"},
    {.path = "failsafe.unsure",
     .kind = &as_field_choice,
     .def = "review",
     .choices = unsure_choices,
     IN_SPEC(failsafe_unsure),
     .doc = "the score lies between pass and reject"},
    {.path = "failsafe.fault",
     .kind = &as_field_choice,
     .def = "reject",
     .choices = late_choices,
     IN_SPEC(failsafe_fault),
     .doc = "camera, model or disk failed"},
};

const as_field *as_schema_at(size_t i)
{
    return i < AS_COUNT(schema_rows) ? &schema_rows[i] : NULL;
}

const as_field *as_schema_child(const char *parent, size_t *at)
{
    size_t n = strlen(parent);
    for (; *at < AS_COUNT(schema_rows); (*at)++) {
        const char *path = schema_rows[*at].path, *dot = strrchr(path, '.');
        size_t      n_parent = dot ? (size_t)(dot - path) : 0;
        if (n_parent == n && strncmp(path, parent, n) == 0)
            return &schema_rows[(*at)++];
    }
    return NULL;
}

bool as_schema_belongs(const as_field *field, as_measure measure)
{
    const as_measure_info *info = as_measure_info_of(measure);
    if (field->measures == 0 || !info)
        return true;
    if (field->offset == offsetof(as_requirement, of) && !info->takes_of)
        return false;
    return (field->measures >> info->kind) & 1u;
}

static bool schema_refuse_key(const as_reader *reader, const char *parent, const as_yaml_node *key)
{
    const char *names[AS_SCHEMA_MOST_KEYS];
    char        quoted[AS_FIELD_QUOTE_BYTES], hint[AS_FIELD_HINT_BYTES];
    size_t      n = 0, at = 0;
    for (const as_field *f; n < AS_SCHEMA_MOST_KEYS && (f = as_schema_child(parent, &at));)
        names[n++] = as_field_key(f);
    as_field_quote(key->text, quoted);
    for (size_t i = 0; i < AS_COUNT(schema_rows); i++) {
        const char *dot = strrchr(schema_rows[i].path, '.');
        if (strcmp(as_field_key(&schema_rows[i]), key->text) == 0)
            return as_field_fail(reader, key, "unknown key '%s' here (it belongs %s%.*s%s)", quoted,
                                 dot ? "in '" : "at the top of the file",
                                 dot ? (int)strcspn(schema_rows[i].path, ".[") : 0, schema_rows[i].path,
                                 dot ? "'" : "");
    }
    return as_field_fail(reader, key, "unknown key '%s'%s", quoted, as_field_hint(key->text, names, n, hint));
}

static bool schema_knows_keys(const as_reader *reader, const char *parent, const as_yaml_node *map)
{
    for (size_t i = 0; i < map->n; i++) {
        const as_field *field;
        size_t          at = 0;
        while ((field = as_schema_child(parent, &at)) && strcmp(as_field_key(field), map->keys[i]->text) != 0)
            continue;
        if (!field)
            return schema_refuse_key(reader, parent, map->keys[i]);
    }
    return true;
}

bool as_schema_read(const as_reader *reader, const char *parent, const as_yaml_node *map, void *base)
{
    if (map && !schema_knows_keys(reader, parent, map))
        return false;
    size_t at = 0;
    for (const as_field *field; (field = as_schema_child(parent, &at));) {
        const as_yaml_node *node = map ? as_yaml_get(map, as_field_key(field)) : NULL;
        if (!node && field->required)
            return as_field_fail(reader, map, "'%s' is missing: %s", as_field_key(field), field->doc);
        if (!as_field_read(reader, field, node, base))
            return false;
    }
    return true;
}

json_t *as_schema_json(const char *parent, const void *base)
{
    json_t    *object = json_object();
    bool       in_requirement = strcmp(parent, AS_SCHEMA_REQUIREMENT) == 0;
    as_measure measure = in_requirement ? ((const as_requirement *)base)->measure : AS_MEASURE_NONE;
    size_t     at = 0;
    for (const as_field *field; object && (field = as_schema_child(parent, &at));) {
        json_t *value = NULL;
        bool    ok = true;
        if (in_requirement && !as_schema_belongs(field, measure))
            continue;
        if (field->kind->size == 0)
            ok = (value = field->kind->write(field, base)) != NULL;
        else
            ok = as_field_json(field, base, &value);
        bool is_empty = json_is_object(value) && json_object_size(value) == 0;
        if (ok && value && !is_empty)
            ok = as_json_set(object, as_field_key(field), value);
        else
            json_decref(value);
        if (!ok) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *as_schema_describe(const char *parent)
{
    json_t *schema = json_object(), *properties = json_object(), *required = json_array();
    bool    ok = as_json_set(schema, "type", json_string("object"));
    size_t  at = 0;
    for (const as_field *field; ok && (field = as_schema_child(parent, &at));) {
        ok = as_json_set(properties, as_field_key(field), as_field_schema(field));
        if (ok && field->required)
            ok = json_array_append_new(required, json_string(as_field_key(field))) == 0;
    }
    ok = as_json_set(schema, "properties", properties) && ok;
    if (json_array_size(required))
        ok = as_json_set(schema, "required", required) && ok;
    else
        json_decref(required);
    ok = as_json_set(schema, "additionalProperties", json_false()) && ok;
    if (ok)
        return schema;
    json_decref(schema);
    return NULL;
}

/* --- a map of known keys --- */

static bool map_read(const as_reader *reader, const as_field *field, const as_yaml_node *node, void *base)
{
    if (node && node->kind != AS_YAML_MAP)
        return as_field_fail(reader, node, "'%s' must be %s", as_field_key(field), field->kind->name);
    return as_schema_read(reader, field->path, node, base);
}

static json_t *map_write(const as_field *field, const void *base)
{
    return as_schema_json(field->path, base);
}

static bool map_describe(const as_field *field, json_t *schema)
{
    json_t *inner = as_schema_describe(field->path);
    bool    ok = inner && json_object_update(schema, inner) == 0;
    json_decref(inner);
    return ok;
}

const as_field_kind as_field_map = {
    .name = "a map of keys", .read = map_read, .write = map_write, .describe = map_describe};
