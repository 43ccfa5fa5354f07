/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/feature.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twin/script.h"

#define NUMBERS_AT   0x10000u
#define NUMBER_BYTES 16u
#define TEXTS_AT     0x20000u
#define TEXT_BYTES   0x2000u

static const as_feature_info rows[] = {
#define X(id, name, kind, category, access, needs, low, high, step, usual, unit, choices, selector, about)        \
    {name,    AS_FEATURE_##kind, category, AS_FEATURE_##access, AS_FEATURE_##needs, low, high, step, usual, unit, \
     choices, selector,          about},
#include "wire/feature.def"
#undef X
};

/* Those that the standard gives a place among the first registers. */
static const struct {
    as_feature feature;
    uint32_t   address;
} places[] = {
    {AS_FEATURE_DEVICE_VENDOR_NAME, 0x0048},    {AS_FEATURE_DEVICE_MODEL_NAME, 0x0068},
    {AS_FEATURE_DEVICE_VERSION, 0x0088},        {AS_FEATURE_DEVICE_MANUFACTURER_INFO, 0x00a8},
    {AS_FEATURE_DEVICE_SERIAL_NUMBER, 0x00d8},  {AS_FEATURE_DEVICE_USER_ID, 0x00e8},
    {AS_FEATURE_HEARTBEAT_TIMEOUT, 0x0938},     {AS_FEATURE_PACKET_SIZE, 0x0d04},
    {AS_FEATURE_PACKET_DELAY, 0x0d08},          {AS_FEATURE_TIMESTAMP_LATCH, 0x0944},
    {AS_FEATURE_TIMESTAMP_LATCH_VALUE, 0x0948},
};

const as_feature_info *as_feature_info_of(size_t feature)
{
    return feature < AS_COUNT(rows) ? &rows[feature] : NULL;
}

uint32_t as_feature_address(size_t feature)
{
    for (size_t i = 0; i < AS_COUNT(places); i++)
        if (places[i].feature == feature)
            return places[i].address;
    if (rows[feature].kind == AS_FEATURE_TEXT)
        return TEXTS_AT + (uint32_t)feature * TEXT_BYTES;
    return NUMBERS_AT + (uint32_t)feature * NUMBER_BYTES;
}

uint32_t as_feature_bytes(size_t feature)
{
    if (rows[feature].kind == AS_FEATURE_TEXT)
        return (uint32_t)rows[feature].high;
    return rows[feature].kind == AS_FEATURE_FLOAT || rows[feature].high > UINT32_MAX ? 8 : 4;
}

size_t as_feature_at(uint32_t address)
{
    size_t feature = AS_FEATURE_COUNT;
    if (address >= TEXTS_AT)
        feature = (address - TEXTS_AT) / TEXT_BYTES;
    else if (address >= NUMBERS_AT)
        feature = (address - NUMBERS_AT) / NUMBER_BYTES;
    if (feature >= AS_FEATURE_COUNT)
        return AS_FEATURE_COUNT;
    uint32_t begins = as_feature_address(feature);
    return address >= begins && address < begins + as_feature_bytes(feature) ? feature : AS_FEATURE_COUNT;
}

void as_features_init(as_features *features, as_feature_needs has)
{
    *features = (as_features){.has = has};
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++) {
        features->low[i] = rows[i].low;
        features->high[i] = rows[i].high;
        features->value[i] = features->usual[i] = AS_MAX(rows[i].usual, rows[i].low);
    }
}

bool as_features_has(const as_features *features, size_t feature)
{
    if (feature >= AS_FEATURE_COUNT || rows[feature].needs == AS_FEATURE_LINE)
        return feature < AS_FEATURE_COUNT && features->line;
    return rows[feature].needs <= features->has;
}

/* "Name=value|Name=value": the i-th. */
static bool feature_word(const char *choices, size_t i, char *name, double *ret)
{
    const char *at = choices;
    for (; i > 0 && at; i--)
        at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL;
    const char *equals = at ? strchr(at, '=') : NULL;
    if (!equals)
        return false;
    snprintf(name, 64, "%.*s", (int)(equals - at), at);
    *ret = strtod(equals + 1, NULL);
    return true;
}

static bool feature_pixel(const as_features *features, size_t i, char *name, double *ret)
{
    for (size_t pixel = 0; pixel < AS_PIXEL_COUNT; pixel++) {
        const as_pixel_facts *facts = as_pixel_facts_of((as_pixel)pixel);
        if (!features->can[pixel] || facts->code == 0 || i-- > 0)
            continue;
        snprintf(name, 64, "%s", facts->name);
        *ret = facts->code;
        return true;
    }
    return false;
}

bool as_features_choice(const as_features *features, size_t feature, size_t i, char *name, double *ret_value)
{
    const as_fault_info *fault;
    if (feature == AS_FEATURE_PIXEL_FORMAT)
        return feature_pixel(features, i, name, ret_value);
    if (feature == AS_FEATURE_TRIGGER_SELECTOR && i > 0 && !features->line)
        return false;
    if (feature != AS_FEATURE_FAULT_SELECTOR)
        return feature_word(rows[feature].choices, i, name, ret_value);
    fault = as_fault_info_of(i);
    if (!fault)
        return false;
    snprintf(name, 64, "%s", fault->name);
    *ret_value = (double)i;
    return true;
}

static bool feature_is_choice(const as_features *features, size_t feature, double value)
{
    char   name[64];
    double choice;
    for (size_t i = 0; as_features_choice(features, feature, i, name, &choice); i++)
        if (choice >= value && choice <= value)
            return true;
    return false;
}

bool as_features_may(const as_features *features, size_t feature, double value)
{
    const as_feature_info *info = &rows[feature];
    if (!isfinite(value))
        return false;
    if (info->kind == AS_FEATURE_ENUM)
        return feature_is_choice(features, feature, value);
    if (info->kind == AS_FEATURE_COMMAND)
        return true;
    double low = features->low[feature], high = features->high[feature];
    return value >= low && value <= high && (info->step <= 0.0 || fmod(value - low, info->step) <= 0.0);
}
