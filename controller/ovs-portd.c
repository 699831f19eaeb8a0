/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* ovs-portd: the port controller of one Open vSwitch host. Set-up, then
 * run, wait, block. */

#include <signal.h>
#include <stdlib.h>

#include "controller/commands.h"
#include "controller/notify.h"
#include "controller/once.h"
#include "controller/options.h"
#include "controller/privileges.h"
#include "controller/reconcile.h"
#include "controller/waiters.h"
#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "latch.h"
#include "memory.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "src/store/pending.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(portd);

/* Set by SIGTERM and SIGINT: the daemon ends in order and leaves every port
 * in place. */
static struct latch exit_latch;

static void
handle_exit_signal(int signal_number OVS_UNUSED)
{
    latch_set(&exit_latch);
}

/* To be called before anything calls fatal_signal_init(), which leaves alone
 * the signals that have a handler. */
static void
catch_exit_signals(void)
{
    latch_init(&exit_latch);
    signal(SIGTERM, handle_exit_signal);
    signal(SIGINT, handle_exit_signal);
}

/* Runs until told to exit, or with --once until the end.  Returns the exit
 * status. */
static int
run(struct reconcile *reconcile, struct commands *commands,
    struct unixctl_server *server, bool once)
{
    long long int start = time_msec();
    bool ready = false;
    int status = EXIT_SUCCESS;

    while (!commands->exit && !latch_is_set(&exit_latch)) {
        reconcile_run(reconcile);
        waiters_run(commands->waiters, reconcile);
        unixctl_server_run(server);
        if (once && once_is_over(reconcile, start, time_msec(), &status)) {
            once_report(reconcile);
            return status;
        }
        if (!ready && once_is_ready(reconcile, time_msec())) {
            notify("READY=1");
            ready = true;
        }

        reconcile_wait(reconcile);
        waiters_wait(commands->waiters);
        unixctl_server_wait(server);
        latch_wait(&exit_latch);
        poll_block();
    }
    return status;
}

int
main(int argc, char *argv[])
{
    struct unixctl_server *server;
    struct reconcile *reconcile;
    struct options options;

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name(argv[0], PACKAGE_VERSION);
    catch_exit_signals();
    options_parse(argc, argv, &options);
    fatal_ignore_sigpipe();

    /* CAP_NET_ADMIN is kept when --user gives up root. */
    daemonize_start(true);
    privileges_reduce();
    int error = unixctl_server_create(options.unixctl_path, &server);
    if (error) {
        exit(EXIT_FAILURE);
    }
    const struct pending_place place = {
        .state_dir = options.state_dir,
        .instance = options.instance,
        .spec_dir = options.spec_dir,
    };
    char *message = reconcile_create(&place, options.db, !options.observe,
                                     &reconcile);
    if (message) {
        VLOG_FATAL("%s", message);
    }
    struct commands commands = {
        .reconcile = reconcile,
        .waiters = waiters_create(),
    };
    commands_register(&commands);
    daemonize_complete();
    VLOG_INFO("instance %s: specs in %s, database %s", options.instance,
              options.spec_dir, options.db);

    int status = run(reconcile, &commands, server, options.once);

    notify("STOPPING=1");
    waiters_destroy(commands.waiters);
    reconcile_destroy(reconcile);
    unixctl_server_destroy(server);
    latch_destroy(&exit_latch);
    options_destroy(&options);
    return status;
}
