/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/chip_file.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/yaml.h"
#include "twin/imager_table.h"

/* Numbers that are not in an address. */
typedef enum file_key { KEY_PITCH, KEY_BITS, KEY_BLACK, KEY_WIDTH, KEY_HEIGHT, KEY_FPS, KEY_COUNT } file_key;

static const struct {
    const char *key, *about;
    double      low, high;
    bool        whole;
} file_rows[KEY_COUNT] = {
    [KEY_PITCH] = {"pitch", "side of a pixel in um", 0.5, 50, false},
    [KEY_BITS] = {"bits", "of the converter", 8, 16, true},
    [KEY_BLACK] = {"black", "black level, digital numbers", 0, 32767, false},
    [KEY_WIDTH] = {"width", "pixels of a row of the whole sensor", 16, 65535, true},
    [KEY_HEIGHT] = {"height", "rows of the whole sensor; 1: a line sensor, for scan=line", 1, 65535, true},
    [KEY_FPS] = {"fps", "frames a second of the whole sensor; of a line sensor lines", 0.01, 1e6, false},
};

static const struct {
    const char *key, *about;
    double      low, high;
    size_t      at;
} own_rows[] = {
#define X(key, low, high, field, about) {key, about, low, high, offsetof(as_twin_own, field)},
#include "twin/own.def"
#undef X
};

static const char *const text_keys[] = {"name", "sensor", "shutter"};

/* What a file says, each with its place; NULL: nothing. */
typedef struct file_said {
    const as_yaml_node *texts[AS_COUNT(text_keys)], *rows[KEY_COUNT];
    double              values[KEY_COUNT];
} file_said;

static bool file_number(const as_yaml *doc, const as_yaml_node *node, double low, double high, bool whole, double *ret,
                        as_err *err)
{
    double value = 0;
    if (node->kind != AS_YAML_SCALAR || !as_str_to_f64(node->text, &value) || !isfinite(value))
        return as_yaml_fail(doc, node, err, "here belongs a number");
    if (!(value >= low && value <= high))
        return as_yaml_fail(doc, node, err, "'%.40s' is not within %g to %g", node->text, low, high);
    if (whole && value != floor(value))
        return as_yaml_fail(doc, node, err, "'%.40s' is no whole number", node->text);
    *ret = value;
    return true;
}

static bool file_unknown(const as_yaml *doc, const as_yaml_node *key, as_err *err)
{
    const char *names[AS_COUNT(text_keys) + KEY_COUNT + AS_COUNT(own_rows)];
    size_t      n = 0;
    for (size_t i = 0; i < AS_COUNT(text_keys); i++)
        names[n++] = text_keys[i];
    for (size_t i = 0; i < KEY_COUNT; i++)
        names[n++] = file_rows[i].key;
    for (size_t i = 0; i < AS_COUNT(own_rows); i++)
        names[n++] = own_rows[i].key;
    const char *nearest = as_str_nearest(key->text, names, n);
    return as_yaml_fail(
        doc, key, err,
        nearest ? "a sensor has no '%.40s': did you mean '%s'?"
                : "a sensor has no '%.40s'; it has %s, full_well, bits, ... (docs/reference/sensor.schema.json)",
        key->text, nearest ? nearest : names[1]);
}

static bool file_key_of(const as_yaml *doc, const as_yaml_node *key, const as_yaml_node *node, file_said *said,
                        as_twin_own *own, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(text_keys); i++)
        if (strcmp(key->text, text_keys[i]) == 0) {
            said->texts[i] = node;
            return node->kind == AS_YAML_SCALAR || as_yaml_fail(doc, node, err, "here belongs a word");
        }
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(key->text, file_rows[i].key) == 0) {
            said->rows[i] = node;
            return file_number(doc, node, file_rows[i].low, file_rows[i].high, file_rows[i].whole, &said->values[i],
                               err);
        }
    for (size_t i = 0; i < AS_COUNT(own_rows); i++)
        if (strcmp(key->text, own_rows[i].key) == 0)
            return file_number(doc, node, own_rows[i].low, own_rows[i].high, false,
                               (double *)(void *)((char *)own + own_rows[i].at), err);
    return file_unknown(doc, key, err);
}

