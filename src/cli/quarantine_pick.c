/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quarantine_pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "catalog/catalog.h"

#define PICK_LEAST_DIGITS 6

const char *as_pick_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

/* Is the word among those of a list parted by blanks? */
static bool pick_among(const char *word, const char *words)
{
    size_t n = strlen(word);
    for (const char *p = words; p && (p = strstr(p, word)); p += n)
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return !words;
}

static bool pick_is_named(const json_t *record, const char *word)
{
    size_t n = strlen(word);
    return strcmp(as_pick_text(record, "name"), word) == 0 ||
           (n >= PICK_LEAST_DIGITS && strncmp(as_pick_text(record, "id"), word, n) == 0);
}

static bool pick_fail_name(const as_pick *pick, const char *word, const char *states, as_err *err)
{
    size_t       n = json_array_size(pick->list);
    const char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        const json_t *record = json_array_get(pick->list, i);
        if (pick_is_named(record, word)) {
            free(names);
            return AS_FAIL(err, AS_EINVAL, "'%.200s' is %s already (see: assay quarantine show, undo)", word,
                           as_pick_text(record, "state"));
        }
        if (names)
            names[i] = as_pick_text(record, "name");
    }
    const char *near = names ? as_str_nearest(word, names, n) : NULL;
    AS_FAIL(err, AS_ENOTFOUND, "nothing in quarantine%s%s is called '%.200s'%s%s%s", states ? " and " : "",
            states ? states : "", word, near ? ", did you mean '" : "", near ? near : "",
            near ? "'?" : " (see: assay quarantine list)");
    free(names);
    return false;
}

static bool pick_check_names(as_cli *cli, const as_pick *pick, const char *states, const bool *chosen, as_err *err)
{
    for (size_t k = 1; k < as_cli_n_args(cli); k++) {
        const char *word = as_cli_arg(cli, k);
        bool        found = false;
        for (size_t i = 0; !found && i < json_array_size(pick->list); i++)
            found = chosen[i] && pick_is_named(json_array_get(pick->list, i), word);
        if (!found)
            return pick_fail_name(pick, word, states, err);
    }
    return true;
}

static void pick_words(as_cli *cli, const as_pick *pick, const char *states, bool *chosen)
{
    const char *check = as_cli_opt(cli, "check");
    size_t      n_args = as_cli_n_args(cli);
    for (size_t i = 0; i < json_array_size(pick->list); i++) {
        const json_t *record = json_array_get(pick->list, i);
        bool          named = n_args < 2;
        for (size_t k = 1; k < n_args; k++)
            named = named || pick_is_named(record, as_cli_arg(cli, k));
        chosen[i] = named && pick_among(as_pick_text(record, "state"), states) &&
                    (!check || strcmp(as_pick_text(record, "check"), check) == 0);
    }
}

/* Those that were chosen so far, as samples that a query can be asked about. */
static bool pick_where(const as_pick *pick, const as_query *where, bool *chosen, as_err *err)
{
    size_t            n = json_array_size(pick->list);
    as_manifest     **manifests = calloc(n + 1, sizeof(as_manifest *));
    const as_sample **samples = calloc(n + 1, sizeof(as_sample *));
    bool             *met = calloc(n + 1, sizeof *met);
    bool              ok = (manifests && samples && met) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; ok && i < n; i++) {
        manifests[i] = as_quarantine_sample(json_array_get(pick->list, i), err);
        ok = manifests[i] != NULL;
        if (ok)
            samples[i] = as_manifest_at(manifests[i], 0);
    }
    ok = ok && as_catalog_match(where, samples, n, met, err);
    for (size_t i = 0; i < n; i++) {
        chosen[i] = chosen[i] && ok && met[i];
        if (manifests)
            as_manifest_free(manifests[i]);
    }
    free(manifests);
    free(samples);
    free(met);
    return ok;
}

