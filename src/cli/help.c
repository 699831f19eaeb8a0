/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/help.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/output.h"
#include "util.h"

/* Column of what an entry is for, and the width of all. */
#define TEXT_COLUMN 30
#define WIDTH 79

/* What a command is for.  Its arguments and options are in cli_commands[]; a
 * group's heading has no name. */
static const struct { const char *name, *text; } commands[] = {
    { NULL, "Look" },
    { "show", "state at a glance" },
    { "explain", "from file to guest: the first broken link" },
    { "status", "the daemon and its files" },
    { "plan", "what would change; needs no daemon" },
    { "check", "offline lint; needs no Open vSwitch" },
    { "graph", "the topology as a picture, for Graphviz" },
    { "br-list", "bridges that the files name" },
    { "br-get", "what host.json says of a bridge" },
    { "port-list", "ports of host.json" },
    { "port-get", "what host.json says of a port" },
    { "bond-list", "bonds" },
    { "bond-get", "what host.json says of a bond" },
    { "link-list", "patch and veth links" },
    { "link-get", "what host.json says of a link" },
    { "vm-list", "VMs that there are files for" },
    { "vm-get", "what the VM's file says, its NICs apart" },
    { "nic-list", "NICs that the files ask for" },
    { "nic-get", "what the NIC's file says" },
    { "qemu-args", "how QEMU opens the VM's TAPs" },
    { "libvirt-xml", "the same for libvirt" },
    { NULL, "Edit (all of a \"--\" chain at once or not at all)" },
    { "vm-add", "add a VM without NICs" },
    { "vm-del", "remove a VM with its NICs" },
    { "vm-set", "set keys (uuid=UUID)" },
    { "vm-clear", "remove keys" },
    { "nic-add", "add a NIC" },
    { "nic-del", "remove a NIC" },
    { "nic-set", "set keys (mtu=9000 external_ids:team=red)" },
    { "nic-clear", "remove keys" },
    { "retag", "set the VLAN tag" },
    { "nic-set-tag", "the same" },
    { "retag-all", "set the tag of all NICs that have another" },
    { "nic-set-trunks", "carry the VLANs in LIST (10,20,30-39) tagged" },
    { "nic-clear-vlan", "remove all VLAN keys" },
    { "quarantine", "hold the TAP admin-down: nothing passes" },
    { "release", "end of quarantine" },
    { "pause", "observe only, touch nothing" },
    { "resume", "end of pause" },
    { "apply", "put files from elsewhere in place, judged by their effect" },
    { "import", "add the VMs that other programs' files describe" },
    { NULL, "Edit host.json (in the same chains)" },
    { "br-add", "add a bridge" },
    { "br-del", "remove a bridge with its ports" },
    { "br-set", "set keys" },
    { "br-clear", "remove keys" },
    { "port-add", "add a port to a bridge" },
    { "port-del", "remove a port" },
    { "port-set", "set keys" },
    { "port-clear", "remove keys" },
    { "bond-add", "add a bond" },
    { "bond-del", "remove a bond" },
    { "bond-set", "set keys" },
    { "bond-clear", "remove keys" },
    { "link-add", "add a link between two bridges" },
    { "link-del", "remove a link" },
    { "link-set", "set keys of an end (veth0:tag=10)" },
    { "link-clear", "remove keys of an end" },
    { NULL, "Other" },
    { "sync", "wait until all, or some VMs, are as the files say" },
    { "confirm", "make a pending change final" },
    { "rollback", "undo a pending change" },
    { "adopt", "take over what is live and fits the files" },
    { "export", "what is live as files, which are new in DIR" },
    { "gc-confirm", "let held deletions go" },
};

static const struct {
    const char *name;           /* As in the table of commands. */
    const char *value;          /* What it takes, or "". */
    bool required;
    const char *text;
} options[] = {
    { "--exit-code", "", false, "exit status 5 if there are changes" },
    { "--strict", "", false, "warnings count as errors" },
    { "--github", "", false, "a line for each finding, as GitHub's workflows "
      "take it" },
    { "--svg", "", false, "have dot draw it" },
    { "--may-exist", "", false, "change it if it is there already" },
    { "--if-exists", "", false, "it is no error if it is not there" },
    { "--from=", "TAG", true, "the tag that they have" },
    { "--to=", "TAG", true, "the tag that they get" },
    { "--bridge=", "BRIDGE", false, "only those on this bridge" },
    { "--vm=", "VM", false,
      "retag-all: only VMs that match this pattern; import: the VM's name" },
    { "--all", "", false, "all that there are" },
    { "--allow=", "IMPACT", false,
      "although re-add, vm-restart or both (with a comma) would follow" },
    { "--libvirt", "", true, "the files are libvirt's domain XML" },
    { "--output=", "FILE", false, "write to this file, \"-\" is stdout" },
    { "--ours", "", false, "also what ovs-portd has made itself" },
    { "--yes", "", false, "do it without a question" },
    { "--vhost=", "on|off", false,
      "whether QEMU uses vhost-net (default: on if there is "
      "/dev/vhost-net)" },
    { "--confirm=", "SECS", false,
      "undo it unless it is confirmed within SECS" },
    { "--prune", "", false, "remove the files that DIR does not have" },
    { "--force", "", false, "overwrite what somebody else has written" },
    { "--live", "", false, "refuse if the TAP cannot be opened now" },
};

static void
put_entry(struct ds *out, const char *what, const char *text)
{
    size_t column = 2 + strlen(what);

    ds_put_format(out, "  %s", what);
    if (*text && column + 2 > TEXT_COLUMN) {
        ds_put_char(out, '\n');
        column = 0;
    }
    if (*text) {
        ds_put_char_multiple(out, ' ', TEXT_COLUMN - column);
        output_put_folded(out, text, TEXT_COLUMN, TEXT_COLUMN, WIDTH);
    }
    ds_put_char(out, '\n');
}

/* The options of a command, "--from=,--vm=", as they are to be typed. */
static void
put_options(struct ds *out, const char *list)
{
    char *copy = xstrdup(list);
    char *save = NULL;

    for (char *name = strtok_r(copy, ",", &save); name;
         name = strtok_r(NULL, ",", &save)) {
        const char *value = "ARG";
        bool required = false;

        for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
            if (!strcmp(options[i].name, name)) {
                value = options[i].value;
                required = options[i].required;
            }
        }
        ds_put_format(out, required ? " %s%s" : " [%s%s]", name, value);
    }
    free(copy);
}

static void
put_command(struct ds *out, const struct ctl_command_syntax *c,
            const char *text)
{
    struct ds synopsis = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&synopsis, c->name);
    put_options(&synopsis, c->options);
    ds_put_format(&synopsis, "%s%s", *c->arguments ? " " : "", c->arguments);
    put_entry(out, ds_cstr(&synopsis), text);
    ds_destroy(&synopsis);
}

void
help_commands(struct ds *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct ctl_command_syntax *c = cli_commands;

        if (!commands[i].name) {
            ds_put_format(out, "\n%s:\n", commands[i].text);
            continue;
        }
        while (c->name && strcmp(c->name, commands[i].name)) {
            c++;
        }
        if (c->name) {
            put_command(out, c, commands[i].text);
        }
    }
}

void
help_local_options(struct ds *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        char *what = xasprintf("%s%s", options[i].name, options[i].value);

        put_entry(out, what, options[i].text);
        free(what);
    }
}
