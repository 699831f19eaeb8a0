/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/flows.h"

#include <stdlib.h>
#include "dirs.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "ovsdb/openflow.h"
#include "src/cli/cli.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* The name of the connection to any bridge, which no bridge has. */
#define ANY ""

struct flows {
    struct shash bridges;       /* "struct openflow". */
};

static struct openflow *
open_any(struct flows *flows)
{
    struct openflow *of = openflow_open(ovs_rundir(), NULL);

    shash_add(&flows->bridges, ANY, of);
    return of;
}

struct flows *
flows_open(const struct sset *bridges)
{
    struct flows *flows = xzalloc(sizeof *flows);

    shash_init(&flows->bridges);
    if (bridges) {
        const char *bridge;

        SSET_FOR_EACH (bridge, bridges) {
            struct openflow *of = openflow_open(ovs_rundir(), bridge);

            openflow_ask_normal(of);
            shash_add(&flows->bridges, bridge, of);
        }
    }
    if (shash_is_empty(&flows->bridges)) {
        open_any(flows);
    }
    return flows;
}

void
flows_close(struct flows *flows)
{
    if (flows) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, &flows->bridges) {
            openflow_close(node->data);
        }
        shash_destroy(&flows->bridges);
        free(flows);
    }
}

void
flows_run(struct flows *flows)
{
    if (flows) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, &flows->bridges) {
            openflow_run(node->data);
        }
    }
}

void
flows_wait(const struct flows *flows)
{
    if (flows) {
        const struct shash_node *node;

        SHASH_FOR_EACH (node, &flows->bridges) {
            openflow_wait(node->data);
        }
    }
}

struct openflow *
flows_nudger(struct flows *flows)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &flows->bridges) {
        if (openflow_is_open(node->data)) {
            return node->data;
        }
    }
    struct openflow *any = shash_find_data(&flows->bridges, ANY);
    return any ? any : open_any(flows);
}

static bool
is_asking(const struct flows *flows)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &flows->bridges) {
        if (openflow_is_asking(node->data)) {
            return true;
        }
    }
    return false;
}

void
flows_note(struct flows *flows, int timeout_ms)
{
    long long int deadline = time_msec() + timeout_ms;

    if (!flows) {
        return;
    }

    struct shash_node *node;
    SHASH_FOR_EACH (node, &flows->bridges) {
        openflow_rest(node->data);
    }
    for (;;) {
        flows_run(flows);
        if (!is_asking(flows) || time_msec() >= deadline) {
            break;
        }
        flows_wait(flows);
        poll_timer_wait_until(deadline);
        poll_block();
    }

    const struct shash_node **nodes = shash_sort(&flows->bridges);
    for (size_t i = 0; i < shash_count(&flows->bridges); i++) {
        unsigned int n;

        if (openflow_normal(nodes[i]->data, &n) && !n) {
            cli_note("no flow of bridge %s uses the action NORMAL, so what "
                     "becomes of VLANs there is its controller's matter",
                     nodes[i]->name);
        }
    }
    free(nodes);
}
