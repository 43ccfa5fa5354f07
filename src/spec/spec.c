/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "spec/schema.h"

/* The spec and the document its strings point into. */
typedef struct spec_owned {
    as_spec  spec; /* first: the one is cast to the other */
    as_yaml *doc;
} spec_owned;

as_spec *as_spec_free(as_spec *spec)
{
    if (spec)
        as_yaml_free(((spec_owned *)(void *)spec)->doc);
    free(spec);
    return NULL;
}

static bool spec_split_adds_up(const as_reader *reader, const as_yaml_node *root)
{
    const as_yaml_node *data = as_yaml_get(root, "data");
    const as_yaml_node *node = data ? as_yaml_get(data, "split") : NULL;
    const double       *split = reader->spec->split;
    double              sum = split[0] + split[1] + split[2];
    char                text[AS_UNIT_TEXT_BYTES];
    if (fabs(sum - 1.0) > 1e-6) {
        snprintf(text, sizeof text, "%.6g", sum);
        return as_field_fail(reader, node, "the shares of 'split' make %s together, not 1", text);
    }
    const char *group = reader->spec->group_by, *star = strchr(group, '*');
    if (strcmp(group, "part") != 0 && strcmp(group, "camera") != 0 && (!star || strchr(star + 1, '*')))
        return as_field_fail(reader, data ? as_yaml_get(data, "group_by") : NULL,
                             "'group_by' is part, camera, or a pattern of names with one star, as in photos/batch-*/");
    if (!(split[0] > 0) || !(split[2] > 0))
        return as_field_fail(reader, node, "'split' leaves nothing for %s", split[0] > 0 ? "the test" : "the training");
    return true;
}

static bool spec_read(const as_reader *reader)
{
    const as_yaml_node *root = as_yaml_root(reader->doc);
    if (root->kind != AS_YAML_MAP)
        return as_field_fail(
            reader, root, "%s; a spec begins with 'assay: %d' (an example: assay init DIR --example cones)",
            root->kind == AS_YAML_NONE ? "the file is empty" : "the file must be a map of keys", AS_SCHEMA_VERSION);
    return as_schema_read(reader, "", root, reader->spec) && spec_split_adds_up(reader, root);
}

/* What is not given and has no default. */
static void spec_clear(as_spec *spec)
{
    spec->goal = spec->product = spec->camera = spec->currency = spec->reference = "";
    spec->cost_review = spec->optics.bad_share = NAN;
}

as_spec *as_spec_parse(const char *text, size_t n, const char *name, as_err *err)
{
    spec_owned *owned = calloc(1, sizeof *owned);
    if (!owned) {
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s'", name);
        return NULL;
    }
    owned->doc = as_yaml_parse(text, n, name, err);
    if (!owned->doc)
        return as_spec_free(&owned->spec);
    owned->spec.path = as_yaml_name(owned->doc);
    spec_clear(&owned->spec);
    as_reader reader = {.doc = owned->doc, .spec = &owned->spec, .err = err};
    return spec_read(&reader) ? &owned->spec : as_spec_free(&owned->spec);
}

as_spec *as_spec_load(const char *path, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, AS_SPEC_MAX_BYTES, &bytes, &n, err))
        return NULL;
    as_spec *spec = as_spec_parse((const char *)bytes, n, path, err);
    free(bytes);
    return spec;
}

/* "60x160" as the list that YAML wants; anything else as it is. */
static const char *spec_pair(const char *text, char *pair, size_t cap)
{
    const char *times = strchr(text, 'x');
    if (!times || snprintf(pair, cap, "[%.*s, %s]", (int)(times - text), text, times + 1) >= (int)cap)
        return text;
    return pair;
}

bool as_spec_set(as_spec *spec, const char *path, const char *text, const char *by, as_err *err)
{
    const as_field *field = NULL;
    char            pair[128];
    as_err          why = AS_ERR_NONE;
    for (size_t i = 0; as_schema_at(i); i++)
        if (strcmp(as_schema_at(i)->path, path) == 0)
            field = as_schema_at(i);
    /* What keeps a text would outlive the document here. */
    if (!field || field->kind->size == 0 || field->kind->fits || strchr(path, '['))
        return AS_FAIL(err, AS_EINVAL, "%s: no number or word '%s' in assay.yaml", by, path);
    if (field->n)
        text = spec_pair(text, pair, sizeof pair);
    as_yaml  *doc = as_yaml_parse(text, strlen(text), by, &why);
    as_reader reader = {.doc = doc, .spec = spec, .err = &why};
    bool      ok = doc && as_field_read(&reader, field, as_yaml_root(doc), spec);
    as_yaml_free(doc);
    if (ok)
        return true;
    /* A place in the one line that was given says nothing. */
    size_t at = strlen(by) + strspn(why.text + AS_MIN(strlen(by), strlen(why.text)), ":0123456789");
    return AS_FAIL(err, AS_EINVAL, "%s:%s", by, at < strlen(why.text) ? why.text + at : why.text);
}

int as_spec_class(const as_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_classes; i++)
        if (strcmp(spec->classes[i].name, name) == 0)
            return (int)i;
    return -1;
}

uint32_t as_spec_classes_crc(const as_spec *spec)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < spec->n_classes; i++) {
        crc = as_crc32c(crc, spec->classes[i].name, strlen(spec->classes[i].name) + 1);
        crc = as_crc32c(crc, &spec->classes[i].verdict, sizeof spec->classes[i].verdict);
    }
    return crc;
}
