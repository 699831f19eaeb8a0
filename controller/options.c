/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "openvswitch/vlog.h"
#include "src/host/site.h"
#include "stream-ssl.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(options);

enum {
    OPT_UNIXCTL = UCHAR_MAX + 1,
    OPT_ONCE,
    OPT_OBSERVE,
    OPT_BOOTSTRAP_CA_CERT,
    SITE_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
    VLOG_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: port controller for Open vSwitch\n"
           "usage: %s [OPTIONS] [DATABASE]\n"
           "where DATABASE is a socket on which ovsdb-server is listening\n"
           "      (default: \"unix:%s/db.sock\").\n",
           program_name, program_name, ovs_rundir());
    stream_usage("DATABASE", true, false, true);
    daemon_usage();
    vlog_usage();
    site_usage();
    printf("\nModes:\n"
           "  --once                  converge, report and exit (status 4\n"
           "                          without the lock)\n"
           "  --observe               only report what would be done\n"
           "\nOther options:\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n");
    exit(EXIT_SUCCESS);
}

static const struct option long_options[] = {
    SITE_LONG_OPTIONS,
    {"once", no_argument, NULL, OPT_ONCE},
    {"observe", no_argument, NULL, OPT_OBSERVE},
    {"unixctl", required_argument, NULL, OPT_UNIXCTL},
    DAEMON_LONG_OPTIONS,
    VLOG_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {NULL, 0, NULL, 0},
};

/* Pidfile, control socket and log of an instance are named after it, and the
 * options that open them may come first.  So this looks for the instance
 * beforehand, as getopt_long() will find it, abbreviated maybe. */
static void
name_program(int argc, char *argv[], const char *short_options)
{
    char *instance = NULL;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL))
           != -1) {
        if (c == OPT_INSTANCE) {
            site_set_instance(&instance, optarg);
        }
    }
    opterr = 1;
    optind = 0;                 /* glibc: from the beginning. */
    if (instance && strcmp(instance, "main")) {
        char *program = site_program_name(instance);
        ovs_set_program_name(program, PACKAGE_VERSION);
        free(program);
    }
    free(instance);
}

/* Ends the program if 'db' cannot be meant for a DATABASE: the IDL would try
 * it again and again. */
static void
check_database(const char *db)
{
    char *copy = xstrdup(db);
    char *save = NULL;

    for (char *remote = strtok_r(copy, ",", &save); remote;
         remote = strtok_r(NULL, ",", &save)) {
        if (stream_verify_name(remote) && pstream_verify_name(remote)
            && strncmp(remote, "cid:", 4)) {
            ovs_fatal(0, "%s: this is no OVSDB remote; give one like "
                      "unix:/run/openvswitch/db.sock", remote);
        }
    }
    free(copy);
}

/* Handles one of ovs-portd's own options. */
static void
handle_option(struct options *o, int c)
{
    switch (c) {
    SITE_OPTION_HANDLERS(o)

    case OPT_ONCE:
        o->once = true;
        break;
    case OPT_OBSERVE:
        o->observe = true;
        break;
    case OPT_UNIXCTL:
        o->unixctl_path = optarg;
        break;
    case 'h':
        usage();
    case '?':
        exit(EXIT_FAILURE);
    default:
        abort();
    }
}

void
options_parse(int argc, char *argv[], struct options *o)
{
    char *short_options
        = ovs_cmdl_long_options_to_short_options(long_options);

    memset(o, 0, sizeof *o);
    SITE_INIT(o);
    name_program(argc, argv, short_options);
    for (;;) {
        int c = getopt_long(argc, argv, short_options, long_options, NULL);
        if (c == -1) {
            break;
        }
        switch (c) {
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
        STREAM_SSL_OPTION_HANDLERS

        case OPT_BOOTSTRAP_CA_CERT:
            stream_ssl_set_ca_cert_file(optarg, true);
            break;
        default:
            handle_option(o, c);
        }
    }
    free(short_options);

    if (argc - optind > 1) {
        ovs_fatal(0, "at most one DATABASE can be given; "
                  "use --help for usage");
    }
    o->db = (optind < argc ? xstrdup(argv[optind])
             : xasprintf("unix:%s/db.sock", ovs_rundir()));
    check_database(o->db);
}

void
options_destroy(struct options *o)
{
    free(o->db);
    free(o->spec_dir);
    free(o->state_dir);
    free(o->instance);
}
