/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/setting.h"

#include <math.h>
#include <strings.h>

#include "base/yaml.h"

const char *as_setting_kind_name(as_setting_kind kind)
{
    static const char *const names[AS_SETTING_COUNT] = {"none", "bool", "int", "float", "enum", "text", "command"};
    return kind < AS_SETTING_COUNT ? names[kind] : names[0];
}

void as_setting_list_done(as_setting_list *features)
{
    as_vec_done(&features->all);
}

const as_setting *as_setting_list_find(const as_setting_list *features, const char *name)
{
    for (size_t i = 0; i < features->all.n; i++)
        if (strcmp(features->all.at[i].name, name) == 0)
            return &features->all.at[i];
    return NULL;
}

const as_setting *as_setting_list_need(const as_setting_list *features, const char *name, as_err *err)
{
    const as_setting *found = as_setting_list_find(features, name);
    if (found)
        return found;
    const char **names = calloc(features->all.n + 1, sizeof *names);
    for (size_t i = 0; names && i < features->all.n; i++)
        names[i] = features->all.at[i].name;
    const char *nearest = names ? as_str_nearest(name, names, features->all.n) : NULL;
    /* "exposure" for ExposureTimeAbs: the first that begins so. */
    for (size_t i = 0; !nearest && strlen(name) > 2 && i < features->all.n; i++)
        if (strncasecmp(features->all.at[i].name, name, strlen(name)) == 0)
            nearest = features->all.at[i].name;
    if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "the camera has no feature '%.64s': did you mean '%s'?", name, nearest);
    else
        AS_FAIL(err, AS_ENOTFOUND, "the camera has no feature '%.64s' (assay camera show lists those it has)", name);
    free(names);
    return NULL;
}

static bool setting_has_choice(const as_setting *feature, const char *value)
{
    size_t n = strlen(value);
    for (const char *at = feature->choices; *at; at += strcspn(at, "\n") + 1)
        if (n > 0 && strncmp(at, value, n) == 0 && at[n] == '\n')
            return true;
    return false;
}

static void setting_add_choices(as_str *out, const as_setting *feature)
{
    const char *between = "one of ";
    for (const char *at = feature->choices; *at; at += strcspn(at, "\n") + 1, between = ", ")
        as_str_addf(out, "%s%.*s", between, (int)strcspn(at, "\n"), at);
}

void as_setting_add_range(as_str *out, const as_setting *feature)
{
    const char *blank = feature->unit[0] ? " " : "";
    if (feature->kind == AS_SETTING_BOOL)
        as_str_add(out, "true or false");
    else if (feature->kind == AS_SETTING_ENUM)
        setting_add_choices(out, feature);
    if (feature->kind != AS_SETTING_INT && feature->kind != AS_SETTING_FLOAT)
        return;
    if (isfinite(feature->low) && isfinite(feature->high))
        as_str_addf(out, "%.10g to %.10g%s%s", feature->low, feature->high, blank, feature->unit);
    else if (isfinite(feature->low))
        as_str_addf(out, "from %.10g%s%s", feature->low, blank, feature->unit);
    else if (isfinite(feature->high))
        as_str_addf(out, "up to %.10g%s%s", feature->high, blank, feature->unit);
    if (isfinite(feature->step) && feature->step > (feature->kind == AS_SETTING_INT ? 1.0 : 0.0))
        as_str_addf(out, " in steps of %.10g", feature->step);
}

static bool setting_number(const as_setting *feature, const char *value, double *ret)
{
    int64_t whole;
    if (feature->kind == AS_SETTING_FLOAT)
        return as_str_to_f64(value, ret) && isfinite(*ret);
    if (!as_str_to_i64(value, &whole))
        return false;
    *ret = (double)whole;
    return true;
}

static bool setting_in_range(const as_setting *feature, const char *value)
{
    double number;
    if (!setting_number(feature, value, &number) || number < feature->low || number > feature->high)
        return false; /* a comparison with NAN, no bound, is false */
    if (feature->kind == AS_SETTING_INT && feature->step > 1.0 && isfinite(feature->low))
        return fmod(number - feature->low, feature->step) == 0.0;
    return true;
}

