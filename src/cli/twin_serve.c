/* SPDX-License-Identifier: Apache-2.0 */
/* assay twin serve: the twin, or any other source, as devices on the wire, until it is interrupted. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/action.h"
#include "cli/term.h"
#include "wire/serve.h"
#include "wire/truth_log.h"

enum { SERVE_MAX = 16, LOOK_MS = 100 };

typedef struct serve_device {
    const as_serve_kind *kind;
    const char          *where, *source; /* the command line's; one of all->sources */
    void                *server;
    bool                 said; /* that it is too slow */
} serve_device;

typedef struct serve_all {
    serve_device  devices[SERVE_MAX];
    size_t        n;
    bool          started;
    as_truth_log *log;
    char         *sources[SERVE_MAX];
    size_t        n_sources;
} serve_all;

/* The folder's name as part of an address: '?' and '%' mean something there. */
static void serve_dataset(const char *dir, as_str *out)
{
    as_str_add(out, "twin:dataset:");
    for (; *dir; dir++)
        as_str_addf(out, *dir == '?' || *dir == '%' ? "%%%02X" : "%c", (unsigned char)*dir);
}

/* "cones?seed=7", as in twin render. */
static bool serve_is_scene(const char *word)
{
    const as_twin_scene *scene;
    const size_t         n = strcspn(word, "?");
    for (size_t i = 0; (scene = as_twin_scene_at(i)) != NULL; i++)
        if (strlen(scene->name) == n && strncmp(scene->name, word, n) == 0)
            return true;
    return false;
}

static bool serve_add_source(serve_all *all, const char *name, const char *value, as_err *err)
{
    as_str uri;
    if (all->n_sources == SERVE_MAX)
        return AS_FAIL(err, AS_ELIMIT, "more than %d sources at once", SERVE_MAX);
    as_str_init(&uri);
    if (strcmp(name, "dataset") == 0)
        serve_dataset(value, &uri);
    else if (strcmp(name, "scene") == 0)
        as_str_addf(&uri, "twin:%s", value + (as_str_starts(value, "twin:") ? 5 : 0));
    else
        as_str_addf(&uri, "%s%s", serve_is_scene(value) ? "twin:" : "", value);
    all->sources[all->n_sources] = as_str_ok(&uri) ? strdup(uri.s) : NULL;
    as_str_done(&uri);
    return all->sources[all->n_sources++] != NULL || AS_FAIL(err, AS_ENOMEM, "no memory for a source");
}

/* --scene, --dataset and the words after "serve", in the order they were typed; the first scene there is where none is. */
static bool serve_read_sources(const as_cli *cli, serve_all *all, as_err *err)
{
    const char *name, *value;
    for (size_t i = 0, words = 0; (value = as_cli_typed(cli, i, &name)) != NULL; i++) {
        bool is_word = name[0] == '\0' && words++ > 0; /* the first is "serve" */
        if ((is_word || strcmp(name, "scene") == 0 || strcmp(name, "dataset") == 0) &&
            !serve_add_source(all, name, value, err))
            return false;
    }
    return all->n_sources > 0 || serve_add_source(all, "scene", as_twin_scene_at(0)->name, err);
}

