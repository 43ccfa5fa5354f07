/* SPDX-License-Identifier: Apache-2.0 */
/* A dump of a camera's features, whatever is in the file: what was understood fits, and reads back from a dump of it. */
#include <math.h>

#include "camera/setting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fuzz_list_of(const as_setting_wishes *wishes, as_setting_list *list)
{
    for (size_t i = 0; i < wishes->all.n; i++) {
        as_setting s = {.kind = AS_SETTING_TEXT, .readable = true, .writable = true, .low = NAN, .high = NAN};
        as_err     err = AS_ERR_NONE;
        if (strlen(wishes->all.at[i].name) >= sizeof s.name || strlen(wishes->all.at[i].value) >= sizeof s.value)
            abort();
        as_str_copy(s.name, sizeof s.name, wishes->all.at[i].name);
        as_str_copy(s.value, sizeof s.value, wishes->all.at[i].value);
        /* Whatever kind it is of, a value is either allowed or refused with a reason. */
        for (int kind = AS_SETTING_BOOL; kind < AS_SETTING_COUNT; kind++) {
            as_setting other = s;
            other.kind = (as_setting_kind)kind;
            as_str_copy(other.choices, sizeof other.choices, "Off\nOnce\nContinuous\n");
            if (!as_setting_check(&other, s.value, &err) && err.code == AS_OK)
                abort();
            (void)as_setting_same(&other, s.value, "1");
        }
        if (!as_vec_push(&list->all, s))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err            err = AS_ERR_NONE;
    as_setting_wishes wishes = {0}, again = {0};
    as_setting_list   list = {0};
    as_str            text;
    as_str_init(&text);
    if (!as_setting_wishes_parse((const char *)data, size, "dump", &wishes, &err)) {
        if (err.code != AS_EFORMAT && err.code != AS_ELIMIT)
            abort();
        return 0;
    }
    if (wishes.all.n == 0 || wishes.all.n > AS_SETTINGS_MAX)
        abort();
    bool plain = true; /* names as cameras have them: a dump quotes values alone */
    for (size_t i = 0; i < wishes.all.n; i++) {
        const char *name = wishes.all.at[i].name;
        plain = plain && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") == strlen(name);
    }
    if (fuzz_list_of(&wishes, &list) && as_setting_list_dump(&list, "gige:x", &text, &err) && plain) {
        if (!as_setting_wishes_parse(text.s, text.len, "again", &again, &err) || again.all.n != wishes.all.n)
            abort();
        for (size_t i = 0; i < again.all.n; i++)
            if (strcmp(again.all.at[i].value, wishes.all.at[i].value) != 0)
                abort();
    }
    as_vec_done(&again.all);
    as_vec_done(&wishes.all);
    as_setting_list_done(&list);
    as_str_done(&text);
    return 0;
}
