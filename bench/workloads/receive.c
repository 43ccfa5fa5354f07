/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures received from emulated cameras, by our driver and by Aravis alone: processor time for a frame that came whole.
 *
 * The cameras are assay twin serve, a network that loses packets tests/devices/gv_proxy; neither is in a figure. The figure is
 * against what a user of Aravis gets who is not root: ordinary sockets. Beside it is what root gets, a packet socket; what the
 * kernel does for that one is done in the sender's time, so that one line beside it counts that too. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "bench/child.h"
#include "bench/machine.h"

enum { SAYS = 5, MOST = 4, BLOCK_FRAMES = 40, SHORT_FRAMES = 8, RATE = 120, WIDTH = 1280, HEIGHT = 1024, REPLAY = 4 };

typedef struct receive_setting {
    const char *name;
    size_t      n_cameras;
    double      loss;
    bool        packets; /* the peer by packet sockets */
    bool        both;    /* with the time that the cameras spend */
} receive_setting;

typedef struct receive {
    bench_child sides[BENCH_SIDES], cameras[MOST], networks[MOST];
    size_t      n_cameras;
    double      loss, seen[BENCH_SIDES][SAYS]; /* what both said of frames that were checked: bench/receive.c */
    char        dir[AS_FS_PATH_BYTES];
} receive;

/* Of a program below the build folder: this one is build/bench/bench. */
static bool receive_path(const receive *w, const char *name, char *path, as_err *err)
{
    return as_fs_join(path, w->dir, name, err) &&
           (as_fs_is_file(path) ||
            AS_FAIL(err, AS_EMISSING, "'%s' is not built: it needs Aravis (tools/setup --all)", path));
}

static void receive_stop(receive *w)
{
    for (size_t i = 0; i < BENCH_SIDES; i++)
        bench_child_stop(&w->sides[i]);
    for (size_t i = 0; i < MOST; i++) {
        bench_child_stop(&w->networks[i]);
        bench_child_stop(&w->cameras[i]);
    }
}

static bool receive_start(bench_child *child, const char *const *argv, as_err *err)
{
    return bench_child_init(child, 4096, err) && bench_child_start(child, argv, err);
}

static bool receive_camera(receive *w, size_t i, char *address, as_err *err)
{
    char program[AS_FS_PATH_BYTES], network[AS_FS_PATH_BYTES], scene[100], fps[16], replay[16], loss[16], far[32];
    const char *argv[] = {program, "twin", "serve",    "--gige", far,      "--scene", scene,
                          "--fps", fps,    "--replay", replay,   "--json", NULL};
    const char *bad[] = {network, address, far, "--loss", loss, NULL};
    snprintf(far, sizeof far, "127.0.%zu.%d", 60 + i, (int)(getpid() % 250 + 1));
    snprintf(address, 32, "127.0.%zu.%d", (w->loss > 0 ? 80 : 60) + i, (int)(getpid() % 250 + 1));
    snprintf(scene, sizeof scene, "cones?pixel=Mono8&width=%d&height=%d&seed=%zu", WIDTH, HEIGHT,
             i + 1); /* one camera's are not another's */
    snprintf(fps, sizeof fps, "%zu", RATE / w->n_cameras);
    snprintf(replay, sizeof replay, "%d", REPLAY);
    snprintf(loss, sizeof loss, "%g", w->loss);
    return receive_path(w, "assay", program, err) && receive_start(&w->cameras[i], argv, err) &&
           (w->loss <= 0 ||
            (receive_path(w, "tests/devices/gv_proxy", network, err) && receive_start(&w->networks[i], bad, err)));
}

static bool receive_ask(receive *w, int side, const char *word, size_t n, size_t least, double ret[SAYS], as_err *err)
{
    if (!bench_child_ask(&w->sides[side], err, "%s %zu", word, n))
        return false;
    char *at = w->sides[side].line.s;
    for (int i = 0; i < SAYS; i++)
        ret[i] = strtod(at, &at);
    return ret[1] >= (double)least ||
           AS_FAIL(err, AS_ETIMEOUT, "%.0f of %zu frames came whole within 50 s", ret[1], least);
}

static double receive_whole(const double seen[SAYS])
{
    return seen[1] / (seen[1] + seen[2]);
}

/* Checked once here, so that the shares of whole frames can be told, and all pictures are drawn before time counts. */
static bool receive_look(receive *w, as_err *err)
{
    for (int side = 0; side < BENCH_SIDES; side++)
        if (!receive_ask(w, side, "check", REPLAY, w->n_cameras, w->seen[side], err))
            return false;
    return true;
}