static const as_serve_kind *serve_kind(const char *name)
{
    const as_serve_kind *kind;
    for (size_t k = 0; (kind = as_serve_kind_at(k)) != NULL; k++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

/* The devices, each with the source that stands in its place; those past the last source have that one. More sources than
 * devices would be sources that nobody sees. */
static bool serve_read_devices(const as_cli *cli, serve_all *all, size_t *ret_n, as_err *err)
{
    const char *name, *value;
    size_t      n = 0;
    for (size_t i = 0; (value = as_cli_typed(cli, i, &name)) != NULL; i++) {
        const as_serve_kind *kind = serve_kind(name);
        if (!kind)
            continue;
        if (n == SERVE_MAX)
            return AS_FAIL(err, AS_ELIMIT, "more than %d devices at once", SERVE_MAX);
        all->devices[n] =
            (serve_device){.kind = kind, .where = value, .source = all->sources[AS_MIN(n, all->n_sources - 1)]};
        n++;
    }
    *ret_n = n;
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "no device named: --%s ADDRESS, for example --%s 127.0.0.1",
                       as_serve_kind_at(0)->name, as_serve_kind_at(0)->name);
    return all->n_sources <= n ||
           AS_FAIL(err, AS_EINVAL, "%zu sources for %zu device%s: nothing would serve '%s'; name a device for each",
                   all->n_sources, n, n == 1 ? "" : "s", all->sources[n]);
}

static bool serve_cfg(const as_cli *cli, as_serve_cfg *cfg, as_err *err)
{
    uint64_t replay = 0;
    *cfg = (as_serve_cfg){.fps = 0};
    if (!as_cli_f64(cli, "fps", 0.01, 100000, &cfg->fps, err) ||
        !as_cli_f64(cli, "link", 1, 1000000, &cfg->link_mbit, err) ||
        !as_cli_u64(cli, "packet-size", 576, 65532, &cfg->packet_size, err) ||
        !as_cli_u64(cli, "replay", 1, AS_PUMP_MAX_REPLAY, &replay, err))
        return false;
    cfg->pump.n_replay = (uint32_t)replay;
    return true;
}

static bool serve_start(as_cli *cli, serve_all *all, as_serve_cfg *cfg, as_err *err)
{
    const char *path = as_cli_opt(cli, "truth");
    size_t      n = 0;
    if (!serve_read_sources(cli, all, err) || !serve_read_devices(cli, all, &n, err))
        return false;
    if (path && !(all->log = as_truth_log_open(path, err)))
        return false;
    cfg->log = all->log;
    for (; all->n < n; all->n++) {
        serve_device *device = &all->devices[all->n];
        cfg->pump.uri = device->source;
        device->server = device->kind->start(cfg, device->where, err);
        if (!device->server)
            return as_err_note(err, "--%s %s", device->kind->name, device->where);
    }
    all->started = true;
    return true;
}

static json_t *serve_json(const serve_all *all, bool ended)
{
    json_t *list = json_array();
    for (size_t i = 0; i < all->n; i++) {
        const serve_device *device = &all->devices[i];
        as_serve_state      state;
        char               *source = as_uri_public(device->source);
        device->kind->state(device->server, &state);
        json_t *one = json_pack("{s:s,s:s,s:s}", "kind", device->kind->name, "where", device->where, "source",
                                source ? source : "");
        if (ended) {
            as_json_set(one, "n_sent", json_integer((json_int_t)state.n_sent));
            as_json_set(one, "n_lost", json_integer((json_int_t)state.n_lost));
            as_json_set(one, "n_due", json_integer((json_int_t)state.n_due));
            as_json_set(one, "n_late", json_integer((json_int_t)state.n_late));
            as_json_set(one, "n_again", json_integer((json_int_t)state.n_again));
            as_json_set(one, "n_bytes", json_integer((json_int_t)state.n_bytes));
        }
        json_array_append_new(list, one);
        free(source);
    }
    return json_pack("{s:s,s:o}", "event", ended ? "ended" : "serving", "devices", list);
}

static bool serve_say(as_cli *cli, const serve_all *all, as_err *err)
{
    if (cli->json) {
        bool ok = as_cli_print_json(cli, serve_json(all, false), err);
        fflush(cli->out);
        return ok;
    }
    for (size_t i = 0; i < all->n; i++) {
        const serve_device *device = &all->devices[i];
        char               *source = as_uri_public(device->source);
        const char         *hint;
        fprintf(cli->out, "%s %s: %s\n", device->kind->name, device->where, source ? source : "");
        for (size_t k = 0; (hint = device->kind->hint(device->server, k)) != NULL; k++)
            fprintf(cli->out, "    %s\n", hint);
        free(source);
    }
    const char *seconds = as_cli_opt(cli, "seconds");
    if (seconds)
        as_term_say(cli, "serving for %s s (Ctrl-C ends it before)", seconds);
    else
        as_term_say(cli, "serving until it is interrupted (Ctrl-C)");
    fflush(cli->out);
    return true;
}

/* On a terminal: the device that sent last, with its rate since the last look. */
static void serve_draw(as_cli *cli, serve_all *all, uint64_t *was, as_ns span)
{
    char     line[160];
    uint64_t sent = 0;
    char     client[64] = "";
    bool     dead = false, slow = false;
    for (size_t i = 0; i < all->n; i++) {
        as_serve_state state;
        all->devices[i].kind->state(all->devices[i].server, &state);
        sent += state.n_sent;
        slow = slow || state.slow != AS_CADENCE_HELD;
        dead = dead || state.dead;
        if (state.client[0])
            as_str_copy(client, sizeof client, state.client);
    }
    snprintf(line, sizeof line, "%.1f frames/s to %s%s%s, sent", (double)(sent - *was) * 1e9 / (double)AS_MAX(span, 1),
             client[0] ? client : "nobody", dead ? ", out of order by script" : "",
             slow ? ", fewer than asked for" : "");
    *was = sent;
    as_progress_step(&cli->progress, line, sent, 0);
}

/* Once, when it begins: from then on a picture is taken later than asked for. */
static void serve_say_slow(serve_device *device, const as_serve_state *state)
{
    static const char *const why[] = {
        "",
        "they are not drawn faster here: --replay N draws each only once, and smaller pictures are drawn sooner",
        "they are not sent faster: fewer or smaller pictures are (--link, GevSCPD and the machine's load bound it)",
    };
    if (device->said || state->slow == AS_CADENCE_HELD)
        return;
    device->said = true;
    as_log_write(AS_LOG_WARN, "%s %s is too slow: %.4g of %.4g pictures a second, with time stamps that say so; %s",
                 device->kind->name, device->where, state->held_per_s, state->asked_per_s, why[state->slow]);
}

/* Until it is interrupted, its time is over, or every device has come to its end. */
static bool serve_wait(as_cli *cli, serve_all *all, as_ns until, as_err *err)
{
    as_err   ignored;
    as_ns    now = as_clock_mono(), drawn = now;
    uint64_t was = 0;
    while (as_progress_go_on(&cli->progress, &ignored) && now < until) {
        size_t n_ended = 0;
        for (size_t i = 0; i < all->n; i++) {
            as_serve_state state;
            all->devices[i].kind->state(all->devices[i].server, &state);
            n_ended += state.ended;
            serve_say_slow(&all->devices[i], &state);
            if (state.ended && state.err.code != AS_OK) {
                *err = state.err;
                return false;
            }
        }
        if (n_ended == all->n)
            break;
        if (now - drawn >= AS_NS_PER_S) {
            serve_draw(cli, all, &was, now - drawn);
            drawn = now;
        }
        as_clock_sleep_until(AS_MIN(now + LOOK_MS * AS_NS_PER_MS, until));
        now = as_clock_mono();
    }
    return true;
}

static bool serve_stop(as_cli *cli, serve_all *all, bool ok, as_err *err)
{
    as_err why = AS_ERR_NONE;
    as_term_progress_end(cli);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, serve_json(all, true), err);
    for (size_t i = 0; ok && !cli->json && i < all->n; i++) {
        const serve_device *device = &all->devices[i];
        as_serve_state      state;
        device->kind->state(device->server, &state);
        fprintf(cli->out, "%s %s: %llu frames sent, of %llu that were due", device->kind->name, device->where,
                (unsigned long long)state.n_sent, (unsigned long long)state.n_due);
        if (state.n_lost)
            fprintf(cli->out, ", %llu lost by script", (unsigned long long)state.n_lost);
        if (state.n_again)
            fprintf(cli->out, ", %llu packets sent again", (unsigned long long)state.n_again);
        if (state.n_late)
            fprintf(cli->out, ", %llu taken later than asked for", (unsigned long long)state.n_late);
        fputc('\n', cli->out);
    }
    for (size_t i = 0; i < all->n; i++)
        all->devices[i].kind->stop(all->devices[i].server);
    for (size_t i = 0; i < all->n_sources; i++)
        free(all->sources[i]);
    const char *path = as_cli_opt(cli, "truth");
    if (all->log && !all->started && path) /* of a run that never was: the next one may write it */
        (void)unlink(path);
    if (!as_truth_log_close(all->log, &why) && ok) {
        *err = why;
        ok = false;
    }
    return ok;
}

