/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/target.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/near.h"
#include "src/host/specs.h"
#include "src/spec/spec.h"
#include "util.h"

char *
target_unknown_nic(const struct target *t)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *file = specs_vm_file(t->vm);
    char *near, *error;

    nic_edit_names(t->e.text, &names);
    near = near_miss(t->nic, &names);
    error = xasprintf("VM \"%s\" has no NIC \"%s\" (in %s)%s", t->vm, t->nic,
                      file, near);
    free(near);
    free(file);
    sset_destroy(&names);
    return error;
}

static char *
find_vm(struct edit *edit, struct target *t)
{
    t->e.nic = t->nic;
    t->e.defaults = edit_defaults(edit)->nic;
    return edit_get_vm(edit, t->vm, &t->e.text);
}

char *
target_begin_vm(struct edit *edit, const char *id, struct target *t)
{
    const char *slash = strchr(id, '/');

    memset(t, 0, sizeof *t);
    if (!slash || slash == id || !slash[1] || strchr(slash + 1, '/')) {
        return xasprintf("\"%s\" is not of the form VM/NIC", id);
    }
    t->vm = xmemdup0(id, slash - id);
    t->nic = xstrdup(slash + 1);
    return find_vm(edit, t);
}

char *
target_begin(struct edit *edit, const char *id, struct target *t)
{
    char *error = target_begin_vm(edit, id, t);

    return (error || nic_edit_exists(&t->e) ? error
            : target_unknown_nic(t));
}

char *
target_begin_any(struct edit *edit, const char *id, struct target *t)
{
    if (strchr(id, '/')) {
        return target_begin(edit, id, t);
    }
    memset(t, 0, sizeof *t);
    t->vm = xstrdup(id);
    return find_vm(edit, t);
}

void
target_drop(struct target *t)
{
    free(t->vm);
    free(t->nic);
    free(t->e.text);
}

void
target_end(struct ctl_context *ctx, struct target *t, const char *id,
           char *error)
{
    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s: %s", ctx->argv[0], id,
                                             error));
        free(error);
    } else {
        edit_put_vm(cli_of(ctx)->edit, t->vm, t->e.text);
    }
    target_drop(t);
}
