/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/test_format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/export.h"

void fixture_make(fixture *f)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "format", "");
    f->cfg = (as_import_cfg){.folder = f->space.photos, .told = test_tell, .ctx = &f->space};
}

bool scan(fixture *f)
{
    as_scan_done(&f->scan);
    f->err = (as_err)AS_ERR_NONE;
    f->space.told[0] = '\0';
    return as_scan_folder(&f->scan, f->space.spec, &f->cfg, &f->err);
}

void fixture_done(fixture *f)
{
    as_scan_done(&f->scan);
    test_space_done(&f->space);
}

void put_text(const fixture *f, const char *relative, const char *text)
{
    test_put(&f->space, relative, text, strlen(text));
}

const as_scan_file *file_at(const fixture *f, const char *name)
{
    for (size_t i = 0; i < f->scan.files.n; i++)
        if (strcmp(f->scan.files.at[i].name, name) == 0)
            return &f->scan.files.at[i];
    fail_msg("'%s' is not there", name);
    return NULL;
}

void expect_refusal(fixture *f, const char *text)
{
    assert_false(scan(f));
    if (!strstr(f->err.text, text))
        fail_msg("'%s' is not in '%s'", text, f->err.text);
}

void put_mask(const fixture *f, const char *relative, uint8_t value, uint32_t x, uint32_t y, uint32_t width,
              uint32_t height)
{
    as_image image;
    as_err   err = AS_ERR_NONE;
    as_str   png;
    as_str_init(&png);
    assert_true(as_image_new(&image, AS_PIXEL_MONO8, 64, 48, &err));
    memset(image.data, 0, image.stride_bytes * 48);
    for (uint32_t row = y; row < y + height; row++)
        memset(image.data + row * image.stride_bytes + x, value, width);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    test_put(&f->space, relative, png.s, png.len);
    as_image_done(&image);
    as_str_done(&png);
}

void expect_scan(fixture *f, const char *format, size_t n_files)
{
    if (!scan(f))
        fail_msg("%s: %s", format, f->err.text);
    assert_string_equal(f->scan.format, format);
    assert_int_equal(f->scan.files.n, n_files);
}

void expect_round_trip(fixture *f, const char *format)
{
    as_err     err = AS_ERR_NONE;
    as_commit  commit;
    char       out[AS_FS_PATH_BYTES];
    as_intake *intake = as_intake_open(f->space.ws, f->space.spec, &err);
    assert_true(as_import_folder(intake, f->space.spec, &f->cfg, NULL, &err));
    assert_true(as_intake_split(intake, 1, &err) && as_intake_commit(intake, "in", &commit, &err));
    as_intake_close(intake);
    assert_true(as_fs_join(out, f->space.dir, "out", &err));
    if (!as_export_commit(f->space.ws, &commit, &(as_export_cfg){.format = format, .dir = out}, NULL, &err))
        fail_msg("%s: %s", format, err.text);
    assert_false(as_export_commit(f->space.ws, &commit, &(as_export_cfg){.format = format, .dir = out}, NULL, &err));
    assert_int_equal(err.code, AS_EEXIST);
    as_manifest *manifest = as_commit_manifest(f->space.ws, &commit, &err);
    f->cfg.folder = out;
    f->cfg.format = NULL;
    if (!scan(f))
        fail_msg("%s", f->err.text);
    assert_string_equal(f->scan.format, format);
    assert_int_equal(f->scan.files.n, as_manifest_count(manifest));
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        const as_sample    *s = as_manifest_at(manifest, i);
        const as_scan_file *file = NULL;
        for (size_t k = 0; !file && k < f->scan.files.n; k++)
            if (as_str_ends(f->scan.files.at[k].name, s->name))
                file = &f->scan.files.at[k];
        assert_non_null(file);
        assert_string_equal(file->label, s->label);
        assert_int_equal(file->split, s->split);
        assert_int_equal(file->n_findings, s->n_findings);
        for (size_t k = 0; k < s->n_findings; k++) {
            assert_string_equal(file->findings[k].label, s->findings[k].label);
            assert_int_equal(file->findings[k].outline, s->findings[k].outline);
            assert_string_equal(file->findings[k].geometry, s->findings[k].geometry);
            assert_memory_equal(file->findings[k].box, s->findings[k].box, sizeof s->findings[k].box);
            if (strcmp(format, "coco") != 0) /* numbers its annotations anew */
                assert_string_equal(file->findings[k].extra, s->findings[k].extra);
            assert_true(file->findings[k].score == s->findings[k].score || isnan(s->findings[k].score));
        }
    }
    as_manifest_free(manifest);
}