static int twin_serve(as_cli *cli, as_workspace *ws, as_err *err)
{
    serve_all    all = {.n = 0};
    as_serve_cfg cfg;
    double       seconds = 0;
    (void)ws;
    bool ok = as_cli_f64(cli, "seconds", 0.1, 1e7, &seconds, err) && serve_cfg(cli, &cfg, err) &&
              serve_start(cli, &all, &cfg, err) && serve_say(cli, &all, err) &&
              serve_wait(cli, &all, seconds > 0 ? as_clock_mono() + (as_ns)(seconds * 1e9) : INT64_MAX, err);
    return serve_stop(cli, &all, ok, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_serve = {
    .name = "serve",
    .usage =
        "--gige ADDRESS | --rtsp ADDRESS[:PORT] | --mjpeg ADDRESS[:PORT] ... [--scene SCENE | --dataset DIR | CAMERA "
        "...] [--fps F] [--replay "
        "N] [--truth FILE] "
        "[--seconds S] [--packet-size BYTES] [--link MBIT]",
    .about =
        "the twin as a camera on the network, for any program that speaks its language: GigE Vision on an address of "
        "this machine (127.0.0.1, 127.0.0.2, ... need no set-up), an RTSP stream, motion JPEG over HTTP for a browser; "
        "several "
        "options, several cameras: each shows the source (--scene, --dataset, or a camera's address) that was named in "
        "its place, the first the first",
    .min_args = 0,
    .max_args = -1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_serve,
};
