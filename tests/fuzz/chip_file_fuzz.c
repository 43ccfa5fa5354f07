/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a sensor of one's own: an error with a place, or a sensor that can be made, or is refused with a reason. */
#include <stdlib.h>

#include "twin/chip_file.h"
#include "twin/imager_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err       err = AS_ERR_NONE;
    as_chip_file file, copy;
    if (!as_chip_file_parse((const char *)data, size, "fuzz", &file, &err)) {
        must(err.code != AS_OK && err.text[0] != '\0');
        return 0;
    }
    as_chip_file_copy(&file, &copy);
    must(copy.chip.name == copy.name && copy.chip.pixel == &copy.pixel && copy.chip.bits >= 8 && copy.chip.bits <= 16);
    const as_imager_cfg cfg = as_imager_cfg_own(&copy.chip, &copy.own, 16, 16);
    as_imager           imager;
    if (!as_imager_init(&imager, &cfg, &err))
        must(err.code != AS_OK && err.text[0] != '\0');
    as_imager_done(&imager);
    return 0;
}
