/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/wait.h"
#include "src/cli/world.h"
#include "util.h"

/* sync. */

/* Adds to 'targets' the files of the VMs on the command line, as they are.
 * Returns CLI_DONE, or an exit code and what is wrong. */
static enum cli_exit
add_vms(struct ctl_context *ctx, struct svec *targets, char **error)
{
    const struct cli *cli = cli_of(ctx);
    struct world w;
    enum cli_exit code = world_open(cli, cli->spec_dir, false, &w, error);

    for (int i = 1; i < ctx->argc && !code; i++) {
        char *name = specs_vm_file(ctx->argv[i]);
        const struct specs_file *file = specs_get(&w.specs, name);

        if (file) {
            svec_add_nocopy(targets, xasprintf("%s=%s", name, file->sha256));
        } else {
            *error = (strpbrk(ctx->argv[i], "/:")
                      ? xasprintf("%s: is not a VM's name; name VMs, or none "
                                  "for all objects", ctx->argv[i])
                      : world_unknown_vm(&w, ctx->argv[i]));
            code = CLI_REFUSED;
        }
        free(name);
    }
    world_close(&w);
    return code;
}

void
cmd_sync(struct ctl_context *ctx)
{
    struct svec targets = SVEC_EMPTY_INITIALIZER;
    struct cli *cli = cli_of(ctx);
    enum cli_exit code = CLI_DONE;
    char *error = NULL;

    if (ctx->argc > 1) {
        code = add_vms(ctx, &targets, &error);
    }
    if (code) {
        cli_fail(ctx, code, xasprintf("sync: %s", error));
        free(error);
    } else {
        /* What it waits for may well have been a VLAN. */
        cli->status = cli_wait(cli, &targets, NULL, true, false, false);
    }
    svec_destroy(&targets);
}