static bool setting_refuse(const as_setting *feature, const char *value, const char *nearest, as_err *err)
{
    as_str range;
    as_str_init(&range);
    as_setting_add_range(&range, feature);
    if (nearest)
        AS_FAIL(err, AS_EINVAL, "'%s=%.100s': did you mean '%s'? (it is %.300s)", feature->name, value, nearest,
                range.s);
    else
        AS_FAIL(err, AS_EINVAL, "'%s=%.100s' is not allowed: it is %s%.350s", feature->name, value,
                feature->kind == AS_SETTING_INT     ? "a whole number, "
                : feature->kind == AS_SETTING_FLOAT ? "a number, "
                                                    : "",
                range.s);
    as_str_done(&range);
    return false;
}

static bool setting_refuse_choice(const as_setting *feature, const char *value, as_err *err)
{
    char        words[sizeof feature->choices];
    const char *list[128], *nearest;
    size_t      n = 0;
    as_str_copy(words, sizeof words, feature->choices);
    for (char *at = words; *at && n < AS_COUNT(list);) {
        size_t length = strcspn(at, "\n");
        list[n++] = at;
        at[length] = '\0';
        at += length + 1;
    }
    nearest = as_str_nearest(value, list, n);
    return setting_refuse(feature, value, nearest, err);
}

bool as_setting_check(const as_setting *feature, const char *value, as_err *err)
{
    if (feature->kind == AS_SETTING_COMMAND)
        return !value || !*value || AS_FAIL(err, AS_EINVAL, "'%s' is a command: it takes no value", feature->name);
    if (!feature->writable)
        return AS_FAIL(err, AS_EINVAL, "'%s' can only be read%s (assay camera show tells which can be set)",
                       feature->name, feature->readable ? "" : ", and not now");
    if (!value)
        return AS_FAIL(err, AS_EINVAL, "no value for '%s'", feature->name);
    switch (feature->kind) {
    case AS_SETTING_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 || setting_refuse(feature, value, NULL, err);
    case AS_SETTING_INT:
    case AS_SETTING_FLOAT: return setting_in_range(feature, value) || setting_refuse(feature, value, NULL, err);
    case AS_SETTING_ENUM:
        return !feature->choices[0] || setting_has_choice(feature, value) || setting_refuse_choice(feature, value, err);
    case AS_SETTING_NONE:
    case AS_SETTING_TEXT:
    case AS_SETTING_COMMAND:
    case AS_SETTING_COUNT: break;
    }
    return strlen(value) < sizeof feature->value ||
           AS_FAIL(err, AS_ELIMIT, "the value of '%s' is longer than %zu bytes", feature->name,
                   sizeof feature->value - 1);
}

bool as_setting_same(const as_setting *feature, const char *a, const char *b)
{
    double x, y;
    if (strcmp(a, b) == 0)
        return true;
    if (feature->kind != AS_SETTING_FLOAT || !setting_number(feature, a, &x) || !setting_number(feature, b, &y))
        return false;
    double slack = 1e-6 * fmax(fabs(x), fabs(y));
    if (isfinite(feature->step) && feature->step > 0)
        slack = fmax(slack, 0.5 * feature->step);
    return fabs(x - y) <= slack;
}

bool as_setting_wishes_put(as_setting_wishes *wishes, const char *name, const char *value, as_err *err)
{
    as_setting_wish wish;
    as_str_copy(wish.name, sizeof wish.name, name);
    as_str_copy(wish.value, sizeof wish.value, value);
    for (size_t i = 0; i < wishes->all.n; i++)
        if (strcmp(wishes->all.at[i].name, name) == 0) {
            memmove(&wishes->all.at[i], &wishes->all.at[i + 1], (wishes->all.n - i - 1) * sizeof wish);
            wishes->all.n--;
            break;
        }
    return as_vec_push(&wishes->all, wish) || AS_FAIL(err, AS_ENOMEM, "no memory for a setting");
}

/* --- dumps --- */

