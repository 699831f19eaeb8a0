/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "src/spec/spec.h"
#include "src/store/names.h"
#include "util.h"

void
source_init(struct source *s)
{
    memset(s, 0, sizeof *s);
    shash_init(&s->files);
    svec_init(&s->errors);
}

void
source_destroy(struct source *s)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &s->files) {
        struct source_file *file = node->data;
        free(file->path);
        free(file->text);
        free(file);
    }
    shash_destroy(&s->files);
    svec_destroy(&s->errors);
}

const char *
source_path(const struct source *s, const char *name)
{
    const struct source_file *file = shash_find_data(&s->files, name);

    return file ? file->path : NULL;
}

int
source_read(const char *path, char **text, size_t *len)
{
    FILE *stream = fopen(path, "r");
    int error = 0;

    *text = NULL;
    if (!stream) {
        return errno;
    }
    *text = xmalloc(SPEC_MAX_BYTES + 2);
    *len = fread(*text, 1, SPEC_MAX_BYTES + 1, stream);
    if (ferror(stream)) {
        error = errno;
        free(*text);
        *text = NULL;
    } else {
        (*text)[*len] = '\0';
    }
    fclose(stream);
    return error;
}

static void
add_error(struct source *s, const char *path, const char *what, int error)
{
    svec_add_nocopy(&s->errors, xasprintf("%s: cannot be %s (%s)", path, what,
                                          ovs_strerror(error)));
}

/* Takes in file 'path' as 'name'; frees 'name'. */
static void
add_file(struct source *s, const char *path, char *name)
{
    char *error = store_name_check(name);
    const char *before = source_path(s, name);
    char *text;
    size_t len;

    if (error) {
        svec_add_nocopy(&s->errors, error);
    } else if (before) {
        svec_add_nocopy(&s->errors, xasprintf(
            "%s: would be %s, and so would %s; give one of them", path, name,
            before));
    } else {
        int retval = source_read(path, &text, &len);

        if (retval) {
            add_error(s, path, "read", retval);
        } else {
            struct source_file *file = xmalloc(sizeof *file);

            file->path = xstrdup(path);
            file->len = len;
            file->text = xmemdup0(text, len);
            free(text);
            shash_add(&s->files, name, file);
        }
    }
    free(name);
}

/* Takes in 'path', a file of a directory, as 'name'; frees both. */
static void
add_entry(struct source *s, char *path, char *name)
{
    struct stat st;

    if (stat(path, &st)) {
        add_error(s, path, "looked at", errno);
        free(name);
    } else if (!S_ISREG(st.st_mode)) {
        svec_add_nocopy(&s->errors, xasprintf(
            "%s: is not a regular file; put a file there, or remove it",
            path));
        free(name);
    } else {
        add_file(s, path, name);
    }
    free(path);
}

static void
add_vms(struct source *s, const char *dir)
{
    char *vms = xasprintf("%s/"STORE_VMS, dir);
    DIR *stream = opendir(vms);
    struct dirent *de;

    if (!stream) {
        if (errno != ENOENT) {
            add_error(s, vms, "opened", errno);
        }
    } else {
        while ((de = readdir(stream))) {
            if (store_name_is_spec(de->d_name)) {
                add_entry(s, xasprintf("%s/%s", vms, de->d_name),
                          store_name_from_entry(de->d_name));
            }
        }
        closedir(stream);
    }
    free(vms);
}

static void
add_dir(struct source *s, const char *dir)
{
    size_t before = shash_count(&s->files) + s->errors.n;
    char *host = xasprintf("%s/"STORE_HOST, dir);
    struct stat st;

    if (!lstat(host, &st)) {
        add_entry(s, host, xstrdup(STORE_HOST));
    } else {
        if (errno != ENOENT) {
            add_error(s, host, "looked at", errno);
        }
        free(host);
    }
    add_vms(s, dir);
    if (shash_count(&s->files) + s->errors.n == before) {
        svec_add_nocopy(&s->errors, xasprintf(
            "%s: has neither "STORE_HOST" nor "STORE_VMS"/*.json; give a "
            "directory that is laid out as --spec-dir is", dir));
    }
}

void
source_add(struct source *s, const char *path)
{
    struct stat st;

    if (stat(path, &st)) {
        add_error(s, path, "looked at", errno);
    } else if (S_ISDIR(st.st_mode)) {
        s->any_dir = true;
        add_dir(s, path);
    } else {
        char *base = base_name(path);

        s->any_file = true;
        add_file(s, path, (!strcmp(base, STORE_HOST) ? xstrdup(base)
                           : store_name_from_entry(base)));
        free(base);
    }
    svec_sort(&s->errors);
}
