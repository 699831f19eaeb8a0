/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/world.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/poll-loop.h"
#include "socket-util.h"
#include "src/cli/near.h"
#include "src/host/host.h"
#include "src/store/store.h"
#include "sset.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

/* A command that only looks gets at least so much time, in ms. */
#define MIN_TIME 1000

/* Tries to connect, so that a database that is not there is known at once:
 * the IDL would try again and again. */
enum cli_exit
world_check_database(const struct cli *cli, char **error)
{
    struct stream *stream;
    int retval;

    *error = NULL;
    if (strchr(cli->db, ',')) {
        return CLI_DONE;        /* Several remotes: one of them will do. */
    } else if (stream_verify_name(cli->db)) {
        *error = xasprintf("--db=%s: this is no OVSDB remote; give one like "
                           "unix:/run/openvswitch/db.sock", cli->db);
        return CLI_REFUSED;
    }
    retval = stream_open_block(stream_open(cli->db, &stream, DSCP_DEFAULT),
                               cli_ms_left(cli, MIN_TIME), &stream);
    if (retval) {
        *error = xasprintf("%s: the database is not there (%s)%s", cli->db,
                           ovs_retval_to_string(retval),
                           retval == ENOENT || retval == ECONNREFUSED
                           ? "; is ovsdb-server running?" : "");
        return CLI_ABSENT;
    }
    stream_close(stream);
    return CLI_DONE;
}

enum cli_exit
world_observe(const struct cli *cli, struct world *w, char **error)
{
    int ms = cli_ms_left(cli, MIN_TIME);
    long long int deadline = ms < 0 ? LLONG_MAX : time_msec() + ms;

    for (;;) {
        host_run(w->host);
        if (host_is_complete(w->host)) {
            return CLI_DONE;
        } else if (time_msec() >= deadline) {
            *error = (host_observed(w->host)->db_complete
                      ? xstrdup("the kernel's devices could not be read in "
                                "time")
                      : xasprintf("%s: no answer from the database in time",
                                  cli->db));
            return CLI_ABSENT;
        }
        host_wait(w->host);
        if (deadline != LLONG_MAX) {
            poll_timer_wait_until(deadline);
        }
        poll_block();
    }
}

/* Why what is live for object 'id' must not be touched at all, or NULL. */
static const char *
frozen(const struct world *w, const char *id)
{
    bool live = model_observed_marked(host_observed(w->host), id) != NULL;

    return specs_frozen(&w->specs, id, live);
}

/* Returns the number of NICs that are wanted or live. */
static size_t
set_gone(struct world *w)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    size_t n_nics = 0;
    const char *id;

    host_all(w->host, &ids);
    SSET_FOR_EACH (id, &ids) {
        n_nics += model_id_is_nic(id);
        if (model_wanted_get(w->wanted, id) || frozen(w, id)) {
            fuses_wanted(&w->fuses, id);
        } else if (!model_id_is_internal(id)) {
            fuses_gone(&w->fuses, id, 0);
        }
    }
    sset_destroy(&ids);
    return n_nics;
}

void
world_set_fuses(struct world *w)
{
    const struct specs_file *host = specs_get(&w->specs, "host.json");

    specs_look_for_defaults(&w->specs, host_observed(w->host));
    fuses_set_population(&w->fuses, set_gone(w), 0);
    fuses_set_population(&w->fuses, w->wanted->n_nics, 0);
    fuses_set_vms_empty(&w->fuses, !specs_has_vms(&w->specs), 0);
    fuses_set_host_absent(&w->fuses, !host || !host->valid);
}

void
world_put_files(struct world *w, const struct shash *files)
{
    const struct shash_node **nodes = shash_sort(files);
    struct sset changed = SSET_INITIALIZER(&changed);

    for (size_t i = 0; i < shash_count(files); i++) {
        const struct store_file *file = nodes[i]->data;

        if (file->state == STORE_OK) {
            specs_put(&w->specs, file->name, file->text, file->len,
                      file->sha256, w->wanted, &changed);
        } else if (file->state == STORE_UNREADABLE) {
            specs_put_unreadable(&w->specs, file->name, file->error,
                                 w->wanted, &changed);
        }
    }
    sset_destroy(&changed);
    free(nodes);
}

