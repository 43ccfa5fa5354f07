/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/script.h"

#include <math.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/yaml.h"

static const as_fault_info faults[] = {
#define X(id, name, low, high, usual, unit) {name, unit, low, high, usual},
#include "twin/fault.def"
#undef X
};

const as_fault_info *as_fault_info_of(size_t fault)
{
    return fault < AS_COUNT(faults) ? &faults[fault] : NULL;
}

static bool script_fault(const as_yaml *doc, const as_yaml_node *node, as_fault *ret, as_err *err)
{
    const char *names[AS_COUNT(faults)];
    for (size_t i = 0; i < AS_COUNT(faults); i++) {
        names[i] = faults[i].name;
        if (strcmp(node->text, names[i]) == 0) {
            *ret = (as_fault)i;
            return true;
        }
    }
    const char *nearest = as_str_nearest(node->text, names, AS_COUNT(names));
    return as_yaml_fail(doc, node, err,
                        nearest ? "there is no fault '%.60s': did you mean '%s'?"
                                : "there is no fault '%.60s'; there is %s, ... (assay twin list)",
                        node->text, nearest ? nearest : names[0]);
}

static bool script_number(const as_yaml *doc, const as_yaml_node *node, double low, double high, double *ret,
                          const char **ret_unit, as_err *err)
{
    char *end = NULL;
    *ret = node->kind == AS_YAML_SCALAR ? strtod(node->text, &end) : 0.0;
    if (!end || end == node->text || !isfinite(*ret))
        return as_yaml_fail(doc, node, err, "here belongs a number");
    while (*end == ' ')
        end++;
    *ret_unit = end;
    return (*ret >= low && *ret <= high) ||
           as_yaml_fail(doc, node, err, "'%.40s' is not within %g to %g", node->text, low, high);
}

/* A place on the time line: 200 (parts), 40s, 5min, 2h. */
static bool script_place(const as_yaml *doc, const as_yaml_node *node, double *ret, bool *ret_seconds, as_err *err)
{
    const char *unit = "";
    if (!script_number(doc, node, 0, 1e15, ret, &unit, err))
        return false;
    *ret_seconds = *unit != '\0';
    if (strcmp(unit, "min") == 0)
        *ret *= 60.0;
    else if (strcmp(unit, "h") == 0)
        *ret *= 3600.0;
    else if (*unit && strcmp(unit, "s") != 0)
        return as_yaml_fail(doc, node, err, "'%.40s' is no place on a time line: write 200 (parts), 40s, 5min or 2h",
                            node->text);
    return true;
}

static bool script_key(const as_yaml *doc, const as_yaml_node *key, const as_yaml_node *value, as_script_step *step,
                       uint32_t *given, as_err *err)
{
    static const char *const keys[] = {"from", "full", "until"};
    double *const            places[] = {&step->from, &step->full, &step->until};
    if (value->kind != AS_YAML_SCALAR)
        return as_yaml_fail(doc, value, err, "here belongs a word or a number");
    if (strcmp(key->text, "fault") == 0) {
        *given |= 8u;
        return script_fault(doc, value, &step->fault, err);
    }
    if (strcmp(key->text, "amount") == 0) {
        const char *unit = "";
        char       *end;
        *given |= 16u;
        (void)strtod(value->text, &end);
        if (end == value->text && value->text[0]) { /* a name: of what is known once the fault is */
            *given |= 32u;
            return as_str_copy(step->recipe, sizeof step->recipe, value->text) ||
                   as_yaml_fail(doc, value, err, "'%.40s' is no recipe: its name has at most %d bytes", value->text,
                                AS_SCRIPT_NAME_BYTES - 1);
        }
        return script_number(doc, value, -1e6, 1e6, &step->amount, &unit, err) &&
               (!*unit || as_yaml_fail(doc, value, err, "an amount has no unit here: leave '%.20s' out", unit));
    }
    for (uint32_t i = 0; i < AS_COUNT(keys); i++) {
        bool seconds;
        if (strcmp(key->text, keys[i]) != 0)
            continue;
        if (!script_place(doc, value, places[i], &seconds, err))
            return false;
        if ((*given & 7u) && seconds != step->seconds)
            return as_yaml_fail(doc, value, err, "parts and time are mixed within one step");
        step->seconds = seconds;
        *given |= 1u << i;
        return true;
    }
    return as_yaml_fail(doc, key, err, "'%.40s' is not known here: fault, from, full, until and amount are", key->text);
}