/* In single quotes, whatever it is: a value stays text. */
static bool dump_value(as_str *out, const char *value)
{
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    as_str_add(out, "'");
    for (const char *at = value; *at; at++)
        as_str_addf(out, *at == '\'' ? "''" : "%c", *at);
    as_str_add(out, "'");
    return true;
}

/* What a client tells the camera while it receives, and the words of a command: no settings. */
static bool dump_leaves_out(const char *name)
{
    static const char *const names[] = {"TLParamsLocked", "FaultSelector", "FaultAmount", "FaultParts"};
    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool as_setting_list_dump(const as_setting_list *features, const char *uri, as_str *out, as_err *err)
{
    const char *category = "";
    as_str_add(out, "# Values of a camera's features; assay camera restore URI FILE gives them back.\ncamera: ");
    if (!dump_value(out, uri))
        return AS_FAIL(err, AS_EINVAL, "the camera's address holds control characters");
    as_str_add(out, "\nfeatures:\n");
    for (size_t i = 0; i < features->all.n; i++) {
        const as_setting *one = &features->all.at[i];
        if (!one->readable || !one->writable || one->kind == AS_SETTING_COMMAND || dump_leaves_out(one->name))
            continue;
        if (strcmp(category, one->category) != 0)
            as_str_addf(out, "  # %s\n", one->category);
        category = one->category;
        as_str_addf(out, "  %s: ", one->name);
        if (!dump_value(out, one->value))
            return AS_FAIL(err, AS_EFORMAT, "the value of '%s' holds control characters", one->name);
        as_str_add(out, "\n");
    }
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for the dump");
}

static bool parse_wish(const as_yaml *doc, const as_yaml_node *key, const as_yaml_node *value, as_setting_wishes *ret,
                       as_err *err)
{
    as_setting_wish wish;
    if (value->kind != AS_YAML_SCALAR)
        return as_yaml_fail(doc, value, err, "'%.64s' must be one value", key->text);
    if (!as_str_copy(wish.name, sizeof wish.name, key->text) || wish.name[0] == '\0')
        return as_yaml_fail(doc, key, err, "'%.64s' is no name of a feature", key->text);
    if (!as_str_copy(wish.value, sizeof wish.value, value->text))
        return as_yaml_fail(doc, value, err, "the value of '%s' is longer than %zu bytes", wish.name,
                            sizeof wish.value - 1);
    if (ret->all.n >= AS_SETTINGS_MAX)
        return as_yaml_fail(doc, key, err, "there are more than %d features", AS_SETTINGS_MAX);
    return as_vec_push(&ret->all, wish) || AS_FAIL(err, AS_ENOMEM, "no memory for a camera's features");
}

static bool parse_root(const as_yaml *doc, as_setting_wishes *ret, as_err *err)
{
    const as_yaml_node *root = as_yaml_root(doc);
    if (root->kind != AS_YAML_MAP)
        return as_yaml_fail(doc, root, err, "this is no dump of features (assay camera dump makes one)");
    for (size_t i = 0; i < root->n; i++)
        if (strcmp(root->keys[i]->text, "camera") != 0 && strcmp(root->keys[i]->text, "features") != 0)
            return as_yaml_fail(doc, root->keys[i], err, "unknown key '%.64s': camera and features are known",
                                root->keys[i]->text);
    const as_yaml_node *map = as_yaml_get(root, "features");
    if (!map || map->kind != AS_YAML_MAP || map->n == 0)
        return as_yaml_fail(doc, map ? map : root, err, "there is nothing under 'features:'");
    for (size_t i = 0; i < map->n; i++)
        if (!parse_wish(doc, map->keys[i], map->items[i], ret, err))
            return false;
    return true;
}

bool as_setting_wishes_parse(const char *text, size_t n, const char *name, as_setting_wishes *ret, as_err *err)
{
    as_setting_wishes wishes = {0};
    as_yaml          *doc = as_yaml_parse(text, n, name, err);
    bool              ok = doc && parse_root(doc, &wishes, err);
    as_yaml_free(doc);
    if (ok)
        *ret = wishes;
    else
        as_vec_done(&wishes.all);
    return ok;
}
