/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "socket-util.h"
#include "src/cli/cli.h"
#include "src/cli/domain.h"
#include "src/cli/edit.h"
#include "src/cli/keyed.h"
#include "src/cli/new-file.h"
#include "util.h"

/* "import": a VM's file from what another program has of the VM. */

/* Reads all of 'fd', up to one byte more than a domain may have. */
static char *
read_all(int fd, const char *file, char **text, size_t *len)
{
    *text = xmalloc(DOMAIN_MAX_BYTES + 1);
    int error = read_fully(fd, *text, DOMAIN_MAX_BYTES + 1, len);

    return (error && error != EOF
            ? xasprintf("%s: %s", file, ovs_strerror(error)) : NULL);
}

static char *
read_file(const char *file, char **text, size_t *len)
{
    struct stat st;
    char *error;
    int fd;

    *text = NULL;
    if (!strcmp(file, "-")) {
        return read_all(STDIN_FILENO, "stdin", text, len);
    }
    /* A FIFO must not hang us. */
    fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return xasprintf("%s: %s", file, ovs_strerror(errno));
    } else if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        error = xasprintf("%s: this is not a file", file);
    } else {
        error = read_all(fd, file, text, len);
    }
    close(fd);
    return error;
}

static char *
write_output(struct ctl_context *ctx, const char *file, const char *text)
{
    if (!strcmp(file, "-") || cli_of(ctx)->dry_run) {
        ds_put_cstr(&ctx->output, text);
        return NULL;
    }
    return new_file_write(AT_FDCWD, file, file, text);
}

static char *
put_domain(struct ctl_context *ctx, const struct domain *d)
{
    struct edit *edit = cli_of(ctx)->edit;
    const char *output = shash_find_data(&ctx->options, "--output");

    if (output) {
        return write_output(ctx, output, d->text);
    } else if (edit_has_vm(edit, d->vm)) {
        return xasprintf("there is a VM \"%s\" already; --vm=NAME gives "
                         "another name, --output=FILE leaves the specs "
                         "alone", d->vm);
    }
    edit_put_vm(edit, d->vm, d->text);
    return NULL;
}

static char *
import_one(struct ctl_context *ctx, const char *file)
{
    const char *vm = shash_find_data(&ctx->options, "--vm");
    struct domain d;
    char *error, *text;
    size_t len;

    error = read_file(file, &text, &len);
    if (error) {
        free(text);
        return error;
    }
    domain_parse(strcmp(file, "-") ? file : "stdin", text, len, vm, &d);
    free(text);
    for (size_t i = 0; i < d.notes.n; i++) {
        cli_note("%s", d.notes.names[i]);
    }
    for (size_t i = 0; i < d.errors.n; i++) {
        cli_say(d.errors.names[i]);
    }
    error = (d.errors.n
             ? xasprintf("%s cannot be imported", file)
             : put_domain(ctx, &d));
    domain_destroy(&d);
    return error;
}

void
cmd_import(struct ctl_context *ctx)
{
    bool single = (shash_find(&ctx->options, "--vm")
                   || shash_find(&ctx->options, "--output"));
    char *error = NULL;

    if (!keyed_option(ctx, "--libvirt")) {
        error = xstrdup("say what the files are: --libvirt, the domain XML "
                        "that \"virsh dumpxml\" prints");
    } else if (single && ctx->argc > 2) {
        error = xstrdup("--vm and --output are for one file");
    }
    for (int i = 1; i < ctx->argc && !error; i++) {
        error = import_one(ctx, ctx->argv[i]);
    }
    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("import: %s", error));
        free(error);
    }
}