static bool script_places(const as_yaml *doc, const as_yaml_node *node, as_script_step *step, uint32_t given,
                          as_err *err)
{
    const double least[] = {step->from, step->full, step->until};
    for (uint32_t i = 0; !step->seconds && i < AS_COUNT(least); i++)
        if (((given >> i) & 1u) && least[i] < 1.0)
            return as_yaml_fail(doc, node, err, "there is no part %g: parts are counted from 1", least[i]);
    if (!(given & 2u))
        step->full = step->from;
    if (step->full < step->from || step->until < step->from)
        return as_yaml_fail(doc, node, err, "'full' and 'until' come after 'from'");
    return step->full <= step->until ||
           as_yaml_fail(doc, node, err, "it ends ('until') before it has its whole amount ('full')");
}

static bool script_step(const as_yaml *doc, const as_yaml_node *node, as_script_step *step, as_err *err)
{
    uint32_t given = 0;
    *step = (as_script_step){.until = INFINITY};
    if (node->kind != AS_YAML_MAP)
        return as_yaml_fail(doc, node, err, "a step is a map: {fault: dirty_lens, from: 200}");
    for (size_t i = 0; i < node->n; i++)
        if (!script_key(doc, node->keys[i], node->items[i], step, &given, err))
            return false;
    if (!(given & 8u))
        return as_yaml_fail(doc, node, err, "a step needs a fault: {fault: dirty_lens, from: 200}");
    const as_fault_info *info = &faults[step->fault];
    if ((given & 32u) && step->fault != AS_FAULT_PRODUCT)
        return as_yaml_fail(doc, node, err, "an amount of '%s' is a number: %s", info->name, info->amount);
    if (!(given & 16u) || (given & 32u))
        step->amount = info->usual;
    if (!(step->amount >= info->low && step->amount <= info->high))
        return as_yaml_fail(doc, node, err, "an amount of %g is not within %g to %g of '%s' (%s)", step->amount,
                            info->low, info->high, info->name, info->amount);
    return script_places(doc, node, step, given, err);
}

bool as_script_parse(const char *text, size_t n, const char *name, as_script *ret, as_err *err)
{
    if (n > AS_SCRIPT_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "'%s' has %zu bytes: a script has at most %d", name, n, AS_SCRIPT_MAX_BYTES);
    as_yaml *doc = as_yaml_parse(text, n, name, err);
    if (!doc)
        return false;
    const as_yaml_node *root = as_yaml_root(doc), *list = NULL;
    bool ok = root->kind == AS_YAML_MAP && root->n == 1 && (list = as_yaml_get(root, "faults")) != NULL &&
              list->kind == AS_YAML_LIST;
    if (!ok)
        (void)as_yaml_fail(doc, root, err, "a script is a list of faults: 'faults:' and below it '- {fault: ...}'");
    else if (list->n > AS_SCRIPT_MAX_STEPS)
        ok = as_yaml_fail(doc, list, err, "%zu steps are more than the %d a script may have", list->n,
                          AS_SCRIPT_MAX_STEPS);
    as_script script = {.n = 0};
    for (size_t i = 0; ok && i < list->n; i++)
        ok = script_step(doc, list->items[i], &script.steps[script.n++], err);
    as_yaml_free(doc);
    if (ok)
        *ret = script;
    return ok;
}

bool as_script_read(const char *path, as_script *ret, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, AS_SCRIPT_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_script_parse((const char *)bytes, n, path, ret, err);
    free(bytes);
    return ok;
}

uint32_t as_script_at(const as_script *script, uint64_t part, double seconds, double amounts[AS_FAULT_COUNT])
{
    uint32_t found = 0;
    for (size_t i = 0; script && i < script->n; i++) {
        const as_script_step *step = &script->steps[i];
        double                at = step->seconds ? seconds : (double)part;
        if (at < step->from || at >= step->until)
            continue;
        double grown = at < step->full ? (at - step->from) / (step->full - step->from) : 1.0;
        /* What is no fault: 1 for a belt at its own speed, 25 degrees, else 0. */
        double none = step->fault == AS_FAULT_BELT ? 1.0 : step->fault == AS_FAULT_TEMPERATURE ? 25.0 : 0.0;
        amounts[step->fault] = step->fault == AS_FAULT_PRODUCT ? step->amount : none + (step->amount - none) * grown;
        found |= 1u << step->fault;
    }
    return found;
}
