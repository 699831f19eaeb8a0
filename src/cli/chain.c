/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/vlog.h"
#include "src/cli/apply.h"
#include "src/cli/confirm.h"
#include "src/cli/daemon.h"
#include "src/cli/edit.h"
#include "src/cli/flows.h"
#include "src/cli/wait.h"
#include "src/host/safe-text.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(portctl);

/* A command that talks to the daemon gets at least so much time, in ms, also
 * where a wait before it has used up everything. */
#define MIN_TIME 1000

int
cli_ms_left(const struct cli *cli, int min)
{
    long long int left;

    if (cli->deadline == LLONG_MAX) {
        return -1;
    }
    left = cli->deadline - time_msec();
    return MIN(MAX(left, min), INT_MAX / 2);
}

void
cli_fail(struct ctl_context *ctx, enum cli_exit status, char *error)
{
    cli_of(ctx)->status = status;
    ctl_error(ctx, "%s", error);
    free(error);
}

void
cli_note(const char *format, ...)
{
    va_list args;
    char *text, *safe;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    safe = safe_text(text, true);
    fflush(stdout);
    fprintf(stderr, "%s: note: %s\n", program_name, safe);
    free(safe);
    free(text);
}

void
cli_say(const char *text)
{
    size_t len = strlen(text);

    if (len) {
        char *safe = safe_text(text, true);

        fflush(stdout);
        fprintf(stderr, "%s%s", safe, text[len - 1] == '\n' ? "" : "\n");
        free(safe);
    }
}

/* An error that ends a command. */
static void
complain(const char *error)
{
    char *safe = safe_text(error, true);

    ovs_error(0, "%s", safe);
    free(safe);
}

void
cli_print(struct ctl_context *ctx, const struct output *table)
{
    char *error = output_format(table, &cli_of(ctx)->style, &ctx->output);

    if (error) {
        cli_fail(ctx, CLI_REFUSED, error);
    }
}

/* Runs one command and prints what it has to say; returns its exit code. */
static enum cli_exit
run_command(struct cli *cli, struct ctl_command *c)
{
    struct cli_context ctx = { .cli = cli };

    cli->status = CLI_DONE;
    ctl_context_init(&ctx.base, c, NULL, NULL, NULL, NULL);
    c->syntax->run(&ctx.base);
    fputs(ds_cstr(&ctx.base.output), stdout);
    fflush(stdout);
    if (ctx.base.error) {
        complain(ctx.base.error);
        if (cli->status == CLI_DONE) {
            cli->status = CLI_REFUSED;
        }
    }
    ctl_context_done(&ctx.base, c);
    return cli->status;
}

static bool
is_edit(const struct ctl_command *c)
{
    /* What goes to a file of its own leaves the specs alone. */
    return (c->syntax->mode == RW
            && !shash_find(&c->options, "--output"));
}

/* Runs the commands that look, from 'c' on, up to 'end'. */
static enum cli_exit
look(struct cli *cli, struct ctl_command *c, struct ctl_command *end,
     enum cli_exit status)
{
    for (; c < end; c++) {
        if (!is_edit(c)) {
            cli->failed = status != CLI_DONE && status != CLI_CHANGES;
            enum cli_exit code = run_command(cli, c);
            status = status ? status : code;
        }
    }
    return status;
}

/* Carries all edits into the texts.  All of them are tried, so that all that
 * is wrong is said at once. */
static enum cli_exit
prepare(struct cli *cli, struct ctl_command *c, struct ctl_command *end)
{
    enum cli_exit status = CLI_DONE;
    char *errors;

    for (; c < end; c++) {
        if (is_edit(c)) {
            enum cli_exit code = run_command(cli, c);
            status = status ? status : code;
        }
    }
    errors = edit_check(cli->edit);
    if (errors) {
        cli_say(errors);
        free(errors);
        status = CLI_REFUSED;
    }
    if (status) {
        ovs_error(0, "refused; no file was changed");
    }
    return status;
}

static void
print_diff(const struct cli *cli)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    edit_diff(cli->edit, &ds);
    fputs(ds.length ? ds_cstr(&ds) : "No changes.\n", stdout);
    fflush(stdout);
    ds_destroy(&ds);
}

/* Who quarantines a NIC wants it to be cut off, and what is paused goes on. */
static enum cli_exit
report_paused(const struct svec *ids)
{
    for (size_t i = 0; i < ids->n; i++) {
        ovs_error(0, "%s: is paused, so it is not cut off; \"ovs-portctl "
                  "resume %s\" puts its quarantine in force", ids->names[i],
                  ids->names[i]);
    }
    return ids->n ? CLI_FAILED : CLI_DONE;
}

