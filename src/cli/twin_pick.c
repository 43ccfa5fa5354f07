/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/twin_pick.h"

#include "base/str.h"

bool as_twin_pick_open(const as_cli *cli, const char *word, as_twin_pick *ret, as_err *err)
{
    const char *scene = as_cli_opt(cli, "scene");
    memset(ret, 0, sizeof *ret);
    if (scene && word)
        return AS_FAIL(err, AS_EINVAL, "the scene is named twice: '%s', and with --scene '%s'", word, scene);
    if (word)
        scene = word;
    if (!scene)
        scene = as_twin_scene_at(0)->name;
    if (as_str_starts(scene, "twin:"))
        scene += strlen("twin:");
    if (!as_twin_uri_parse(scene, &ret->uri, err) || !as_twin_uri_files(&ret->uri, NULL, err))
        return false;
    ret->first = ret->uri.from ? ret->uri.from : 1;
    ret->twin = as_twin_open(ret->uri.query.path, &ret->uri.cfg, err);
    return ret->twin != NULL;
}

void as_twin_pick_done(as_twin_pick *pick)
{
    pick->twin = as_twin_close(pick->twin);
    as_twin_uri_done(&pick->uri);
}