static bool pick_check_option(as_cli *cli, as_err *err)
{
    const char *check = as_cli_opt(cli, "check");
    const char *names[AS_CHECK_MOST + 2] = {"privacy", "name"};
    size_t      n = 2;
    for (size_t i = 0; as_check_at(i); i++)
        names[n++] = as_check_at(i)->name;
    for (size_t i = 0; check && i < n; i++)
        if (strcmp(names[i], check) == 0)
            return true;
    const char *near = check ? as_str_nearest(check, names, n) : NULL;
    return !check || AS_FAIL(err, AS_EINVAL, "no check is called '%.60s'%s%s%s", check, near ? ", did you mean '" : "",
                             near ? near : "", near ? "'?" : " (see: assay intake checks)");
}

bool as_pick_read(as_cli *cli, as_workspace *ws, const char *states, bool need, as_pick *ret, as_err *err)
{
    as_pick     pick = {0};
    const char *text = as_cli_opt(cli, "where");
    if (need && as_cli_n_args(cli) < 2 && !text && !as_cli_opt(cli, "check"))
        return AS_FAIL(err, AS_EINVAL, "say which: names, --check CHECK or --where QUERY (see: assay quarantine list)");
    as_query *where = text ? as_query_parse(text, err) : NULL;
    bool      ok = (where || !text) && pick_check_option(cli, err) && as_quarantine_list(ws, true, &pick.list, err);
    size_t    n = json_array_size(pick.list);
    bool     *chosen = ok ? calloc(n + 1, sizeof *chosen) : NULL;
    pick.at = ok ? calloc(n + 1, sizeof(json_t *)) : NULL;
    ok = ok && ((chosen && pick.at) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
    if (ok)
        pick_words(cli, &pick, states, chosen);
    ok = ok && pick_check_names(cli, &pick, states, chosen, err) && (!where || pick_where(&pick, where, chosen, err));
    for (size_t i = 0; ok && i < n; i++)
        if (chosen[i])
            pick.at[pick.n++] = json_array_get(pick.list, i);
    if (ok && need && pick.n == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "nothing in quarantine%s%s is meant by that (see: assay quarantine list)",
                     states ? " and " : "", states ? states : "");
    as_query_free(where);
    free(chosen);
    if (ok)
        *ret = pick;
    else
        as_pick_done(&pick);
    return ok;
}

void as_pick_done(as_pick *pick)
{
    json_decref(pick->list);
    free(pick->at);
    *pick = (as_pick){0};
}

bool as_pick_decider(as_cli *cli, char *author, size_t cap, as_decider *ret, as_err *err)
{
    const char *reason = as_cli_opt(cli, "reason");
    if (!reason || reason[strspn(reason, " \t\r\n")] == '\0')
        return AS_FAIL(err, AS_EINVAL, "say why: --reason TEXT (it is kept with your name and the time)");
    for (size_t i = 0, n = strlen(reason), step; i < n; i += step) {
        step = as_str_char_bytes(reason + i, n - i);
        if (step == 0)
            return AS_FAIL(err, AS_EINVAL, "the reason must be one line of printable UTF-8");
    }
    if (strlen(reason) > 400)
        return AS_FAIL(err, AS_ELIMIT, "the reason is longer than 400 bytes");
    as_intake_author(author, cap);
    *ret = (as_decider){.by = author, .reason = reason, .utc = as_clock_utc()};
    return true;
}

void as_pick_decision_cells(as_table *table, const json_t *decision)
{
    const json_t *checks = json_object_get(decision, "checks");
    as_str        what;
    as_str_init(&what);
    as_str_add(&what, as_pick_text(decision, "action"));
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const char *check = json_string_value(json_array_get(checks, i));
        as_str_addf(&what, "%s%s", i ? ", " : ": ", check ? check : "");
    }
    as_table_cell(table, AS_STYLE_NONE, "%.16s", as_pick_text(decision, "time"));
    as_table_cell(table, AS_STYLE_NONE, "%s", as_pick_text(decision, "by"));
    as_table_cell(table, AS_STYLE_BOLD, "%s", what.s);
    as_table_cell(table, AS_STYLE_DIM, "%.12s", as_pick_text(decision, "commit"));
    as_table_cell(table, AS_STYLE_NONE, "%s", as_pick_text(decision, "reason"));
    as_str_done(&what);
}
