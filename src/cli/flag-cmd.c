/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/target.h"
#include "sset.h"
#include "util.h"

/* quarantine, release, pause and resume: a boolean key of one NIC, or of all
 * NICs of a VM at once. */

static char *
flag_all(struct target *t, const char *key, bool on)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *error = NULL;

    nic_edit_names(t->e.text, &names);
    const char **nics = sset_sort(&names);
    for (size_t i = 0; i < sset_count(&names) && !error; i++) {
        t->e.nic = nics[i];
        error = nic_edit_flag(&t->e, key, on);
    }
    if (sset_is_empty(&names)) {
        cli_note("VM \"%s\" has no NICs", t->vm);
    }
    free(nics);
    sset_destroy(&names);
    return error;
}

static void
flag(struct ctl_context *ctx, const char *key, bool on)
{
    struct target t;
    char *error = target_begin_any(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = t.nic ? nic_edit_flag(&t.e, key, on) : flag_all(&t, key, on);
    }
    target_end(ctx, &t, ctx->argv[1], error);
}

void
cmd_quarantine(struct ctl_context *ctx)
{
    flag(ctx, "quarantined", true);
    edit_note_quarantined(cli_of(ctx)->edit, ctx->argv[1]);
}

void
cmd_release(struct ctl_context *ctx)
{
    flag(ctx, "quarantined", false);
}

void
cmd_pause(struct ctl_context *ctx)
{
    flag(ctx, "paused", true);
}

void
cmd_resume(struct ctl_context *ctx)
{
    flag(ctx, "paused", false);
}