static bool receive_set_up(receive *w, const receive_setting *setting, bench_about *about, as_err *err)
{
    const char *const sides[] = {"ours", setting->packets ? "packets" : "sockets"};
    char              addresses[MOST][32], program[AS_FS_PATH_BYTES];
    receive_stop(w);
    w->n_cameras = setting->n_cameras;
    w->loss = setting->loss;
    for (size_t i = 0; i < w->n_cameras; i++)
        if (!receive_camera(w, i, addresses[i], err))
            return false;
    if (!receive_path(w, "bench/bench_receive", program, err))
        return false;
    for (size_t i = 0; i < w->n_cameras && setting->both; i++) {
        size_t used = strlen(addresses[i]);
        snprintf(addresses[i] + used, sizeof addresses[i] - used, "+%d", (int)w->cameras[i].pid);
    }
    for (size_t side = 0; side < BENCH_SIDES; side++) {
        const char *argv[MOST + 3] = {program, sides[side]};
        for (size_t i = 0; i < w->n_cameras; i++)
            argv[2 + i] = addresses[i];
        if (!receive_start(&w->sides[side], argv, err))
            return false;
    }
    snprintf(about->peer, sizeof about->peer, "%s", w->sides[BENCH_PEER].line.s);
    return receive_look(w, err);
}

/* The first is the figure. */
static const receive_setting receive_settings[] = {
    {"1 camera", 1, 0, false, false},
    {"1 camera, 0.5 % of the packets lost", 1, 0.005, false, false},
    {"4 cameras", 4, 0, false, false},
    {"4 cameras, 0.5 % of the packets lost", 4, 0.005, false, false},
    {"1 camera, the camera's time too", 1, 0, false, true},
    {"1 camera, Aravis by a packet socket", 1, 0, true, false},
    {"1 camera, Aravis by a packet socket, the camera's time too", 1, 0, true, true},
    {"4 cameras, 0.5 % lost, Aravis by packet sockets", 4, 0.005, true, false}};

static bool receive_may_packets(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool receive_open(void *priv, bench_about *about, as_err *err)
{
    receive *w = priv;
    ssize_t  n = readlink("/proc/self/exe", w->dir, sizeof w->dir - 8);
    if (n <= 0)
        return AS_FAIL(err, AS_EIO, "this program does not know where it lies");
    w->dir[n] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(w->dir, '/') = '\0';
    about->n_inputs = 1;
    about->tolerance = 0.5;
    about->calls = about->n_pairs < BENCH_MIN_PAIRS ? SHORT_FRAMES : BLOCK_FRAMES;
    about->all_processors = true;
    about->megabytes = WIDTH * HEIGHT * 1e-6;
    if (!bench_machine_unpin(err) || !receive_set_up(w, &receive_settings[0], about, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "processor time for a whole frame of %dx%d Mono8 (%.2f MB) from assay twin serve, %d frames/s in all, "
             "packets of "
             "9000 bytes; %.1f %% came whole, by Aravis %.1f %%",
             WIDTH, HEIGHT, WIDTH * HEIGHT * 1e-6, RATE, 100 * receive_whole(w->seen[BENCH_OURS]),
             100 * receive_whole(w->seen[BENCH_PEER]));
    return true;
}

/* Both see the same pictures, all there are, and none that was not sent. How many of them come whole is told; on a machine that is busy elsewhere fewer do,
 * now of the one and now of the other, and only a driver that loses half of what the other has is refused. */
static bool receive_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    receive      *w = priv;
    const double *ours = w->seen[BENCH_OURS], *peer = w->seen[BENCH_PEER];
    (void)input;
    (void)err;
    *ret_difference = AS_MAX(receive_whole(peer) - receive_whole(ours), 0.0);
    if (peer[4] > 0)
        fprintf(stderr, "bench: receive: %.0f pictures that Aravis called whole are not what was sent\n", peer[4]);
    if (ours[4] > 0 || ours[3] < peer[3] || ours[3] > peer[3])
        *ret_difference = 1.0;
    return true;
}

static bool receive_block(receive *w, int side, size_t n, double *ret_ns, as_err *err)
{
    double got[SAYS];
    if (!receive_ask(w, side, "take", n, n, got, err))
        return false;
    for (size_t i = 0; i < n; i++)
        ret_ns[i] = got[0] / got[1];
    return true;
}

static bool receive_ours(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    (void)first;
    return receive_block(priv, BENCH_OURS, n, ret_ns, err);
}

static bool receive_peer(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    (void)first;
    return receive_block(priv, BENCH_PEER, n, ret_ns, err);
}

/* A name outlives the workload that it is of. */
static bool receive_beside(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err)
{
    static char names[AS_COUNT(receive_settings)][200];
    if (++i >= AS_COUNT(receive_settings) || (receive_settings[i].packets && !receive_may_packets()))
        return true;
    receive *w = priv;
    if (!receive_set_up(w, &receive_settings[i], about, err))
        return false;
    snprintf(names[i], sizeof names[i], "%s: %.1f %% whole, by Aravis %.1f %%", receive_settings[i].name,
             100 * receive_whole(w->seen[BENCH_OURS]), 100 * receive_whole(w->seen[BENCH_PEER]));
    *ret_name = names[i];
    return true;
}

static void receive_close(void *priv)
{
    receive_stop(priv);
}

const bench_workload bench_receive = {
    .id = "receive",
    .summary = "frames of 1 to 4 emulated GigE Vision cameras, whole, against Aravis alone",
    .priv_size = sizeof(receive),
    .open = receive_open,
    .compare = receive_compare,
    .block = {[BENCH_OURS] = receive_ours, [BENCH_PEER] = receive_peer},
    .beside = receive_beside,
    .close = receive_close,
};
