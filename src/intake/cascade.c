/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/cascade.h"

#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "intake/cascade_priv.h"

#define CASCADE_MAX_DEPTH   8
#define CASCADE_MAX_TEXT    4096
#define CASCADE_MAX_ITEMS   65536
#define CASCADE_MAX_NUMBERS 512
#define CASCADE_MAX_WINDOW  128
/* The files' thresholds are sums of rounded leaves: OpenCV lowers each by as much. */
#define CASCADE_STAGE_SLACK 1e-5f

typedef struct cascade_reader {
    XML_Parser  parser;
    as_cascade *cascade;
    char        names[CASCADE_MAX_DEPTH][24];
    size_t      depth; /* names that are open */
    char        text[CASCADE_MAX_TEXT];
    size_t      n_text;
    double      numbers[CASCADE_MAX_NUMBERS];
    size_t      n_numbers;
    const char *why; /* NULL: all well so far */
    bool        no_memory;
} cascade_reader;

static void cascade_stop(cascade_reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static void cascade_push(cascade_reader *r, bool pushed)
{
    r->no_memory = r->no_memory || !pushed;
    if (!pushed)
        cascade_stop(r, "not enough memory");
}

static void cascade_count(cascade_reader *r, size_t n)
{
    if (n > CASCADE_MAX_ITEMS)
        cascade_stop(r, "it has too many parts");
}

static bool cascade_in(const cascade_reader *r, size_t depth, const char *name)
{
    return r->depth > depth && strcmp(r->names[depth], name) == 0;
}

/* Names that are open: opencv_storage cascade stages _ weakClassifiers _ internalNodes. */
static void cascade_open_item(cascade_reader *r)
{
    as_cascade *c = r->cascade;
    if (r->depth == 4 && cascade_in(r, 2, "stages")) {
        cascade_stage stage = {.first_tree = (uint32_t)c->trees.n, .threshold = NAN};
        cascade_push(r, as_vec_push(&c->stages, stage));
        cascade_count(r, c->stages.n);
    } else if (r->depth == 4 && cascade_in(r, 2, "features")) {
        cascade_push(r, as_vec_push(&c->features, ((cascade_feature){0})));
        cascade_count(r, c->features.n);
    } else if (r->depth == 6 && cascade_in(r, 2, "stages") && cascade_in(r, 4, "weakClassifiers")) {
        cascade_tree tree = {.first_node = (uint32_t)c->nodes.n, .first_leaf = (uint32_t)c->leaves.n};
        cascade_push(r, as_vec_push(&c->trees, tree));
        cascade_count(r, c->trees.n);
        if (c->stages.n)
            c->stages.at[c->stages.n - 1].n_trees++;
    }
}

static void XMLCALL cascade_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    cascade_reader *r = ctx;
    (void)attributes;
    if (r->depth == CASCADE_MAX_DEPTH) {
        cascade_stop(r, "it is nested too deeply");
        return;
    }
    as_str_copy(r->names[r->depth++], sizeof r->names[0], name);
    r->n_text = 0;
    if (strcmp(name, "_") == 0)
        cascade_open_item(r);
}

static void XMLCALL cascade_text(void *ctx, const XML_Char *text, int n)
{
    cascade_reader *r = ctx;
    if (r->n_text + (size_t)n >= sizeof r->text) {
        cascade_stop(r, "it has a text that is too long");
        return;
    }
    memcpy(r->text + r->n_text, text, (size_t)n);
    r->n_text += (size_t)n;
}

static void cascade_numbers(cascade_reader *r)
{
    char *p = r->text, *end;
    r->text[r->n_text] = '\0';
    for (r->n_numbers = 0; r->n_numbers < CASCADE_MAX_NUMBERS; p = end) {
        double v = strtod(p, &end);
        if (end == p)
            break;
        if (!(fabs(v) < 1e10))
            cascade_stop(r, "it has a number that is out of bounds");
        r->numbers[r->n_numbers++] = v;
    }
    if (p[strspn(p, " \t\r\n")] != '\0')
        cascade_stop(r, "it has a text where numbers should be");
}