static enum cli_exit
commit_and_wait(struct cli *cli)
{
    struct svec paused = SVEC_EMPTY_INITIALIZER;
    struct svec targets = SVEC_EMPTY_INITIALIZER;
    struct svec removed = SVEC_EMPTY_INITIALIZER;
    struct sset bridges = SSET_INITIALIZER(&bridges);
    enum cli_exit status = CLI_REFUSED;
    bool changed;

    edit_paused(cli->edit, &paused);
    edit_vlan_bridges(cli->edit, &bridges);
    cli_wait_prepare(cli, &bridges, edit_is_about_vlans(cli->edit));
    char *error = edit_commit(cli->edit, &changed);

    if (error) {
        complain(error);
        free(error);
    } else {
        VLOG_INFO("Called as %s%s", cli->line,
                  changed ? "" : " (nothing to change)");
        edit_targets(cli->edit, &targets);
        edit_removed(cli->edit, &removed);
        status = cli_wait(cli, &targets, &removed,
                          edit_is_about_vlans(cli->edit), true, changed);
        enum cli_exit code = report_paused(&paused);
        status = status ? status : code;
        if (cli->apply && cli->apply->confirm && changed) {
            confirm_note(cli);
        } else if (cli->apply && cli->apply->confirm) {
            cli_note("nothing to change, so nothing to confirm");
        }
    }
    flows_close(cli->flows);
    cli->flows = NULL;
    sset_destroy(&bridges);
    svec_destroy(&removed);
    svec_destroy(&targets);
    svec_destroy(&paused);
    return status;
}

/* Before any file is changed: an edit that is waited for is for the daemon
 * that is asked, or for none that runs.  One that hangs does not keep it from
 * being made. */
static enum cli_exit
check_daemon(struct cli *cli)
{
    char *text = cli->dry_run ? NULL : daemon_check_dir(cli);
    enum cli_exit status = CLI_DONE;

    if (text && cli->wait != CLI_WAIT_NONE) {
        ovs_error(0, "refused; no file was changed: %s; --wait=none changes "
                  "files that no daemon is to be waited for", text);
        status = CLI_REFUSED;
    } else if (text) {
        cli_note("%s", text);
    }
    free(text);
    return status;
}

/* Edits, and waits.  '*go_on' says if the rest of the chain makes sense. */
static enum cli_exit
edit(struct cli *cli, struct ctl_command *c, struct ctl_command *end,
     bool *go_on)
{
    enum cli_exit status = check_daemon(cli);
    char *error;

    *go_on = false;
    if (status) {
        return status;
    }
    error = edit_begin(cli, &cli->edit);
    if (error) {
        complain(error);
        free(error);
        return CLI_REFUSED;
    }
    status = prepare(cli, c, end);
    if (!status && cli->dry_run) {
        print_diff(cli);
    }
    if (!status) {
        status = apply_judge(cli);
    }
    if (!status && !cli->dry_run) {
        status = commit_and_wait(cli);
        *go_on = status != CLI_REFUSED;
    }
    edit_end(cli->edit);
    cli->edit = NULL;
    apply_destroy(cli->apply);
    cli->apply = NULL;
    return status;
}

int
cli_run_commands(struct cli *cli, struct ctl_command *commands, size_t n)
{
    struct ctl_command *end = &commands[n];
    struct ctl_command *first = commands;
    bool go_on = true;

    for (struct ctl_command *c = commands; c < end; c++) {
        ds_init(&c->output);
        c->table = NULL;
    }
    while (first < end && !is_edit(first)) {
        first++;
    }

    /* What comes before the first edit sees the world as it was. */
    enum cli_exit status = look(cli, commands, first, CLI_DONE);
    if (first < end && status != CLI_DONE && status != CLI_CHANGES) {
        ovs_error(0, "no file was changed");
    } else if (first < end) {
        enum cli_exit code = edit(cli, first, end, &go_on);
        status = code ? code : status;
        if (go_on) {
            status = look(cli, first, end, status);
        }
    }
    for (struct ctl_command *c = commands; c < end; c++) {
        ds_destroy(&c->output);
        shash_destroy_free_data(&c->options);
    }
    return status;
}

