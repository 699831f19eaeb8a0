/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dirs.h"
#include "fatal-signal.h"
#include "openvswitch/vlog.h"
#include "process.h"
#include "src/cli/args.h"
#include "src/cli/cli.h"
#include "src/cli/help.h"
#include "src/host/site.h"
#include "src/spec/spec.h"
#include "timeval.h"
#include "util.h"

#define DEFAULT_TIMEOUT 30

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_WAIT,
    OPT_DRY_RUN,
    OPT_COLUMNS,
    OPT_COMMANDS,
    OPT_OPTIONS,
    OPT_KEYS,
    OPT_LOCAL,
    SITE_OPTION_ENUMS,
    TABLE_OPTION_ENUMS,
    VLOG_OPTION_ENUMS
};

static const struct option global_options[] = {
    SITE_LONG_OPTIONS,
    { "db", required_argument, NULL, OPT_DB },
    { "unixctl", required_argument, NULL, 'u' },
    { "timeout", required_argument, NULL, 't' },
    { "wait", required_argument, NULL, OPT_WAIT },
    { "dry-run", no_argument, NULL, OPT_DRY_RUN },
    { "columns", required_argument, NULL, OPT_COLUMNS },
    { "commands", no_argument, NULL, OPT_COMMANDS },
    { "options", no_argument, NULL, OPT_OPTIONS },
    { "keys", required_argument, NULL, OPT_KEYS },
    TABLE_LONG_OPTIONS,
    VLOG_LONG_OPTIONS,
};

OVS_NO_RETURN static void
usage(void)
{
    struct ds commands = DS_EMPTY_INITIALIZER;
    struct ds local = DS_EMPTY_INITIALIZER;

    help_commands(&commands);
    help_local_options(&local);
    printf("\
%s: edit the specs of ovs-portd, wait for the result, explain it\n\
usage: %s [OPTIONS] COMMAND [ARG...] [-- COMMAND [ARG...]]...\n%s\n\
Options of commands:\n%s",
           program_name, program_name, ds_cstr(&commands), ds_cstr(&local));
    ds_destroy(&commands);
    ds_destroy(&local);
    printf("\
\n\
Options:\n\
  --db=DATABASE               OVSDB remote (default: unix:%s/db.sock)\n\
  -u, --unixctl=SOCKET        control socket of the daemon\n\
  -t, --timeout=SECS          give up waiting after SECS (default: %d;\n\
                              0: never)\n\
  --wait=none|db|ovs|guest|ovn\n\
                              wait until written, committed, applied\n\
                              (default), the VM has all queues, or\n\
                              ovn-controller has installed its flows\n\
  --dry-run                   show what would change in the files\n\
  -f, --format=FORMAT         table, list, json, csv or html\n\
  --no-headings               tables without headings\n\
  --columns=COLUMN[,COLUMN]   only these columns\n\
  -h, --help                  this text\n\
  -V, --version               the version\n",
           ovs_rundir(), DEFAULT_TIMEOUT);
    site_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

static enum cli_wait
parse_wait(const char *level)
{
    static const char *const levels[] = { CLI_WAIT_NAMES };

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        if (!strcmp(level, levels[i])) {
            return i;
        }
    }
    ctl_fatal("--wait=%s: there is no such level; there are none, db, ovs, "
              "guest and ovn", level);
}

static unsigned int
parse_timeout(const char *arg)
{
    unsigned int secs;

    if (!str_to_uint(arg, 10, &secs) || secs > INT_MAX / 2000) {
        ctl_fatal("--timeout=%s: not a number of seconds in 0..%d", arg,
                  INT_MAX / 2000);
    }
    return secs;
}

/* For completion. */
OVS_NO_RETURN static void
print_keys(const char *kind)
{
    struct svec keys = SVEC_EMPTY_INITIALIZER;

    if (!spec_keys(kind, &keys)) {
        ctl_fatal("--keys=%s: there are no such objects", kind);
    }
    for (size_t i = 0; i < keys.n; i++) {
        puts(keys.names[i]);
    }
    svec_destroy(&keys);
    exit(EXIT_SUCCESS);
}

static void
set(char **option, const char *value)
{
    free(*option);
    *option = xstrdup(value);
}

static void
parse_option(struct cli *cli, int c, const struct option *options)
{
    switch (c) {
    SITE_OPTION_HANDLERS(cli)

    case OPT_DB:
        set(&cli->db, optarg);
        break;

    case 'u':
        set(&cli->target, optarg);
        break;

    case 't':
        cli->timeout = parse_timeout(optarg);
        break;

    case OPT_WAIT:
        cli->wait = parse_wait(optarg);
        break;

    case OPT_DRY_RUN:
        cli->dry_run = true;
        break;

    case OPT_COLUMNS:
        cli->style.columns = optarg;
        break;

    case OPT_COMMANDS:
        ctl_print_commands();
        break;

    case OPT_OPTIONS:
        ctl_print_options(options);
        break;

    case OPT_KEYS:
        print_keys(optarg);

    case 'h':
        usage();

    TABLE_OPTION_HANDLERS(&cli->table)
    VLOG_OPTION_HANDLERS

    default:
        /* getopt_long() has said why. */
        exit(EXIT_FAILURE);
    }
}