static void cascade_close_nodes(cascade_reader *r)
{
    as_cascade   *c = r->cascade;
    cascade_tree *tree = c->trees.n ? &c->trees.at[c->trees.n - 1] : NULL;
    size_t        each = c->is_lbp ? 11 : 4;
    cascade_numbers(r);
    if (!tree || r->n_numbers == 0 || r->n_numbers % each)
        cascade_stop(r, "a tree has no whole nodes");
    for (size_t i = 0; !r->why && i < r->n_numbers; i += each) {
        const double *v = r->numbers + i;
        cascade_node  node = {.left = (int32_t)AS_MAX(-1000, AS_MIN(v[0], 1000)),
                              .right = (int32_t)AS_MAX(-1000, AS_MIN(v[1], 1000)),
                              .feature = (uint32_t)AS_MAX(0, AS_MIN(v[2], CASCADE_MAX_ITEMS)),
                              .threshold = (float)v[3]};
        for (size_t k = 0; c->is_lbp && k < 8; k++)
            node.subset[k] = (uint32_t)(int64_t)v[3 + k];
        cascade_push(r, as_vec_push(&c->nodes, node));
        cascade_count(r, c->nodes.n);
        tree->n_nodes++;
    }
}

static void cascade_close_leaves(cascade_reader *r)
{
    as_cascade   *c = r->cascade;
    cascade_tree *tree = c->trees.n ? &c->trees.at[c->trees.n - 1] : NULL;
    cascade_numbers(r);
    for (size_t i = 0; tree && !r->why && i < r->n_numbers; i++) {
        cascade_push(r, as_vec_push(&c->leaves, (float)r->numbers[i]));
        cascade_count(r, c->leaves.n);
        tree->n_leaves++;
    }
}

static void cascade_close_rect(cascade_reader *r)
{
    as_cascade      *c = r->cascade;
    cascade_feature *feature = c->features.n ? &c->features.at[c->features.n - 1] : NULL;
    const double    *v = r->numbers;
    cascade_numbers(r);
    if (!feature || feature->n_rects == AS_COUNT(feature->rects) || r->n_numbers != (c->is_lbp ? 4u : 5u)) {
        cascade_stop(r, "a feature is no rectangle, or too many");
        return;
    }
    for (size_t i = 0; i < 4; i++)
        if (v[i] < 0 || v[i] > CASCADE_MAX_WINDOW)
            cascade_stop(r, "a feature reaches out of the window");
    if (!r->why)
        feature->rects[feature->n_rects++] = (cascade_rect){.x = (uint32_t)v[0],
                                                            .y = (uint32_t)v[1],
                                                            .width = (uint32_t)v[2],
                                                            .height = (uint32_t)v[3],
                                                            .weight = c->is_lbp ? 1 : (float)v[4]};
}

static void cascade_close_word(cascade_reader *r, const char *name)
{
    as_cascade *c = r->cascade;
    if (strcmp(name, "featureType") == 0) {
        r->text[r->n_text] = '\0';
        c->is_lbp = strcmp(r->text, "LBP") == 0;
        if (!c->is_lbp && strcmp(r->text, "HAAR") != 0)
            cascade_stop(r, "its features are neither HAAR nor LBP");
    } else if (strcmp(name, "width") == 0 || strcmp(name, "height") == 0) {
        cascade_numbers(r);
        if (r->n_numbers != 1 || r->numbers[0] < 8 || r->numbers[0] > CASCADE_MAX_WINDOW)
            cascade_stop(r, "its window is too small or too large");
        else
            *(name[0] == 'w' ? &c->width : &c->height) = (uint32_t)r->numbers[0];
    }
}

static void XMLCALL cascade_end(void *ctx, const XML_Char *name)
{
    cascade_reader *r = ctx;
    bool            in_stages = cascade_in(r, 2, "stages"), in_features = cascade_in(r, 2, "features");
    if (!cascade_in(r, 0, "opencv_storage")) {
        cascade_stop(r, "it is no opencv_storage");
    } else if (r->depth == 3) {
        cascade_close_word(r, name);
    } else if (r->depth == 5 && in_stages && strcmp(name, "stageThreshold") == 0 && r->cascade->stages.n) {
        cascade_numbers(r);
        if (r->n_numbers == 1)
            r->cascade->stages.at[r->cascade->stages.n - 1].threshold = (float)r->numbers[0] - CASCADE_STAGE_SLACK;
    } else if (r->depth == 7 && in_stages && strcmp(name, "internalNodes") == 0) {
        cascade_close_nodes(r);
    } else if (r->depth == 7 && in_stages && strcmp(name, "leafValues") == 0) {
        cascade_close_leaves(r);
    } else if (in_features &&
               ((r->depth == 6 && strcmp(name, "_") == 0) || (r->depth == 5 && strcmp(name, "rect") == 0))) {
        cascade_close_rect(r);
    } else if (in_features && r->depth == 5 && strcmp(name, "tilted") == 0) {
        cascade_numbers(r);
        if (r->n_numbers == 1 && r->numbers[0] != 0)
            cascade_stop(r, "its features are turned by 45 degrees, which is not supported");
    }
    r->depth -= r->depth > 0;
    r->n_text = 0;
}

