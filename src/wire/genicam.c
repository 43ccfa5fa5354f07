/* SPDX-License-Identifier: Apache-2.0 */
/* The XML that tells a client what the device has, made from the table of features. */
#include <string.h>

#include "wire/feature.h"

static const char *const genicam_access[] = {"RO", "RW", "RW", "WO"};

/* Of the XML: the values are our own, but texts may hold what XML must not. */
static void genicam_text(as_str *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            as_str_add(out, "&lt;");
        else if (*text == '&')
            as_str_add(out, "&amp;");
        else
            as_str_add_bytes(out, text, 1);
    }
}

static void genicam_line(as_str *out, const char *tag, const char *text)
{
    as_str_addf(out, "    <%s>", tag);
    genicam_text(out, text);
    as_str_addf(out, "</%s>\n", tag);
}

/* What the window's size and place leave to each other. */
static const char *genicam_limit(size_t feature)
{
    switch (feature) {
    case AS_FEATURE_WIDTH: return "WidthLimit";
    case AS_FEATURE_HEIGHT: return "HeightLimit";
    case AS_FEATURE_OFFSET_X: return "OffsetXLimit";
    case AS_FEATURE_OFFSET_Y: return "OffsetYLimit";
    default: return NULL;
    }
}

static void genicam_limits(as_str *out)
{
    static const char *const limits[][3] = {{"WidthLimit", "WidthMax", "OffsetX"},
                                            {"HeightLimit", "HeightMax", "OffsetY"},
                                            {"OffsetXLimit", "WidthMax", "Width"},
                                            {"OffsetYLimit", "HeightMax", "Height"}};
    for (size_t i = 0; i < AS_COUNT(limits); i++)
        as_str_addf(out,
                    "  <IntSwissKnife Name=\"%s\">\n    <pVariable Name=\"ALL\">%s</pVariable>\n"
                    "    <pVariable Name=\"USED\">%s</pVariable>\n    <Formula>ALL - USED</Formula>\n"
                    "  </IntSwissKnife>\n",
                    limits[i][0], limits[i][1], limits[i][2]);
}

static void genicam_category(const as_features *features, const char *category, as_str *out)
{
    as_str_addf(out, "  <Category Name=\"%s\" NameSpace=\"%s\">\n", category,
                strcmp(category, "Twin") == 0 ? "Custom" : "Standard");
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (as_features_has(features, i) && strcmp(as_feature_info_of(i)->category, category) == 0)
            as_str_addf(out, "    <pFeature>%s</pFeature>\n", as_feature_info_of(i)->name);
    as_str_add(out, "  </Category>\n");
}

/* Categories in the order of the table; how many features come before decides which are new. */
static bool genicam_is_first(const as_features *features, size_t feature)
{
    for (size_t i = 0; i < feature; i++)
        if (as_features_has(features, i) &&
            strcmp(as_feature_info_of(i)->category, as_feature_info_of(feature)->category) == 0)
            return false;
    return as_features_has(features, feature);
}

static void genicam_categories(const as_features *features, as_str *out)
{
    as_str_add(out, "  <Category Name=\"Root\" NameSpace=\"Standard\">\n");
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (genicam_is_first(features, i))
            as_str_addf(out, "    <pFeature>%s</pFeature>\n", as_feature_info_of(i)->category);
    as_str_add(out, "  </Category>\n");
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (genicam_is_first(features, i))
            genicam_category(features, as_feature_info_of(i)->category, out);
}

static void genicam_head(const as_feature_info *info, const char *node, as_str *out)
{
    as_str_addf(out, "  <%s Name=\"%s\" NameSpace=\"%s\">\n", node, info->name,
                strcmp(info->category, "Twin") == 0 ? "Custom" : "Standard");
    genicam_line(out, "ToolTip", info->about);
    genicam_line(out, "Visibility", "Beginner");
    if (info->access == AS_FEATURE_RWL)
        genicam_line(out, "pIsLocked", "TLParamsLocked");
}

static void genicam_selected(const as_features *features, const as_feature_info *info, as_str *out)
{
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++)
        if (as_features_has(features, i) && strcmp(as_feature_info_of(i)->selector, info->name) == 0)
            genicam_line(out, "pSelected", as_feature_info_of(i)->name);
}

static void genicam_choices(const as_features *features, size_t feature, as_str *out)
{
    char   name[64];
    double value;
    for (size_t i = 0; as_features_choice(features, feature, i, name, &value); i++)
        as_str_addf(out, "    <EnumEntry Name=\"%s\" NameSpace=\"Standard\"><Value>%.0f</Value></EnumEntry>\n", name,
                    value);
}

static void genicam_range(const as_features *features, size_t feature, as_str *out)
{
    const as_feature_info *info = as_feature_info_of(feature);
    if (info->access == AS_FEATURE_RO)
        return;
    if (feature == AS_FEATURE_FAULT_AMOUNT) { /* as of the fault that is selected */
        genicam_line(out, "pMin", as_feature_info_of(AS_FEATURE_FAULT_AMOUNT_MIN)->name);
        genicam_line(out, "pMax", as_feature_info_of(AS_FEATURE_FAULT_AMOUNT_MAX)->name);
        return;
    }
    as_str_addf(out, "    <Min>%.15g</Min>\n", features->low[feature]);
    if (genicam_limit(feature))
        genicam_line(out, "pMax", genicam_limit(feature));
    else
        as_str_addf(out, "    <Max>%.15g</Max>\n", features->high[feature]);
    if (info->kind == AS_FEATURE_INT && info->step > 1.0)
        as_str_addf(out, "    <Inc>%.0f</Inc>\n", info->step);
}

