/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/key.h"
#include "src/cli/keyed.h"
#include "src/cli/object-edit.h"
#include "src/cli/target.h"
#include "src/spec/spec.h"
#include "src/spec/text.h"
#include "util.h"

/* Commands that add, remove and change VMs and NICs. */

/* Does the command's arguments from 'first' on, which are about the NIC or,
 * without one, about the VM. */
static char *
do_keys(struct ctl_context *ctx, int first, struct target *t,
        char *(*keyed_do)(struct ctl_context *, int, struct keyed *))
{
    struct keyed k = {
        .thing = t->nic ? SPEC_NIC : SPEC_VM,
        .text = t->e.text,
        .pointer = (t->nic ? object_edit_pointer("/nics", t->nic)
                    : xstrdup("")),
        .id = ctx->argv[1],
    };
    char *error = keyed_do(ctx, first, &k);

    t->e.text = k.text;
    free(k.pointer);
    return error;
}

void
cmd_nic_set(struct ctl_context *ctx)
{
    struct target t;
    char *error = target_begin(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = do_keys(ctx, 2, &t, keyed_set);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_clear(struct ctl_context *ctx)
{
    struct target t;
    char *error = target_begin(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = do_keys(ctx, 2, &t, keyed_clear);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_add(struct ctl_context *ctx)
{
    struct target t;
    char *error = target_begin_vm(cli_of(ctx)->edit, ctx->argv[1], &t);
    bool exists = !error && nic_edit_exists(&t.e);

    if (exists && !keyed_option(ctx, "--may-exist")) {
        error = xstrdup("there is such a NIC already; to change it, use "
                        "nic-set or --may-exist");
    } else if (!error && !exists) {
        error = spec_check_name(t.nic);
        if (!error) {
            error = nic_edit_add(&t.e);
        }
    }
    if (!error) {
        error = do_keys(ctx, 2, &t, keyed_set);
    }
    if (!error && !nic_edit_has(&t.e, "mac")) {
        error = xstrdup("mac=MAC is needed: the guest's MAC address");
    }
    if (!error) {
        edit_note_object(cli_of(ctx)->edit, ctx->argv[1]);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_del(struct ctl_context *ctx)
{
    struct edit *edit = cli_of(ctx)->edit;
    bool if_exists = keyed_option(ctx, "--if-exists");
    struct target t;
    char *error = target_begin_vm(edit, ctx->argv[1], &t);

    if (error && if_exists && t.vm && !edit_has_vm(edit, t.vm)) {
        free(error);
        target_drop(&t);
        return;
    } else if (!error && nic_edit_exists(&t.e)) {
        error = nic_edit_del(&t.e);
        edit_note_removed(edit, ctx->argv[1]);
    } else if (!error && !if_exists) {
        error = target_unknown_nic(&t);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

/* VMs. */

#define NEW_VM "{\n  \"version\": 1,\n  \"nics\": {}\n}\n"
#define NEW_VM_UUID \
    "{\n  \"version\": 1,\n  \"uuid\": %s,\n  \"nics\": {}\n}\n"

/* The VM's "uuid" as JSON, if it was given. */
static char *
uuid_argument(const struct ctl_context *ctx, char **json)
{
    char *key = NULL, *value = NULL, *error = NULL;

    *json = NULL;
    if (ctx->argc > 2) {
        error = key_split(ctx->argv[2], &key, &value);
    }
    if (key && strcmp(key, "uuid")) {
        error = xasprintf("%s: a VM has no such key; there is uuid", key);
    } else if (key) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        text_quote(&ds, value);
        *json = ds_steal_cstr(&ds);
    }
    free(key);
    free(value);
    return error;
}

/* The text of VM 'vm' with 'uuid' (NULL: as it is or is not). */
static char *
vm_text(struct ctl_context *ctx, const char *vm, const char *uuid,
        char **text)
{
    struct edit *edit = cli_of(ctx)->edit;
    struct text_span span;
    char *old, *error;

    *text = NULL;
    if (!edit_has_vm(edit, vm)) {
        *text = uuid ? xasprintf(NEW_VM_UUID, uuid) : xstrdup(NEW_VM);
        return NULL;
    } else if (!keyed_option(ctx, "--may-exist")) {
        return xstrdup("there is such a VM already");
    }
    error = edit_get_vm(edit, vm, &old);
    if (error) {
        return error;
    } else if (!uuid
               || (text_find(old, strlen(old), "/uuid", &span)
                   && span.end - span.start == strlen(uuid)
                   && !memcmp(old + span.start, uuid, strlen(uuid)))) {
        *text = old;
        return NULL;
    }
    error = text_set(old, strlen(old), "/uuid", uuid, text);
    free(old);
    return error;
}

void
cmd_vm_add(struct ctl_context *ctx)
{
    const char *vm = ctx->argv[1];
    char *uuid = NULL, *text = NULL;
    char *error = spec_check_name(vm);

    if (!error && *vm == '.') {
        error = xstrdup("a file whose name begins with a dot does not count");
    }
    if (!error) {
        error = uuid_argument(ctx, &uuid);
    }
    if (!error) {
        error = vm_text(ctx, vm, uuid, &text);
    }
    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s: %s", ctx->argv[0], vm,
                                             error));
        free(error);
    } else {
        edit_put_vm(cli_of(ctx)->edit, vm, text);
    }
    free(text);
    free(uuid);
}

/* Notes that all NICs of 'vm' are removed.  Of an invalid file nobody knows
 * them; those that are live are up to the fuses then. */
static void
note_nics_removed(struct edit *edit, const char *vm)
{
    struct sset nics = SSET_INITIALIZER(&nics);
    char *text;
    char *error = edit_get_vm(edit, vm, &text);
    const char *nic;

    if (!error) {
        nic_edit_names(text, &nics);
    }
    SSET_FOR_EACH (nic, &nics) {
        char *id = xasprintf("%s/%s", vm, nic);

        edit_note_removed(edit, id);
        free(id);
    }
    sset_destroy(&nics);
    free(error);
    free(text);
}

/* An invalid file may be removed: that mends it, too. */
void
cmd_vm_del(struct ctl_context *ctx)
{
    struct edit *edit = cli_of(ctx)->edit;
    const char *vm = ctx->argv[1];

    if (edit_has_vm(edit, vm)) {
        note_nics_removed(edit, vm);
        edit_put_vm(edit, vm, NULL);
    } else if (!keyed_option(ctx, "--if-exists")) {
        char *text;
        char *error = edit_get_vm(edit, vm, &text);

        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s: %s", ctx->argv[0], vm,
                                             error));
        free(error);
        free(text);
    }
}

/* Does all arguments but the VM's name. */
static void
change_vm(struct ctl_context *ctx,
          char *(*keyed_do)(struct ctl_context *, int, struct keyed *))
{
    struct target t = { .nic = NULL };
    char *error = (strchr(ctx->argv[1], '/')
                   ? xstrdup("is no name of a VM; for keys of a NIC there "
                             "are nic-set and nic-clear")
                   : target_begin_any(cli_of(ctx)->edit, ctx->argv[1], &t));

    if (!error) {
        error = do_keys(ctx, 2, &t, keyed_do);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

void
cmd_vm_set(struct ctl_context *ctx)
{
    change_vm(ctx, keyed_set);
}

void
cmd_vm_clear(struct ctl_context *ctx)
{
    change_vm(ctx, keyed_clear);
}