/* Without a document type there are no entities that could grow. */
static void XMLCALL cascade_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                                    int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    cascade_stop(ctx, "it has a document type");
}

static const char *cascade_check_tree(const as_cascade *c, const cascade_tree *tree)
{
    if (tree->n_nodes == 0 || tree->n_leaves == 0)
        return "a tree is empty";
    for (uint32_t i = 0; i < tree->n_nodes; i++) {
        const cascade_node *node = &c->nodes.at[tree->first_node + i];
        int32_t             ways[2] = {node->left, node->right};
        if (node->feature >= c->features.n)
            return "a tree asks for a feature that is not there";
        for (size_t k = 0; k < 2; k++)
            if (ways[k] > 0 ? (uint32_t)ways[k] <= i || (uint32_t)ways[k] >= tree->n_nodes
                            : (uint32_t)-ways[k] >= tree->n_leaves)
                return "a tree leads out of itself";
    }
    return NULL;
}

static const char *cascade_check(const as_cascade *c)
{
    const char *why = NULL;
    uint32_t    times = c->is_lbp ? 3 : 1;
    if (c->width == 0 || c->height == 0 || c->stages.n == 0 || c->features.n == 0)
        return "it has no window, no stages or no features";
    for (size_t i = 0; !why && i < c->trees.n; i++)
        why = cascade_check_tree(c, &c->trees.at[i]);
    for (size_t i = 0; !why && i < c->stages.n; i++)
        if (c->stages.at[i].n_trees == 0 || isnan(c->stages.at[i].threshold))
            why = "a stage has no trees or no threshold";
    for (size_t i = 0; !why && i < c->features.n; i++) {
        const cascade_feature *f = &c->features.at[i];
        if (f->n_rects == 0)
            why = "a feature has no rectangle";
        for (uint32_t k = 0; k < f->n_rects; k++)
            if (f->rects[k].x + times * f->rects[k].width > c->width ||
                f->rects[k].y + times * f->rects[k].height > c->height)
                why = "a feature reaches out of the window";
    }
    return why;
}

as_cascade *as_cascade_free(as_cascade *cascade)
{
    if (cascade) {
        as_vec_done(&cascade->stages);
        as_vec_done(&cascade->trees);
        as_vec_done(&cascade->nodes);
        as_vec_done(&cascade->leaves);
        as_vec_done(&cascade->features);
    }
    free(cascade);
    return NULL;
}

static void cascade_read(cascade_reader *r, const uint8_t *xml, size_t n)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, cascade_start, cascade_end);
    XML_SetCharacterDataHandler(r->parser, cascade_text);
    XML_SetStartDoctypeDeclHandler(r->parser, cascade_doctype);
    if (XML_Parse(r->parser, (const char *)xml, (int)n, XML_TRUE) != XML_STATUS_OK && !r->why)
        r->why = XML_ErrorString(XML_GetErrorCode(r->parser));
    if (!r->why)
        r->why = cascade_check(r->cascade);
}

as_cascade *as_cascade_parse(const uint8_t *xml, size_t n, const char *name, as_err *err)
{
    if (n > AS_CASCADE_MAX_BYTES) {
        AS_FAIL(err, AS_ELIMIT, "'%s' is larger than a cascade may be", name);
        return NULL;
    }
    cascade_reader *r = calloc(1, sizeof *r);
    as_cascade     *cascade = calloc(1, sizeof *cascade);
    if (r) {
        r->parser = XML_ParserCreate(NULL);
        r->cascade = cascade;
    }
    if (!r || !cascade || !r->parser) {
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", name);
        cascade = as_cascade_free(cascade);
    } else {
        cascade_read(r, xml, n);
        if (r->why) {
            AS_FAIL(err, r->no_memory ? AS_ENOMEM : AS_EFORMAT, "'%s' is no cascade: %s", name, r->why);
            cascade = as_cascade_free(cascade);
        }
    }
    if (r && r->parser)
        XML_ParserFree(r->parser);
    free(r);
    return cascade;
}

uint32_t as_cascade_window(const as_cascade *cascade)
{
    return cascade->width;
}