bool
cli_tell_daemon(struct ctl_context *ctx, const char *command,
                char *const argv[], int argc)
{
    struct cli *cli = cli_of(ctx);
    char *text = daemon_check_dir(cli);

    if (text) {
        cli_fail(ctx, CLI_REFUSED, text);
        return false;
    }
    switch (daemon_call(cli, command, argv, argc, cli_ms_left(cli, MIN_TIME),
                        &text)) {
    case DAEMON_OK:
        output_put_safe(&ctx->output, text);
        ds_put_cstr(&ctx->output, *text ? "\n" : "");
        free(text);
        return true;

    case DAEMON_REFUSED:
        cli_fail(ctx, CLI_REFUSED, text);
        return false;

    case DAEMON_SILENT:
        cli_fail(ctx, CLI_ABSENT, xasprintf(
            "%s; it may still do what was asked as soon as it goes on: "
            "\"ovs-portctl show\" tells then", text));
        free(text);
        return false;

    case DAEMON_ABSENT:
    default:
        cli_fail(ctx, CLI_ABSENT, text);
        return false;
    }
}

void
cmd_gc_confirm(struct ctl_context *ctx)
{
    if (cli_of(ctx)->dry_run) {
        ds_put_format(&ctx->output, "would let go: %s\n",
                      ctx->argc > 1 ? ctx->argv[1] : "all that is held");
    } else {
        cli_tell_daemon(ctx, "gc-confirm", &ctx->argv[1], ctx->argc - 1);
    }
}