static void genicam_node(const as_features *features, size_t feature, as_str *out)
{
    static const char *const nodes[] = {"Integer", "Float", "Enumeration", "Boolean", "Command"};
    const as_feature_info   *info = as_feature_info_of(feature);
    const char              *node = nodes[info->kind];
    genicam_head(info, node, out);
    if (info->kind == AS_FEATURE_ENUM)
        genicam_choices(features, feature, out);
    as_str_addf(out, "    <pValue>%sRegister</pValue>\n", info->name);
    if (info->kind == AS_FEATURE_INT || info->kind == AS_FEATURE_FLOAT)
        genicam_range(features, feature, out);
    if (*info->unit)
        genicam_line(out, "Unit", info->unit);
    if (info->kind == AS_FEATURE_BOOL)
        as_str_add(out, "    <OnValue>1</OnValue>\n    <OffValue>0</OffValue>\n");
    if (info->kind == AS_FEATURE_COMMAND)
        as_str_addf(out, "    <CommandValue>%d</CommandValue>\n", feature == AS_FEATURE_TIMESTAMP_LATCH ? 2 : 1);
    genicam_selected(features, info, out);
    as_str_addf(out, "  </%s>\n", node);
}

/* Values that the device changes by itself are asked for each time. */
static bool genicam_is_cachable(size_t feature, const as_feature_info *info)
{
    return info->access != AS_FEATURE_RO && feature != AS_FEATURE_WIDTH && feature != AS_FEATURE_HEIGHT &&
           feature != AS_FEATURE_PIXEL_FORMAT && strcmp(info->category, "Twin") != 0;
}

static void genicam_register(size_t feature, as_str *out)
{
    const as_feature_info *info = as_feature_info_of(feature);
    const char            *node = info->kind == AS_FEATURE_FLOAT ? "FloatReg" : "IntReg";
    if (feature == AS_FEATURE_PACKET_SIZE) /* it shares a register with flags */
        node = "MaskedIntReg";
    as_str_addf(out, "  <%s Name=\"%sRegister\">\n    <Address>0x%x</Address>\n    <Length>%u</Length>\n", node,
                info->name, as_feature_address(feature), as_feature_bytes(feature));
    genicam_line(out, "AccessMode", genicam_access[info->access]);
    genicam_line(out, "pPort", "Device");
    genicam_line(out, "Cachable", genicam_is_cachable(feature, info) ? "WriteThrough" : "NoCache");
    if (feature == AS_FEATURE_PACKET_SIZE)
        as_str_add(out, "    <LSB>31</LSB>\n    <MSB>16</MSB>\n");
    if (info->kind != AS_FEATURE_FLOAT)
        genicam_line(out, "Sign", info->low < 0.0 ? "Signed" : "Unsigned");
    genicam_line(out, "Endianess", "BigEndian");
    as_str_addf(out, "  </%s>\n", node);
}

static void genicam_text_register(size_t feature, as_str *out)
{
    const as_feature_info *info = as_feature_info_of(feature);
    genicam_head(info, "StringReg", out);
    as_str_addf(out, "    <Address>0x%x</Address>\n    <Length>%u</Length>\n", as_feature_address(feature),
                as_feature_bytes(feature));
    genicam_line(out, "AccessMode", genicam_access[info->access]);
    genicam_line(out, "pPort", "Device");
    genicam_line(out, "Cachable", "NoCache");
    as_str_add(out, "  </StringReg>\n");
}

void as_genicam_xml(const as_features *features, const char *model, as_str *out)
{
    as_str_addf(
        out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<RegisterDescription ModelName=\"%s\" VendorName=\"Assay\" ToolTip=\"an emulated camera\" "
        "StandardNameSpace=\"GEV\" SchemaMajorVersion=\"1\" SchemaMinorVersion=\"1\" SchemaSubMinorVersion=\"0\" "
        "MajorVersion=\"1\" MinorVersion=\"0\" SubMinorVersion=\"0\" "
        "ProductGuid=\"5d6a0b3e-6f0a-4c58-9a77-2f6b7a1c9d10\" VersionGuid=\"b1b6d0f2-3c1f-4a3b-8d4e-6e0f9a2c7b11\" "
        "xmlns=\"http://www.genicam.org/GenApi/Version_1_1\" "
        "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xsi:schemaLocation=\"http://www.genicam.org/GenApi/Version_1_1 "
        "http://www.genicam.org/GenApi/GenApiSchema_Version_1_1.xsd\">\n",
        model);
    genicam_categories(features, out);
    for (size_t i = 0; i < AS_FEATURE_COUNT; i++) {
        if (!as_features_has(features, i))
            continue;
        if (as_feature_info_of(i)->kind == AS_FEATURE_TEXT) {
            genicam_text_register(i, out);
            continue;
        }
        genicam_node(features, i, out);
        genicam_register(i, out);
    }
    genicam_limits(out);
    as_str_add(out, "  <Port Name=\"Device\" NameSpace=\"Standard\"/>\n</RegisterDescription>\n");
}