static bool
is_table_option(int c)
{
    return c == 'f' || c == 'd' || c == OPT_BARE || c == OPT_MAX_COLUMN_WIDTH;
}

static void
add_local_option(const char *name, struct shash *local)
{
    char *key = xasprintf("--%s", name);

    if (shash_find(local, key)) {
        ctl_fatal("'%s' option specified multiple times", key);
    }
    shash_add_nocopy(local, key, nullable_xstrdup(optarg));
}

/* Takes the options out of 'args', which getopt_long() reorders; returns the
 * index of the first argument that is none. */
static int
parse_options(struct cli *cli, const struct svec *args, struct shash *local)
{
    size_t n = ARRAY_SIZE(global_options), allocated = n;
    struct option *options = xmemdup(global_options, sizeof global_options);

    ctl_add_cmd_options(&options, &n, &allocated, OPT_LOCAL);
    for (;;) {
        int index = -1;
        int c = getopt_long(args->n, args->names, "u:t:f:d:hVv::", options,
                            &index);
        if (c == -1) {
            break;
        } else if (c == OPT_LOCAL) {
            add_local_option(options[index].name, local);
        } else {
            parse_option(cli, c, options);
            if (is_table_option(c)) {
                cli->style.table = &cli->table;
            }
        }
    }
    for (size_t i = ARRAY_SIZE(global_options); options[i].name; i++) {
        free(CONST_CAST(char *, options[i].name));
    }
    free(options);
    return optind;
}

static void
finish_options(struct cli *cli)
{
    const char *no_color = getenv("NO_COLOR");
    bool plain = no_color && *no_color;

    if (!cli->db) {
        cli->db = xasprintf("unix:%s/db.sock", ovs_rundir());
    }
    if (!cli->target) {
        cli->target = site_program_name(cli->instance);
    } else if (strchr(cli->target, '/')) {
        char *path = abs_file_name(NULL, cli->target);
        set(&cli->target, path);
        free(path);
    }
    cli->style.headings = cli->table.headings;
    cli->style.color = !plain && isatty(STDOUT_FILENO);
    cli->progress = (!plain && isatty(STDOUT_FILENO)
                     && isatty(STDERR_FILENO));
    cli->deadline = (cli->timeout ? time_msec() + cli->timeout * 1000LL
                     : LLONG_MAX);
}

static int
run(struct cli *cli, int argc, char *argv[])
{
    struct svec first = SVEC_EMPTY_INITIALIZER;
    struct svec words = SVEC_EMPTY_INITIALIZER;
    struct svec rest = SVEC_EMPTY_INITIALIZER;
    struct shash local = SHASH_INITIALIZER(&local);
    struct ctl_command *commands;
    size_t n_commands;

    args_split(argc, argv, &first, &rest);
    for (int i = parse_options(cli, &first, &local); i < first.n; i++) {
        svec_add(&words, first.names[i]);
    }
    for (size_t i = !words.n; i < rest.n; i++) {
        svec_add(&words, rest.names[i]);
    }
    svec_terminate(&words);
    finish_options(cli);

    char *error = ctl_parse_commands(words.n, words.names, &local, &commands,
                                     &n_commands);
    if (error) {
        ctl_fatal("%s", error);
    }
    int status = cli_run_commands(cli, commands, n_commands);

    free(commands);
    svec_destroy(&first);
    svec_destroy(&words);
    svec_destroy(&rest);
    shash_destroy_free_data(&local);
    return status;
}

static void
cli_destroy(struct cli *cli)
{
    free(cli->spec_dir);
    free(cli->state_dir);
    free(cli->instance);
    free(cli->db);
    free(cli->target);
    free(cli->line);
}

int
main(int argc, char *argv[])
{
    struct cli cli = {
        .timeout = DEFAULT_TIMEOUT,
        .wait = CLI_WAIT_OVS,
        .table = { TF_TABLE, CF_STRING, true, JSSF_SORT, 0 },
    };

    SITE_INIT(&cli);
    ovs_set_program_name(argv[0], PACKAGE_VERSION);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    /* What these would say, we say ourselves. */
    vlog_set_levels_from_string_assert("reconnect:console:off");
    vlog_set_levels_from_string_assert("daemon_unix:console:off");
    vlog_set_levels_from_string_assert("store_scan:console:off");
    ctl_register_commands(cli_commands);
    cli.line = process_escape_args(argv);

    int status = run(&cli, argc, argv);

    cli_destroy(&cli);
    return status;
}
