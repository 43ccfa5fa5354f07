/* SPDX-License-Identifier: Apache-2.0 */
/* Formats that keep labels as XML or JSON: Pascal VOC, CVAT, Label Studio, SageMaker; and folders of masks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "intake/brush.h"
#include "intake/test_format.h"

static void put_pictures(const fixture *f, const char *folder, uint64_t from, uint64_t n)
{
    char name[128];
    for (uint64_t i = from; i < from + n; i++) {
        snprintf(name, sizeof name, "%s%llu.png", folder, (unsigned long long)i);
        test_put_png(&f->space, name, i);
    }
}

typedef struct refusal {
    const char *text, *why;
} refusal;

static void expect_refusals(const char *format, const char *file, const refusal *bad, size_t n)
{
    fixture f;
    fixture_make(&f);
    f.cfg.format = format;
    expect_refusal(&f, "no ");
    put_pictures(&f, "", 0, 2);
    for (size_t i = 0; i < n; i++) {
        put_text(&f, file, bad[i].text);
        expect_refusal(&f, bad[i].why);
    }
    fixture_done(&f);
}

#define VOC_BOX(x0, y0, x1, y1) \
    "<bndbox><xmin>" x0 "</xmin><ymin>" y0 "</ymin><xmax>" x1 "</xmax><ymax>" y1 "</ymax></bndbox>"

static void put_voc(const fixture *f)
{
    put_pictures(f, "JPEGImages/", 0, 6);
    put_text(f, "Annotations/0.xml",
             "<annotation><folder>VOC2012</folder><filename>0.png</filename><size><width>64</width><height>48</height>"
             "</size><object><name>bad</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>" VOC_BOX(
                 "1", "3", "10",
                 "20.5") "<part><name>hand</name>" VOC_BOX("2", "3", "4",
                                                           "5") "</part><part><name>foot</name></part>"
                                                                "</object><object><name>good</name>" VOC_BOX(
                                                                    "1", "1", "64", "48") "</object></annotation>");
    for (int i = 1; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "Annotations/%d.xml", i);
        put_text(f, name,
                 i % 2 ? "<annotation/>"
                       : "<annotation><object><name>bad</name>" VOC_BOX("5", "5", "9", "9") "</object></annotation>");
    }
    put_text(f, "ImageSets/Main/train.txt", "0\n1\n2\n");
    put_text(f, "ImageSets/Main/val.txt", "3  1\r\n4 -1\r\n");
    put_text(f, "ImageSets/Main/test.txt", "5");
    put_text(f, "ImageSets/Main/bad_train.txt", "0 1\n");
}

static void test_voc_polygons(void **state)
{
    (void)state;
    static const refusal bad[] = {
        {"<annotation><object><name>bad</name>" VOC_BOX(
             "1", "1", "9", "9") "<polygon><x1>1</x1><y1>1</y1></polygon></object></annotation>",
         "a polygon has 2 numbers"},
        {"<annotation><object><name>bad</name>" VOC_BOX(
             "1", "1", "9", "9") "<polygon><x1>1</x1><x2>1</x2></polygon></object></annotation>",
         "'x2' is not in its turn"},
        {"<annotation><object><name>bad</name>" VOC_BOX(
             "1", "1", "9", "9") "<polygon><pt><x>1</x></pt></polygon></object></annotation>",
         "'pt' has no number"},
    };
    fixture f;
    fixture_make(&f);
    put_pictures(&f, "JPEGImages/", 0, 1);
    put_text(&f, "Annotations/0.xml",
             "<annotation><object><name>bad</name>" VOC_BOX(
                 "1", "1", "11",
                 "11") "<polygon><x1>1</x1><y1>1</y1><x2>11.5</x2><y2>1</y2><x3>11</x3><y3>11</y3></polygon>"
                       "<polygon><pt><x>3</x><y>2</y></pt><pt><x>8</x><y>2</y></pt><pt><x>8</x><y>6</y></pt></polygon>"
                       "<pose>Left</pose></object></annotation>");
    expect_scan(&f, "voc", 1);
    const as_scan_file *a = file_at(&f, "photos/JPEGImages/0.png");
    assert_int_equal(a->n_findings, 1);
    assert_string_equal(a->findings[0].geometry, "[[0,0,10.5,0,10,10],[2,1,7,1,7,5]]");
    assert_memory_equal(a->findings[0].box, ((double[]){0, 0, 11, 11}), sizeof a->findings[0].box);
    assert_string_equal(a->findings[0].extra, "{\"pose\":\"Left\"}");
    expect_round_trip(&f, "voc");
    fixture_done(&f);
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        fixture_make(&f);
        put_pictures(&f, "JPEGImages/", 0, 1);
        put_text(&f, "Annotations/0.xml", bad[i].text);
        expect_refusal(&f, bad[i].why);
        fixture_done(&f);
    }
}

static void test_voc(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_voc(&f);
    expect_scan(&f, "voc", 6);
    const as_scan_file *a = file_at(&f, "photos/JPEGImages/0.png");
    assert_string_equal(a->label, "bad");
    assert_int_equal(a->split, AS_SPLIT_TRAIN);
    assert_int_equal(a->n_findings, 2);
    assert_memory_equal(a->findings[0].box, ((double[]){0, 2, 10, 18.5}), sizeof a->findings[0].box);
    assert_non_null(strstr(a->findings[0].extra, "\"pose\":\"Left\""));
    assert_non_null(strstr(a->findings[0].extra, "\"part\":[{"));
    assert_int_equal(file_at(&f, "photos/JPEGImages/4.png")->split, AS_SPLIT_VALIDATION);
    assert_string_equal(file_at(&f, "photos/JPEGImages/5.png")->label, "good");
    fixture_done(&f);
    fixture_make(&f);
    put_voc(&f);
    expect_round_trip(&f, "voc");
    fixture_done(&f);
    static const refusal bad[] = {
        {"<annotation>\n<object>", "x.xml:2: "},
        {"<annotation><filename>0.png</filename>\n<object/></annotation>", "x.xml:2: an object has no name"},
        {"<annotation><filename>0.png</filename><object><name>bad</name></object></annotation>", "no bndbox"},
        {"<annotation><filename>0.png</filename><object><name>all</name><bndbox/></object></annotation>",
         "object 'all' is no class"},
        {"<annotation><filename>0.png</filename><object><name>bad</name><bndbox/></object></annotation>", "no xmin"},
        {"<annotation><filename>0.png</filename><object><name>bad</name>" VOC_BOX("9", "1", "2",
                                                                                  "2") "</object></annotation>",
         "ends before it begins"},
        {"<annotation><filename>0.png</filename><object><name>bad</name>" VOC_BOX("nan", "1", "2",
                                                                                  "2") "</object></annotation>",
         "'nan' of 'bndbox' is no number"},
        {"<annotation><filename>gone.png</filename></annotation>", "none of the pictures"},
    };
    expect_refusals("voc", "x.xml", bad, AS_COUNT(bad));
}

#define CVAT(more) "<annotations><version>1.1</version>" more "</annotations>"
#define CVAT_IMAGE(name, subset, more) \
    "<image id=\"0\" name=\"" name "\" subset=\"" subset "\" width=\"64\" height=\"48\">" more "</image>\n"

static void put_cvat(const fixture *f)
{
    put_pictures(f, "images/", 0, 4);
    put_text(
        f, "annotations.xml",
        CVAT(CVAT_IMAGE(
            "0.png", "Train",
            "<box label=\"bad\" source=\"manual\" occluded=\"1\" xtl=\"1.50\" ytl=\"2.00\" xbr=\"4.1\" ybr=\"7.33\" "
            "z_order=\"2\">"
            "<attribute name=\"depth\">3 mm</attribute></box>"
            "<polygon label=\"bad\" occluded=\"0\" points=\"1.00,2.00;30.5,2.00;30.00,40.25\" z_order=\"0\"></polygon>"
            "<mask label=\"good\" occluded=\"0\" rle=\"1, 2, 1, 2\" left=\"10\" top=\"20\" width=\"3\" height=\"2\" "
            "z_order=\"0\"></mask><points label=\"bad\" points=\"1,2\"></points>")
                 CVAT_IMAGE("1.png", "Validation", "<tag label=\"bad\" source=\"manual\"></tag>")
                     CVAT_IMAGE("2.png", "Test", "<tag label=\"good\"/>") CVAT_IMAGE("3.png", "Train", "")));
}

static void test_cvat_tracks_of_a_video(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_pictures(&f, "clip/images/frame_00000", 0, 4);
    put_text(&f, "clip/annotations.xml",
             "<annotations><track id=\"0\" label=\"bad\" source=\"manual\">"
             "<box frame=\"0\" keyframe=\"1\" outside=\"0\" occluded=\"0\" xtl=\"1\" ytl=\"2\" xbr=\"4\" ybr=\"6\"/>"
             "<box frame=\"1\" keyframe=\"0\" outside=\"0\" occluded=\"1\" xtl=\"2\" ytl=\"2\" xbr=\"5\" ybr=\"6\"/>"
             "<box frame=\"2\" keyframe=\"1\" outside=\"1\" occluded=\"0\" xtl=\"3\" ytl=\"2\" xbr=\"6\" ybr=\"6\"/>"
             "<box frame=\"9\" outside=\"0\" xtl=\"3\" ytl=\"2\" xbr=\"6\" ybr=\"6\"/></track>"
             "<track id=\"1\" label=\"good\"><mask frame=\"1\" outside=\"0\" rle=\"1, 3\" left=\"3\" top=\"4\" "
             "width=\"2\" height=\"2\"/></track></annotations>");
    expect_scan(&f, "cvat", 4);
    const as_scan_file *a = file_at(&f, "photos/clip/images/frame_000000.png"),
                       *b = file_at(&f, "photos/clip/images/frame_000001.png"),
                       *c = file_at(&f, "photos/clip/images/frame_000002.png");
    assert_int_equal(a->n_findings, 1);
    assert_memory_equal(a->findings[0].box, ((double[]){1, 2, 3, 4}), sizeof a->findings[0].box);
    assert_string_equal(a->label, "bad");
    assert_string_equal(a->part, "photos/clip/annotations");
    assert_int_equal(b->n_findings, 2);
    assert_int_equal(b->findings[1].outline, AS_OUTLINE_MASK);
    assert_string_equal(b->part, a->part);
    assert_int_equal(c->n_findings, 0);
    assert_string_equal(c->label, "good");
    assert_string_equal(c->part, a->part);
    assert_non_null(strstr(f.space.told, "1 places in frames of which there is no picture"));
    put_pictures(&f, "clip/other/", 3, 1);
    expect_refusal(&f, "two pictures could be its frame 3");
    fixture_done(&f);
}

static void test_cvat(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_cvat(&f);
    expect_scan(&f, "cvat", 4);
    const as_scan_file *a = file_at(&f, "photos/images/0.png");
    assert_int_equal(a->n_findings, 3);
    assert_memory_equal(a->findings[0].box, ((double[]){1.5, 2, 2.6, 5.33}), sizeof a->findings[0].box);
    assert_non_null(strstr(a->findings[0].extra, "\"attributes\":{\"depth\":\"3 mm\"}"));
    assert_non_null(strstr(a->findings[0].extra, "\"occluded\":\"1\""));
    assert_string_equal(a->findings[1].geometry, "[[1,2,30.5,2,30,40.25]]");
    assert_memory_equal(a->findings[2].box, ((double[]){11, 20, 2, 2}), sizeof a->findings[2].box);
    assert_string_equal(file_at(&f, "photos/images/1.png")->label, "bad");
    assert_int_equal(file_at(&f, "photos/images/2.png")->split, AS_SPLIT_TEST);
    assert_non_null(strstr(f.space.told, "1 shapes that are no box"));
    expect_round_trip(&f, "cvat");
    fixture_done(&f);
    static const refusal bad[] = {
        {CVAT("\n" CVAT_IMAGE("0.png", "", "<box label=\"bad\" xtl=\"1\"/>")), "x.xml:2: 'box' has no ytl"},
        {CVAT(CVAT_IMAGE("0.png", "", "<box xtl=\"1\"/>")), "'box' has no label"},
        {CVAT(CVAT_IMAGE("0.png", "", "<tag label=\"all\"/>")), "label 'all' is no class"},
        {CVAT(CVAT_IMAGE("0.png", "", "<tag label=\"bad\"/><tag label=\"good\"/>")), "a second tag"},
        {CVAT(CVAT_IMAGE("0.png", "", "<polygon label=\"bad\" points=\"1,2;3,4\"/>")), "a polygon of 4 numbers"},
        {CVAT(CVAT_IMAGE("0.png", "", "<polygon label=\"bad\" points=\"1,2;x\"/>")), "no list of numbers"},
        {CVAT(CVAT_IMAGE("0.png", "", "<mask label=\"bad\" rle=\"7\" left=\"0\" top=\"0\" width=\"2\" height=\"3\"/>")),
         "do not fill its 2 x 3"},
        {CVAT(
             CVAT_IMAGE("0.png", "", "<mask label=\"bad\" rle=\"6\" left=\"63\" top=\"0\" width=\"2\" height=\"3\"/>")),
         "outside of its picture"},
        {CVAT(CVAT_IMAGE("0.png", "", "") CVAT_IMAGE("0.png", "", "")), "is there twice"},
        {CVAT("<image/>"), "an image has no name"},
        {CVAT(CVAT_IMAGE("gone.png", "", "")), "none of the pictures"},
    };
    expect_refusals("cvat", "x.xml", bad, AS_COUNT(bad));
}

static void test_masks(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    for (int i = 0; i < 3; i++) {
        static const char *const splits[] = {"train", "val", "test"};
        char                     name[64];
        snprintf(name, sizeof name, "%s/images/a.png", splits[i]);
        test_put_png(&f.space, name, (uint64_t)i);
        snprintf(name, sizeof name, "%s/images/b.png", splits[i]);
        test_put_png(&f.space, name, 10 + (uint64_t)i);
        snprintf(name, sizeof name, "%s/masks/a.png", splits[i]);
        put_mask(&f, name, 2, 3, 4, 5, 6 + (uint32_t)i);
    }
    expect_refusal(&f, "number '2' is no class");
    put_text(&f, "classes.txt", "background\ngood\nbad\n");
    expect_scan(&f, "masks", 6);
    const as_scan_file *a = file_at(&f, "photos/train/images/a.png");
    assert_string_equal(a->label, "bad");
    assert_int_equal(a->split, AS_SPLIT_TRAIN);
    assert_memory_equal(a->findings[0].box, ((double[]){3, 4, 5, 6}), sizeof a->findings[0].box);
    assert_string_equal(file_at(&f, "photos/test/images/b.png")->label, "good");
    expect_round_trip(&f, "masks");
    fixture_done(&f);
    fixture_make(&f);
    test_put_png(&f.space, "images/a.png", 1);
    put_mask(&f, "masks/a_mask.png", 255, 3, 4, 5, 6);
    f.cfg.renames = (const char *const[]){"255=bad", NULL};
    expect_scan(&f, "masks", 1);
    f.cfg.renames = NULL;
    static const refusal bad[] = {{"[\"background\", 7]", "a name is no text"},
                                  {"{\"x\": \"bad\"}", "'x' is no number with a name"},
                                  {"{\"300\": \"bad\"}", "number 300 is not between 0 and 255"},
                                  {"7", "classes.json"}};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        put_text(&f, "classes.json", bad[i].text);
        expect_refusal(&f, bad[i].why);
    }
    put_text(&f, "classes.json", "{\"255\": \"bad\"}");
    expect_scan(&f, "masks", 1);
    put_text(&f, "masks/a_mask.png", "\x89PNG\r\n\x1a\nx");
    expect_refusal(&f, "mask 'masks/a_mask.png'");
    fixture_done(&f);
}

#define SM_CLASS(name) \
    "\"c\":1,\"c-metadata\":{\"type\":\"groundtruth/image-classification\",\"class-name\":\"" name "\"}"
#define SM_BOXES(id)                                                                                                  \
    "\"b\":{\"annotations\":[{\"class_id\":" id ",\"left\":1,\"top\":2,\"width\":3.5,\"height\":4,\"note\":\"n\"}]}," \
    "\"b-metadata\":{\"type\":\"groundtruth/"                                                                         \
    "object-detection\",\"class-map\":{\"3\":\"bad\"},\"objects\":[{\"confidence\":0.5}]}"
#define SM_MASK                                                                                                      \
    "\"m-ref\":\"s3://bucket/m/2m.png\",\"m-ref-metadata\":{\"type\":\"groundtruth/semantic-segmentation\","         \
    "\"internal-color-map\":{\"0\":{\"class-name\":\"BACKGROUND\",\"hex-color\":\"#000000\"},\"9\":{\"class-name\":" \
    "\"bad\","                                                                                                       \
    "\"hex-color\":\"#ffffff\"}}}"

static void test_sagemaker(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_pictures(&f, "p/", 0, 4);
    put_mask(&f, "m/2m.png", 255, 3, 4, 5, 6);
    put_text(&f, "train.manifest",
             "{\"source-ref\":\"s3://bucket/p/0.png\"," SM_CLASS("bad") "," SM_BOXES(
                 "3") "}\r\n\n"
                      "{\"source-ref\":\"s3://bucket/p/1.png\"," SM_CLASS("good") "}\n");
    put_text(&f, "validation.manifest", "{\"source-ref\":\"p/2.png\"," SM_MASK "}\n");
    put_text(&f, "test.manifest", "{\"source-ref\":\"p/3.png\"," SM_CLASS("bad") "}");
    expect_scan(&f, "sagemaker", 4);
    const as_scan_file *a = file_at(&f, "photos/p/0.png"), *c = file_at(&f, "photos/p/2.png");
    assert_memory_equal(a->findings[0].box, ((double[]){1, 2, 3.5, 4}), sizeof a->findings[0].box);
    assert_true(a->findings[0].score == 0.5);
    assert_string_equal(a->findings[0].extra, "{\"note\":\"n\"}");
    assert_memory_equal(c->findings[0].box, ((double[]){3, 4, 5, 6}), sizeof c->findings[0].box);
    assert_int_equal(c->split, AS_SPLIT_VALIDATION);
    expect_round_trip(&f, "sagemaker");
    fixture_done(&f);
    static const refusal bad[] = {
        {"{\"source-ref\":\"0.png\"}\n{\"source", "'x.manifest' line 2 is no JSON object"},
        {"{\"source-ref\":\"0.png\"}\n{\"source\":\"0.png\"}", "line 2: there is no name of a picture"},
        {"{\"source-ref\":\"0.png\"," SM_CLASS("all") "}", "class 'all' is no class"},
        {"{\"source-ref\":\"0.png\"," SM_BOXES("4") "}", "class-map has no class for a class_id '4'"},
        {"{\"source-ref\":\"0.png\"," SM_BOXES("\"3\"") "}", "class-map has no class"},
        {"{\"source-ref\":\"0.png\"," SM_CLASS("bad") "}\n{\"source-ref\":\"0.png\"," SM_CLASS("good") "}",
         "line 2: the picture has another class"},
        {"{\"source-ref\":\"gone.png\"}", "none of the pictures"},
    };
    expect_refusals("sagemaker", "x.manifest", bad, AS_COUNT(bad));
}

#define LS_RESULT(type, value)                                                              \
    "{\"original_width\":64,\"original_height\":48,\"type\":\"" type "\",\"value\":{" value \
    "},\"from_name\":\"l\",\"id\":\"q1\"}"
#define LS_TASK(image, split, results)                                                                               \
    "{\"id\":1,\"data\":{\"image\":\"" image "\",\"split\":\"" split "\"},\"annotations\":[{\"was_cancelled\":true," \
    "\"result\":[7]},{\"result\":[" results "]}],\"predictions\":[]}"

static void test_labelstudio(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_pictures(&f, "upload/", 0, 4);
    put_text(
        &f, "export.json",
        "[" LS_TASK(
            "/data/upload/1/0a1b2c3d-0.png", "train",
            LS_RESULT(
                "rectanglelabels",
                "\"x\":10,\"y\":20,\"width\":25,\"height\":50,\"rotation\":0,"
                "\"rectanglelabels\":[\"bad\"]") "," LS_RESULT("polygonlabels",
                                                               "\"points\":[[0,0],[50,0],[33.3,100]],\"polygonlabels\":"
                                                               "[\"bad\"]") "," LS_RESULT("keypointlabels",
                                                                                          "\"x\":1")) ",\n" LS_TASK("/d"
                                                                                                                    "at"
                                                                                                                    "a/"
                                                                                                                    "lo"
                                                                                                                    "ca"
                                                                                                                    "l-"
                                                                                                                    "fi"
                                                                                                                    "le"
                                                                                                                    "s/"
                                                                                                                    "?d"
                                                                                                                    "=u"
                                                                                                                    "pl"
                                                                                                                    "oa"
                                                                                                                    "d/"
                                                                                                                    "1."
                                                                                                                    "pn"
                                                                                                                    "g",
                                                                                                                    "va"
                                                                                                                    "li"
                                                                                                                    "da"
                                                                                                                    "ti"
                                                                                                                    "o"
                                                                                                                    "n",
                                                                                                                    LS_RESULT(
                                                                                                                        "choices",
                                                                                                                        "\"choices\":[\"bad\"]")) "," LS_TASK("upload/2.png",
                                                                                                                                                              "test",
                                                                                                                                                              "") ","
                                                                                                                                                                  "{\"data\":{\"image\":\"3.png\"},\"annotations\":[],\"predictions\":[{\"result\":[]}]}]");
    expect_scan(&f, "labelstudio", 3);
    const as_scan_file *a = file_at(&f, "photos/upload/0.png");
    assert_int_equal(a->n_findings, 2);
    assert_memory_equal(a->findings[0].box, ((double[]){6.4, 9.6, 16, 24}), sizeof a->findings[0].box);
    assert_string_equal(a->findings[0].extra, "{\"from_name\":\"l\",\"id\":\"q1\"}");
    assert_string_equal(a->findings[1].geometry, "[[0,0,32,0,21.312,48]]");
    assert_string_equal(file_at(&f, "photos/upload/1.png")->label, "bad");
    assert_non_null(strstr(f.space.told, "1 results that are no choice"));
    expect_round_trip(&f, "labelstudio");
    fixture_done(&f);
}

static void test_labelstudio_s_predictions_are_proposals(void **state)
{
    (void)state;
    static const char tasks[] =
        "[{\"data\":{\"image\":\"0.png\"},\"annotations\":[{\"was_cancelled\":true,\"result\":[]}],\"predictions\":["
        "{\"model_version\":\"v1\",\"score\":0.25,\"result\":[7]},"
        "{\"model_version\":\"net 2\",\"score\":0.75,\"result\":["
        "{\"type\":\"rectanglelabels\",\"original_width\":64,\"original_height\":48,"
        "\"value\":{\"x\":50,\"y\":50,\"width\":25,\"height\":25,\"rectanglelabels\":[\"bad\"]}},"
        "{\"type\":\"rectanglelabels\",\"original_width\":64,\"original_height\":48,\"score\":0.5,"
        "\"value\":{\"x\":0,\"y\":0,\"width\":25,\"height\":25,\"rectanglelabels\":[\"good\"]}}]}]},\n"
        "{\"data\":{\"image\":\"1.png\"},\"predictions\":[{\"result\":["
        "{\"type\":\"choices\",\"value\":{\"choices\":[\"good\"]}}]}]},\n"
        "{\"data\":{\"image\":\"2.png\"},\"annotations\":[{\"result\":[]}],\"predictions\":[{\"result\":[7]}]}]";
    fixture f;
    fixture_make(&f);
    put_pictures(&f, "", 0, 3);
    put_text(&f, "tasks.json", tasks);
    expect_scan(&f, "labelstudio", 3);
    const as_scan_file *a = file_at(&f, "photos/0.png"), *b = file_at(&f, "photos/1.png");
    assert_string_equal(a->label, "bad");
    assert_int_equal(a->state, AS_LABEL_PROPOSED);
    assert_string_equal(a->by, "model:net 2");
    assert_int_equal(a->n_findings, 2);
    assert_true(a->findings[0].score == 0.75 && a->findings[1].score == 0.5);
    assert_int_equal(b->state, AS_LABEL_PROPOSED);
    assert_string_equal(b->by, "model:unknown");
    assert_string_equal(b->label, "good");
    assert_int_equal(file_at(&f, "photos/2.png")->state, AS_LABEL_NONE);
    assert_non_null(strstr(f.space.told, "1 predictions beside annotations"));
    expect_round_trip(&f, "labelstudio");
    fixture_done(&f);
}

static void test_labelstudio_refuses(void **state)
{
    (void)state;
    static const refusal bad[] = {
        {"[" LS_TASK("0.png", "", "") ",{", "task 1 of 'x.json'"},
        {"[" LS_TASK("0.png", "", LS_RESULT("rectanglelabels", "\"rectanglelabels\":[\"bad\"]")) "]",
         "no number for x"},
        {"[" LS_TASK("0.png", "", LS_RESULT("choices", "\"choices\":[]")) "]", "a result has no choices"},
        {"[" LS_TASK("0.png", "", LS_RESULT("choices", "\"choices\":[\"all\"]")) "]", "label 'all' is no class"},
        {"[" LS_TASK("0.png", "", LS_RESULT("polygonlabels", "\"points\":[[1,2]],\"polygonlabels\":[\"bad\"]")) "]",
         "a polygon has 1 points"},
        {"[" LS_TASK("0.png", "", LS_RESULT("brushlabels", "\"rle\":[0,0,1],\"brushlabels\":[\"bad\"]")) "]",
         "not of a picture of 64 x 48"},
        {"[" LS_TASK("0.png", "", LS_RESULT("brushlabels", "\"rle\":[256],\"brushlabels\":[\"bad\"]")) "]",
         "a byte of 256"},
        {"[" LS_TASK("0.png", "", "{\"type\":\"rectanglelabels\",\"original_width\":-1}") "]", "a picture of -1 x 0"},
        {"[" LS_TASK("0.png", "", "") "," LS_TASK("0.png", "", "") "]", "another task's already"},
        {"[" LS_TASK("gone.png", "", "") "]", "none of the pictures"},
    };
    expect_refusals("labelstudio", "x.json", bad, AS_COUNT(bad));
}

static void test_brush(void **state)
{
    (void)state;
    /* 1 x 2 pixels, the second inside: written by hand after the layout in brush.h. */
    static const uint8_t bytes[] = {0,    0,    0, 8, 0x39,
                                    0x19, 0xf8, 0, 0}; /* header: 8 words of 8 bits, runs of 3 4 8 16 */
    uint8_t              pixels[30 * 20] = {0};
    as_mask              mask, back;
    as_err               err = AS_ERR_NONE;
    as_str               text;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = i > 100 && i % 7 < 3;
    as_str_init(&text);
    assert_true(as_mask_from_pixels(pixels, 30, 30, 20, 1, &mask, &err));
    assert_true(as_brush_encode(&mask, &text, &err));
    assert_true(as_brush_decode((const uint8_t *)text.s, text.len, 30, 20, &back, &err));
    assert_true(as_mask_iou(&mask, &back) == 1);
    as_mask_done(&back);
    assert_false(as_brush_decode((const uint8_t *)text.s, text.len / 2, 30, 20, &back, &err));
    assert_false(as_brush_decode((const uint8_t *)text.s, text.len, 20, 20, &back, &err));
    assert_false(as_brush_decode(bytes, sizeof bytes, 1, 3, &back, &err));
    as_mask_done(&mask);
    as_str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_voc),
        cmocka_unit_test(test_voc_polygons),
        cmocka_unit_test(test_cvat),
        cmocka_unit_test(test_cvat_tracks_of_a_video),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_sagemaker),
        cmocka_unit_test(test_labelstudio),
        cmocka_unit_test(test_labelstudio_s_predictions_are_proposals),
        cmocka_unit_test(test_labelstudio_refuses),
        cmocka_unit_test(test_brush),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