void
world_remove_file(struct world *w, const char *name)
{
    struct sset changed = SSET_INITIALIZER(&changed);

    specs_remove(&w->specs, name, w->wanted, &changed);
    sset_destroy(&changed);
}

void
world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    specs_init(&w->specs);
    fuses_init(&w->fuses);
    model_wanted_init(&w->own, "");
    w->wanted = &w->own;
}

enum cli_exit
world_open_host(const struct cli *cli, struct world *w, char **error)
{
    enum cli_exit status = world_check_database(cli, error);

    if (!status) {
        *error = host_open(cli->db, cli->instance, false, &w->host);
        if (*error) {
            return CLI_REFUSED;
        }
        w->wanted = host_wanted(w->host);
    }
    return status;
}

enum cli_exit
world_open(const struct cli *cli, const char *dir, bool with_host,
           struct world *w, char **error)
{
    enum cli_exit status = CLI_DONE;

    world_init(w);
    *error = NULL;
    w->store = store_open(dir, false);
    store_set_read_only(w->store, true);

    int ms = cli_ms_left(cli, MIN_TIME);
    *error = store_load(w->store, NULL, ms < 0 ? INT_MAX : ms, true);
    if (*error) {
        return CLI_REFUSED;
    }
    if (with_host) {
        status = world_open_host(cli, w, error);
        if (status) {
            return status;
        }
    }
    world_put_files(w, store_files(w->store));
    if (with_host) {
        status = world_observe(cli, w, error);
    }

    const struct store_dir *vms = store_get_dir(w->store);
    specs_put_directory(&w->specs, vms->error, vms->no_vms,
                        w->host ? host_observed(w->host) : NULL);
    if (with_host) {
        world_set_fuses(w);
    }
    return status;
}

void
world_close(struct world *w)
{
    fuses_destroy(&w->fuses);
    specs_destroy(&w->specs);
    host_close(w->host);
    model_wanted_destroy(&w->own);
    store_close(w->store);
}

void
world_errors(const struct world *w, struct svec *errors)
{
    const struct shash_node **nodes = shash_sort(&w->specs.files);

    for (size_t i = 0; i < shash_count(&w->specs.files); i++) {
        const struct specs_file *file = nodes[i]->data;
        svec_append(errors, &file->errors);
    }
    free(nodes);
}

char *
world_unknown_vm(const struct world *w, const char *vm)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct shash_node *node;
    char *near, *error;

    SHASH_FOR_EACH (node, &w->specs.files) {
        char *name = specs_vm_of(node->name);
        if (name) {
            sset_add_and_free(&names, name);
        }
    }
    near = near_miss(vm, &names);
    error = xasprintf("there is no VM \"%s\"%s", vm, near);
    free(near);
    sset_destroy(&names);
    return error;
}

/* What the daemon would know of object 'id'; '*held' is for the caller to
 * free, once the gate is no longer used. */
static struct plan_gate
make_gate(const struct world *w, const char *id, char **held)
{
    bool wanted = model_wanted_get(w->wanted, id) != NULL;
    const struct model_policy *policy = &w->wanted->policy;

    *held = NULL;
    if (!wanted && !model_id_is_internal(id)) {
        long long int wake;

        *held = fuses_held(&w->fuses, id, policy, policy->gc_grace * 1000LL,
                           &wake);
    }
    return (struct plan_gate) {
        .frozen = frozen(w, id),
        .held = *held,
        .report_only = policy->report_only && wanted,
    };
}

void
world_plan(const struct world *w, const char *id, struct plan *plan,
           struct plan_verdict *verdict)
{
    char *held;
    const struct plan_gate gate = make_gate(w, id, &held);

    host_watch(w->host, id);
    host_plan(w->host, id, &gate, plan, verdict);
    free(held);
}

void
world_adopt(const struct world *w, const char *id,
            const struct plan_allowed *allowed, struct adoption *a)
{
    char *held;
    const struct plan_gate gate = make_gate(w, id, &held);

    adoption_init(a, w->host, id, &gate, allowed);
    free(held);
}
