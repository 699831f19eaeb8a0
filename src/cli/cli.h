/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_CLI_H
#define PORTD_CLI_CLI_H 1

/* ovs-portctl, inside
 * ===================
 *
 *     ovs-portctl.c   options
 *     help.c      what --help says of commands
 *     args.c      the command line, sorted for db-ctl-base
 *     chain.c     all commands of one command line: edit, wait, then look
 *     edit.c      one atomic edit of spec files; object-edit.c, nic-edit.c,
 *                 key.c and vlan.c say what becomes of a text, diff.c shows it
 *     target.c host-object.c   which text "VM/NIC" means, and where in
 *                 host.json a bridge is; keyed.c has the keys of all of them
 *     vlan-cmd.c flag-cmd.c nic-cmd.c host-cmd.c   commands that edit
 *     apply-cmd.c source.c apply.c   files from elsewhere, judged by what they
 *                 would do
 *     confirm.c   a change that is undone unless it is confirmed
 *     wait.c      until the daemon has made it true
 *     daemon.c    the daemon's control socket
 *     flows.c     what bridges are asked meanwhile
 *     world.c     specs and host as this process sees them by itself
 *     adopt-cmd.c   "adopt", which has the daemon do it; export-cmd.c
 *     import-cmd.c  "import"; domain.c reads libvirt's domains
 *     show.c status.c plan-cmd.c check.c list.c get.c guest-cmd.c
 *     explain-cmd.c   commands that only look; guest.c and explain.c are the
 *                 pure parts of the last two
 *     lint.c lint-*.c   the pure part of "check"
 *     graph.c     the pure part of "graph"
 *     objects.c bond-view.c   what "show" knows of an object, whoever says so
 *     output.c    tables
 *
 * It changes spec files and nothing else: rows and devices are the daemon's.
 * What it says of the host comes from the daemon or, without one, from the
 * same model and the same plan. */

#include <stdbool.h>
#include "db-ctl-base.h"
#include "src/cli/output.h"

/* Exit codes. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_REFUSED = 1,            /* Bad input; files unchanged. */
    CLI_FAILED = 2,             /* Files changed, an object ended badly. */
    CLI_TIMEOUT = 3,            /* Files changed, not there in time. */
    CLI_ABSENT = 4,             /* No daemon or no database. */
    CLI_CHANGES = 5             /* plan --exit-code: there are some. */
};

enum cli_wait {
    CLI_WAIT_NONE,
    CLI_WAIT_DB,
    CLI_WAIT_OVS,               /* The others include this one. */
    CLI_WAIT_GUEST,
    CLI_WAIT_OVN
};

/* The name of each, as --wait takes it. */
#define CLI_WAIT_NAMES "none", "db", "ovs", "guest", "ovn"

/* The spec directory of the daemon that we talk to. */
enum cli_daemon_dir {
    CLI_DIR_UNKNOWN,
    CLI_DIR_OURS,               /* Or it cannot tell. */
    CLI_DIR_OTHER
};

struct apply;
struct edit;
struct flows;
struct sset;

struct cli {
    /* Options. */
    char *spec_dir, *state_dir, *instance; /* src/host/site.h. */
    char *db;                   /* OVSDB remote. */
    char *target;               /* Daemon: socket, or name of its pidfile. */
    char *line;                 /* The command line, for the log. */
    unsigned int timeout;       /* Seconds; 0: none. */
    enum cli_wait wait;
    bool dry_run;
    struct table_style table;   /* -f and the like. */
    struct output_style style;
    bool progress;              /* On stderr. */

    long long int deadline;     /* LLONG_MAX for none. */
    enum cli_daemon_dir daemon_dir; /* See daemon_check_dir(). */

    struct edit *edit;          /* While this chain's edit is being made. */
    struct apply *apply;        /* What its "apply" asks for, or NULL. */
    bool failed;                /* Something before in the chain has. */
    enum cli_exit status;       /* Of the command that runs. */
    struct flows *flows;        /* From cli_wait_prepare() to the end of
                                 * cli_wait(); otherwise NULL. */
};

struct cli_context {
    struct ctl_context base;
    struct cli *cli;
};

