/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/isa.h"
#include "base/log.h"
#include "build_config.h"
#include "cli/args.h"
#include "cli/term.h"

static const char           *program_name = "assay";
static const as_verb *const *program_verbs;

atomic_bool as_program_stop;

const char *as_program_name(void)
{
    return program_name;
}

const as_verb *as_verb_at(size_t i)
{
    for (size_t k = 0; program_verbs[k]; k++)
        if (k == i)
            return program_verbs[k];
    return NULL;
}

const as_verb *as_verb_find(const char *name)
{
    for (size_t i = 0; program_verbs[i]; i++)
        if (strcmp(program_verbs[i]->name, name) == 0)
            return program_verbs[i];
    return NULL;
}

static void program_on_signal(int number)
{
    if (atomic_exchange(&as_program_stop, true)) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void program_catch_signals(void)
{
    struct sigaction action = {.sa_handler = program_on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void program_log(void *ctx, as_log_level level, const char *line)
{
    if (level <= AS_LOG_WARN)
        as_term_log(ctx, "%s: %s", level == AS_LOG_ERROR ? "error" : "warning", line);
}

bool as_cli_print_failed_json(as_cli *cli, json_t *value, const as_err *why)
{
    json_t *error = json_pack("{s:s, s:s, s:i}", "code", as_err_name(why->code), "text", why->text, "exit",
                              as_err_exit_status(why->code));
    bool    ok = as_json_set(value, "error", error) && as_cli_print_json(cli, json_incref(value), NULL);
    json_decref(value);
    cli->error_told = ok;
    return ok;
}

static int program_fail(as_cli *cli, const as_err *err)
{
    int status = as_err_exit_status(err->code);
    if (cli->json && !cli->error_told)
        (void)!as_cli_print_failed_json(cli, json_object(), err);
    as_term_progress_end(cli);
    fflush(cli->out); /* what was said before the failure comes before it, where both go to one pipe */
    fprintf(stderr, "%s%s%s: %s\n", program_name, cli->verb ? " " : "", cli->verb ? cli->verb->name : "", err->text);
    return status;
}

/* Output that did not reach its reader (a full disk behind '>') is a failure, not a success. A reader that has seen enough
 * (| head) is not. */
static int program_flush(as_cli *cli, int status)
{
    if (fflush(cli->out) == 0 && !ferror(cli->out))
        return status;
    if (as_term_out_is_gone(cli))
        return status;
    fprintf(stderr, "%s: cannot write the output\n", program_name);
    return status ? status : 3;
}

static bool program_color(const as_cli *cli)
{
    const char *when = as_cli_opt(cli, "color");
    if (when && strcmp(when, "always") == 0)
        return true;
    if (when && strcmp(when, "never") == 0)
        return false;
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static bool program_instructions(as_err *err)
{
    bool lacks;
    if (!as_isa_check(&lacks, err))
        return false;
    if (lacks)
        as_log_write(AS_LOG_WARN, "ASSAY_ISA asks for %s, which this processor lacks: what is used ends with %s",
                     as_isa_name(as_isa_limit()), as_isa_name(as_isa_top()));
    return true;
}

#define PROGRAM_SPINS "1000" /* some 20 us */

/* Threads of a network wait for each other at the end of every layer, by spinning: by libgomp's habit for milliseconds, which
 * beside a busy neighbour are those that the one waited for does not get; a network took 50 times as long. Some ten
 * microseconds are enough where the machine is quiet. It is told by the environment when it is loaded, so the program begins
 * once more. Whoever has set either variable is asked for it. */
static void program_spin_briefly(const as_cli *cli, char **argv)
{
    const char *threads = as_cli_opt(cli, "threads"), *slash;
    char        self[AS_FS_PATH_BYTES];
    if (!threads || strcmp(threads, "1") == 0 || getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY"))
        return;
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[AS_MAX(n, 0)] = '\0';
    /* Not where another program runs this one, as a loader or a test does. */
    if (!(slash = strrchr(self, '/')) || strcmp(slash + 1, program_name) != 0)
        return;
    if (setenv("GOMP_SPINCOUNT", PROGRAM_SPINS, 1) == 0)
        execv(self, argv); /* where it cannot it goes on as it is */
}

static int program_run(as_cli *cli, as_err *err)
{
    const as_verb *help = as_verb_find("help");
    if (!cli->verb || cli->args->help)
        return help->run(cli, err);
    if (!program_instructions(err))
        return AS_VERB_FAILED;
    return cli->verb->run(cli, err);
}

int as_program_main(const char *name, const as_verb *const *verbs, int argc, char **argv)
{
    program_name = name;
    program_verbs = verbs;
    as_args args = {0};
    as_err  err = AS_ERR_NONE;
    as_cli  cli = {.dir = ".", .out = stdout, .args = &args};
    program_catch_signals();
    bool parsed = as_args_parse(&args, argc, argv, &err);
    if (parsed)
        program_spin_briefly(&cli, argv);
    cli.verb = args.verb;
    cli.json = as_cli_flag(&cli, "json");
    cli.quiet = as_cli_flag(&cli, "quiet");
    cli.tty = isatty(STDERR_FILENO);
    cli.color = program_color(&cli);
    cli.progress = (as_progress){as_term_progress, &cli, &as_program_stop};
    if (as_cli_opt(&cli, "directory"))
        cli.dir = as_cli_opt(&cli, "directory");
    as_log_set_sink(program_log, &cli);

    int status = 0;
    if (!parsed) {
        status = program_fail(&cli, &err);
    } else if (args.version) {
        printf("%s %s (%s)\n", name, AS_VERSION, as_build_id);
    } else {
        status = program_run(&cli, &err);
        as_term_progress_end(&cli);
        if (status == AS_VERB_FAILED)
            status = program_fail(&cli, &err);
    }
    status = program_flush(&cli, status);
    as_args_done(&args);
    return status;
}

bool as_cli_print_json(as_cli *cli, json_t *value, as_err *err)
{
    char *text = value ? (cli->color ? as_json_pretty(value) : as_json_text(value)) : NULL;
    json_decref(value);
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    fprintf(cli->out, "%s\n", text);
    free(text);
    return true;
}