const struct ctl_command_syntax cli_commands[] = {
    { "show", 0, 1, "[VM[/NIC]]", NULL, cmd_show, NULL, "", RO },
    { "explain", 1, 1, "VM/NIC", NULL, cmd_explain, NULL, "", RO },
    { "status", 0, 0, "", NULL, cmd_status, NULL, "", RO },
    { "plan", 0, 0, "", NULL, cmd_plan, NULL, "--exit-code", RO },
    { "check", 0, 1, "[FILE|DIR]", NULL, cmd_check, NULL,
      "--strict,--github", RO },
    { "graph", 0, 0, "", NULL, cmd_graph, NULL, "--svg", RO },
    { "sync", 0, INT_MAX, "[VM]...", NULL, cmd_sync, NULL, "", RO },
    { "adopt", 0, INT_MAX, "[OBJECT]...", NULL, cmd_adopt, NULL,
      "--all,--allow=,--yes", RO },
    { "import", 1, INT_MAX, "FILE...", NULL, cmd_import, NULL,
      "--libvirt,--vm=,--output=", RW },
    { "export", 0, 1, "[DIR]", NULL, cmd_export, NULL, "--ours", RO },
    { "gc-confirm", 0, 1, "[OBJECT]", NULL, cmd_gc_confirm, NULL, "", RO },
    { "br-list", 0, 0, "", NULL, cmd_br_list, NULL, "", RO },
    { "br-get", 1, 2, "BRIDGE [KEY]", NULL, cmd_br_get, NULL,
      "--if-exists", RO },
    { "port-list", 0, 1, "[BRIDGE]", NULL, cmd_port_list, NULL, "", RO },
    { "port-get", 1, 2, "[BRIDGE/]PORT [KEY]", NULL, cmd_port_get, NULL,
      "--if-exists", RO },
    { "bond-list", 0, 0, "", NULL, cmd_bond_list, NULL, "", RO },
    { "bond-get", 1, 2, "BOND [KEY]", NULL, cmd_bond_get, NULL,
      "--if-exists", RO },
    { "link-list", 0, 0, "", NULL, cmd_link_list, NULL, "", RO },
    { "link-get", 1, 2, "LINK [PORT[:KEY]]", NULL, cmd_link_get, NULL,
      "--if-exists", RO },
    { "vm-list", 0, 0, "", NULL, cmd_vm_list, NULL, "", RO },
    { "vm-get", 1, 2, "VM [KEY]", NULL, cmd_vm_get, NULL, "--if-exists",
      RO },
    { "nic-list", 0, 1, "[VM]", NULL, cmd_nic_list, NULL, "", RO },
    { "nic-get", 1, 2, "VM/NIC [KEY]", NULL, cmd_nic_get, NULL,
      "--if-exists", RO },
    { "qemu-args", 1, 1, "VM", NULL, cmd_qemu_args, NULL,
      "--vhost=,--live", RO },
    { "libvirt-xml", 1, 1, "VM[/NIC]", NULL, cmd_libvirt_xml, NULL,
      "--vhost=,--live", RO },
    { "confirm", 0, 0, "", NULL, cmd_confirm, NULL, "", RO },
    { "rollback", 0, 0, "", NULL, cmd_rollback, NULL, "--force", RO },
    { "apply", 1, INT_MAX, "DIR|FILE...", NULL, cmd_apply, NULL,
      "--confirm=,--prune,--allow=", RW },
    { "vm-add", 1, 2, "VM [uuid=UUID]", NULL, cmd_vm_add, NULL,
      "--may-exist", RW },
    { "vm-del", 1, 1, "VM", NULL, cmd_vm_del, NULL, "--if-exists", RW },
    { "vm-set", 2, INT_MAX, "VM KEY=VALUE...", NULL, cmd_vm_set, NULL, "",
      RW },
    { "vm-clear", 2, INT_MAX, "VM KEY...", NULL, cmd_vm_clear, NULL,
      "--if-exists", RW },
    { "nic-add", 1, INT_MAX, "VM/NIC mac=MAC [KEY=VALUE]...", NULL,
      cmd_nic_add, NULL, "--may-exist", RW },
    { "nic-del", 1, 1, "VM/NIC", NULL, cmd_nic_del, NULL, "--if-exists",
      RW },
    { "nic-set", 2, INT_MAX, "VM/NIC KEY=VALUE...", NULL, cmd_nic_set, NULL,
      "", RW },
    { "nic-clear", 2, INT_MAX, "VM/NIC KEY...", NULL, cmd_nic_clear, NULL,
      "--if-exists", RW },
    { "br-add", 1, INT_MAX, "BRIDGE [KEY=VALUE]...", NULL, cmd_br_add, NULL,
      "--may-exist", RW },
    { "br-del", 1, 1, "BRIDGE", NULL, cmd_br_del, NULL, "--if-exists", RW },
    { "br-set", 2, INT_MAX, "BRIDGE KEY=VALUE...", NULL, cmd_br_set, NULL,
      "", RW },
    { "br-clear", 2, INT_MAX, "BRIDGE KEY...", NULL, cmd_br_clear, NULL,
      "--if-exists", RW },
    { "port-add", 2, INT_MAX, "BRIDGE PORT [KEY=VALUE]...", NULL,
      cmd_port_add, NULL, "--may-exist", RW },
    { "port-del", 1, 2, "[BRIDGE] PORT", NULL, cmd_port_del, NULL,
      "--if-exists", RW },
    { "port-set", 2, INT_MAX, "[BRIDGE/]PORT KEY=VALUE...", NULL,
      cmd_port_set, NULL, "", RW },
    { "port-clear", 2, INT_MAX, "[BRIDGE/]PORT KEY...", NULL, cmd_port_clear,
      NULL, "--if-exists", RW },
    { "bond-add", 2, INT_MAX, "BOND BRIDGE MEMBER MEMBER... [KEY=VALUE]...",
      NULL, cmd_bond_add, NULL, "--may-exist", RW },
    { "bond-del", 1, 1, "BOND", NULL, cmd_bond_del, NULL, "--if-exists", RW },
    { "bond-set", 2, INT_MAX, "BOND KEY=VALUE...", NULL, cmd_bond_set, NULL,
      "", RW },
    { "bond-clear", 2, INT_MAX, "BOND KEY...", NULL, cmd_bond_clear, NULL,
      "--if-exists", RW },
    { "link-add", 4, INT_MAX,
      "LINK patch|veth [BRIDGE:]PORT [BRIDGE:]PORT [PORT:KEY=VALUE]...", NULL,
      cmd_link_add, NULL, "--may-exist", RW },
    { "link-del", 1, 1, "LINK", NULL, cmd_link_del, NULL, "--if-exists", RW },
    { "link-set", 2, INT_MAX, "LINK PORT:KEY=VALUE...", NULL, cmd_link_set,
      NULL, "", RW },
    { "link-clear", 2, INT_MAX, "LINK PORT:KEY...", NULL, cmd_link_clear,
      NULL, "--if-exists", RW },
    { "nic-set-tag", 2, 2, "VM/NIC TAG", NULL, cmd_nic_set_tag, NULL, "",
      RW },
    { "retag", 2, 2, "VM/NIC TAG", NULL, cmd_nic_set_tag, NULL, "", RW },
    { "retag-all", 0, 0, "", NULL, cmd_retag_all, NULL,
      "--from=,--to=,--bridge=,--vm=", RW },
    { "nic-set-trunks", 2, 3, "VM/NIC LIST [NATIVE]", NULL,
      cmd_nic_set_trunks, NULL, "", RW },
    { "nic-clear-vlan", 1, 1, "VM/NIC", NULL, cmd_nic_clear_vlan, NULL, "",
      RW },
    { "quarantine", 1, 1, "VM[/NIC]", NULL, cmd_quarantine, NULL, "", RW },
    { "release", 1, 1, "VM[/NIC]", NULL, cmd_release, NULL, "", RW },
    { "pause", 1, 1, "VM[/NIC]", NULL, cmd_pause, NULL, "", RW },
    { "resume", 1, 1, "VM[/NIC]", NULL, cmd_resume, NULL, "", RW },
    { NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO },
};
