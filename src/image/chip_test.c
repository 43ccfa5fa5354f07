/* SPDX-License-Identifier: Apache-2.0 */
#include "image/chip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void chip_rows_are_filled_in(void **state)
{
    (void)state;
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *chip = as_chip_of((as_chip_id)id);
        as_err         err = AS_ERR_NONE;
        assert_non_null(chip);
        assert_true(chip->name[0] && chip->about[0] && chip->pixel->source[0]);
        if (as_chip_is_line(chip))
            assert_true(chip->width >= 1024 && chip->frames_per_s >= 10000 && chip->use == AS_CHIP_USE_DRAWN);
        else
            assert_true(chip->width >= 640 && chip->height >= 480 && chip->frames_per_s > 0);
        assert_true(chip->shutter != AS_CHIP_SHUTTER_NONE && chip->use != AS_CHIP_USE_NONE);
        assert_true(chip->use == AS_CHIP_USE_DRAWN || chip->maker[0]);
        assert_ptr_equal(as_chip_find(chip->name, &err), chip); /* no name stands twice */
        /* A full well uses nearly all of the converter. */
        double top = (double)((1u << chip->bits) - 1u),
               white = chip->pixel->full_well_e * as_chip_gain(chip) + chip->pixel->black_dn;
        assert_true(white > 0.9 * top && white <= 1.01 * top);
        assert_true((as_chip_line_us(chip) > 0) == (chip->shutter == AS_CHIP_SHUTTER_ROLLING));
    }
    assert_null(as_chip_of(AS_CHIP_NONE));
    assert_null(as_chip_of(AS_CHIP_COUNT));
}

static void chip_is_found_by_name(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_ptr_equal(as_chip_find("imx264", &err), as_chip_of(AS_CHIP_IMX264));
    assert_ptr_equal(as_chip_find("Rolling", &err), as_chip_of(AS_CHIP_ROLLING));
    assert_null(as_chip_find("imx26", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'IMX2"));
    assert_null(as_chip_find("rollin", &err));
    assert_non_null(strstr(err.text, "did you mean 'rolling'?"));
    assert_null(as_chip_find("", &err));
    assert_null(as_chip_find("nothing of the kind, and longer than any name of the table", &err));
    assert_non_null(strstr(err.text, "assay twin list"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chip_rows_are_filled_in),
        cmocka_unit_test(chip_is_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