/* The row that the numbers stand over. */
static bool file_base(const as_yaml *doc, const file_said *said, as_chip_file *file, as_err *err)
{
    const as_yaml_node *sensor = said->texts[1];
    const bool          line = said->rows[KEY_HEIGHT] && said->values[KEY_HEIGHT] < 2;
    as_err              why = AS_ERR_NONE;
    const as_chip *chip = as_chip_find(sensor ? sensor->text : line ? AS_TWIN_USUAL_LINE : AS_TWIN_USUAL_SENSOR, &why);
    if (!chip)
        return as_yaml_fail(doc, sensor, err, "%s", why.text);
    file->chip = *chip;
    file->pixel = *chip->pixel;
    return true;
}

/* A converter of other bits has its black level and its gain in other numbers. */
static void file_set_bits(const file_said *said, as_chip_file *file)
{
    double times = (double)(1u << (uint32_t)said->values[KEY_BITS]) / (double)(1u << file->chip.bits);
    file->chip.bits = (uint32_t)said->values[KEY_BITS];
    file->pixel.gain_dn_per_e *= times;
    file->pixel.black_dn *= times;
}

static bool file_shutter(const as_yaml *doc, const as_yaml_node *node, as_chip *chip, as_err *err)
{
    const as_chip_shutter kinds[] = {AS_CHIP_SHUTTER_GLOBAL, AS_CHIP_SHUTTER_ROLLING};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        if (strcmp(node->text, as_chip_shutter_name(kinds[i])) == 0) {
            chip->shutter = kinds[i];
            return kinds[i] == AS_CHIP_SHUTTER_GLOBAL || chip->height > 1 ||
                   as_yaml_fail(doc, node, err, "a line sensor has no rolling shutter");
        }
    return as_yaml_fail(doc, node, err, "'%.40s' is no shutter: global and rolling are", node->text);
}

static bool file_set(const as_yaml *doc, const file_said *said, as_chip_file *file, as_err *err)
{
    as_chip *chip = &file->chip;
    if (said->rows[KEY_BITS])
        file_set_bits(said, file);
    if (said->rows[KEY_PITCH])
        file->pixel.pitch_um = said->values[KEY_PITCH];
    if (said->rows[KEY_BLACK])
        file->pixel.black_dn = said->values[KEY_BLACK];
    if (said->rows[KEY_WIDTH])
        chip->width = (uint32_t)said->values[KEY_WIDTH];
    if (said->rows[KEY_HEIGHT])
        chip->height = (uint32_t)said->values[KEY_HEIGHT];
    if (said->rows[KEY_FPS])
        chip->frames_per_s = said->values[KEY_FPS];
    if (file->pixel.black_dn > 0.5 * (double)(1u << chip->bits))
        return as_yaml_fail(doc, said->rows[KEY_BLACK], err, "a black level of %g is more than half of %u bits",
                            file->pixel.black_dn, chip->bits);
    if (chip->height == 1)
        chip->shutter = AS_CHIP_SHUTTER_GLOBAL;
    return !said->texts[2] || file_shutter(doc, said->texts[2], chip, err);
}

/* Its texts are its own, wherever it lies. */
static void file_point(as_chip_file *file)
{
    file->chip.name = file->name;
    file->chip.about = file->about;
    file->chip.pixel = &file->pixel;
    file->pixel.source = file->source;
}

void as_chip_file_copy(const as_chip_file *from, as_chip_file *to)
{
    *to = *from;
    file_point(to);
}

void as_chip_file_fill(const as_chip_file *file, as_twin_own *own)
{
    for (size_t i = 0; i < AS_COUNT(own_rows); i++) {
        double *at = (double *)(void *)((char *)own + own_rows[i].at);
        if (*at < 0.0)
            *at = *(const double *)(const void *)((const char *)&file->own + own_rows[i].at);
    }
}