static inline struct cli *
cli_of(struct ctl_context *ctx)
{
    return CONTAINER_OF(ctx, struct cli_context, base)->cli;
}

/* The ms that are left of the timeout: at least 'min', -1 for no limit. */
int cli_ms_left(const struct cli *, int min);

/* Fails the command with exit code 'status' and 'error' (freed). */
void cli_fail(struct ctl_context *, enum cli_exit status, char *error);
/* Prints "ovs-portctl: note: ..." to stderr. */
void cli_note(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);
/* Prints 'text', which may have several lines, to stderr. */
void cli_say(const char *text);

/* Has the daemon do 'command' and appends its answer to the command's output.
 * Returns false after failing the command if it refuses or is not there. */
bool cli_tell_daemon(struct ctl_context *, const char *command,
                     char *const argv[], int argc);

/* Appends 'table' to the command's output. */
void cli_print(struct ctl_context *, const struct output *table);

struct plan;
/* Appends 'plan' in the form that the user asked for: an array in JSON, a
 * table in all others. */
void cli_print_plan_table(struct ctl_context *, const struct plan *);

/* Does all of the chain; returns the exit code. */
int cli_run_commands(struct cli *, struct ctl_command *, size_t n);
extern const struct ctl_command_syntax cli_commands[];

/* Commands. */
void cmd_show(struct ctl_context *);
void cmd_status(struct ctl_context *);
void cmd_plan(struct ctl_context *);
void cmd_check(struct ctl_context *);
void cmd_graph(struct ctl_context *);
void cmd_sync(struct ctl_context *);
void cmd_gc_confirm(struct ctl_context *);
void cmd_vm_list(struct ctl_context *);
void cmd_nic_list(struct ctl_context *);
void cmd_nic_set_tag(struct ctl_context *);
void cmd_nic_set_trunks(struct ctl_context *);
void cmd_nic_clear_vlan(struct ctl_context *);
void cmd_retag_all(struct ctl_context *);
void cmd_quarantine(struct ctl_context *);
void cmd_release(struct ctl_context *);
void cmd_pause(struct ctl_context *);
void cmd_resume(struct ctl_context *);
void cmd_apply(struct ctl_context *);
void cmd_confirm(struct ctl_context *);
void cmd_rollback(struct ctl_context *);
void cmd_nic_set(struct ctl_context *);
void cmd_nic_clear(struct ctl_context *);
void cmd_nic_add(struct ctl_context *);
void cmd_nic_del(struct ctl_context *);
void cmd_nic_get(struct ctl_context *);
void cmd_vm_add(struct ctl_context *);
void cmd_vm_del(struct ctl_context *);
void cmd_vm_set(struct ctl_context *);
void cmd_vm_clear(struct ctl_context *);
void cmd_vm_get(struct ctl_context *);
void cmd_br_list(struct ctl_context *);
void cmd_br_add(struct ctl_context *);
void cmd_br_del(struct ctl_context *);
void cmd_br_set(struct ctl_context *);
void cmd_br_clear(struct ctl_context *);
void cmd_br_get(struct ctl_context *);
void cmd_port_add(struct ctl_context *);
void cmd_port_del(struct ctl_context *);
void cmd_port_set(struct ctl_context *);
void cmd_port_clear(struct ctl_context *);
void cmd_port_get(struct ctl_context *);
void cmd_port_list(struct ctl_context *);
void cmd_bond_add(struct ctl_context *);
void cmd_bond_del(struct ctl_context *);
void cmd_bond_set(struct ctl_context *);
void cmd_bond_clear(struct ctl_context *);
void cmd_bond_get(struct ctl_context *);
void cmd_bond_list(struct ctl_context *);
void cmd_link_add(struct ctl_context *);
void cmd_link_del(struct ctl_context *);
void cmd_link_set(struct ctl_context *);
void cmd_link_clear(struct ctl_context *);
void cmd_link_get(struct ctl_context *);
void cmd_link_list(struct ctl_context *);
void cmd_qemu_args(struct ctl_context *);
void cmd_libvirt_xml(struct ctl_context *);
void cmd_explain(struct ctl_context *);
void cmd_adopt(struct ctl_context *);
void cmd_import(struct ctl_context *);
void cmd_export(struct ctl_context *);

#endif /* src/cli/cli.h */