bool as_chip_file_is(const char *sensor)
{
    return sensor && (as_str_ends(sensor, ".yaml") || as_str_ends(sensor, ".yml"));
}

static bool file_take(const as_yaml *doc, const char *name, as_chip_file *file, as_err *err)
{
    const as_yaml_node *root = as_yaml_root(doc);
    file_said           said = {.values = {0}};
    if (root->kind != AS_YAML_MAP)
        return as_yaml_fail(doc, root, err, "a sensor is a map: 'sensor: IMX264', 'full_well: 9800', ...");
    for (size_t i = 0; i < AS_COUNT(own_rows); i++)
        *(double *)(void *)((char *)&file->own + own_rows[i].at) = -1.0;
    for (size_t i = 0; i < root->n; i++)
        if (!file_key_of(doc, root->keys[i], root->items[i], &said, &file->own, err))
            return false;
    if (!file_base(doc, &said, file, err))
        return false;
    snprintf(file->source, sizeof file->source, "%.100s, over %s", name, file->chip.name);
    snprintf(file->about, sizeof file->about, "a sensor of your own, over %s", file->chip.name);
    const char *slash = strrchr(name, '/');
    snprintf(file->name, sizeof file->name, "%.47s", said.texts[0] ? said.texts[0]->text : slash ? slash + 1 : name);
    file_point(file);
    return file_set(doc, &said, file, err);
}

bool as_chip_file_parse(const char *text, size_t n, const char *name, as_chip_file *ret, as_err *err)
{
    as_chip_file file = {.name = ""};
    if (n > AS_CHIP_FILE_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "'%s' has %zu bytes: a sensor has at most %d", name, n, AS_CHIP_FILE_MAX_BYTES);
    as_yaml *doc = as_yaml_parse(text, n, name, err);
    bool     ok = doc && file_take(doc, name, &file, err);
    as_yaml_free(doc);
    if (ok)
        as_chip_file_copy(&file, ret);
    return ok;
}

bool as_chip_file_read(const char *path, as_chip_file *ret, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, AS_CHIP_FILE_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_chip_file_parse((const char *)bytes, n, path, ret, err);
    free(bytes);
    return ok;
}

/* --- its schema --- */

static json_t *schema_number(const char *about, double low, double high, bool whole)
{
    return json_pack("{s:s,s:s,s:o,s:o}", "description", about, "type", whole ? "integer" : "number", "minimum",
                     as_json_number(low), "maximum", as_json_number(high));
}

static json_t *schema_rows(void)
{
    json_t *rows = json_array();
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++)
        json_array_append_new(rows, json_string(as_chip_of((as_chip_id)id)->name));
    return json_pack("{s:s,s:o}", "description",
                     "the nearest row of the table (assay twin list), in small or capital letters; without it generic, "
                     "with height 1 line4k",
                     "examples", rows);
}

json_t *as_chip_file_schema(void)
{
    json_t *keys = json_pack("{s:{s:s,s:s},s:o,s:{s:s,s:[s,s]}}", "name", "description", "what it is called", "type",
                             "string", "sensor", schema_rows(), "shutter", "description", "of the whole sensor", "enum",
                             "global", "rolling");
    for (size_t i = 0; i < AS_COUNT(own_rows); i++)
        as_json_set(keys, own_rows[i].key, schema_number(own_rows[i].about, own_rows[i].low, own_rows[i].high, false));
    for (size_t i = 0; i < KEY_COUNT; i++)
        as_json_set(keys, file_rows[i].key,
                    schema_number(file_rows[i].about, file_rows[i].low, file_rows[i].high, file_rows[i].whole));
    return json_pack("{s:s,s:s,s:s,s:s,s:b,s:o}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                     "a sensor of one's own", "description",
                     "what sensor=FILE.yaml of a twin's address names: a row of the table with numbers of a data sheet",
                     "type", "object", "additionalProperties", 0, "properties", keys);
}
