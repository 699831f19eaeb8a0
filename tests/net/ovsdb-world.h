/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_NET_OVSDB_WORLD_H
#define TESTS_NET_OVSDB_WORLD_H 1

/* A real ovsdb-server of one's own, with the schema of the Open vSwitch that
 * is installed, in a temporary directory.  Needs no root. */

#include <stdbool.h>
#include <sys/types.h>
#include "ovsdb/db.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"

struct server {
    char *dir;                  /* Everything is in here. */
    char *remote;               /* "unix:DIR/db.sock". */
    char *database;             /* DIR/conf.db. */
    pid_t pid;                  /* 0: not running. */
};

/* With 'init' the database gets its Open_vSwitch row. */
void server_init(struct server *, bool init);
void server_destroy(struct server *);
void server_start(struct server *);
/* Kills it with SIGKILL and waits for its end. */
void server_kill(struct server *);
/* Makes a new database, with no row at all, in place of the old one. */
void server_empty(struct server *);

/* Starts 'argv' (NULL-terminated) with its output in the file 'output' of the
 * server's directory, and returns its pid. */
pid_t server_spawn(const struct server *, const char *output,
                   const char *const argv[]);
/* Waits for 'pid' to end and returns its exit code, -1 for a signal. */
int wait_for_exit(pid_t pid);

/* Runs "ovs-vsctl --no-wait ARG..." (NULL-terminated) and returns what it
 * prints, without the last newline, for the caller to free. */
char *vsctl(const struct server *, ...) __attribute__((sentinel));
/* Expects that "ovs-vsctl get TABLE ROW COLUMN" prints 'want'. */
void expect(const struct server *, const char *table, const char *row,
            const char *column, const char *want);

/* One client of the database. */
struct client {
    struct model_observed model;
    struct db *db;
};

void client_init(struct client *, const struct server *,
                 const char *instance, bool lock);
void client_destroy(struct client *);

/* Runs 'client' until 'done' says so or 'timeout' ms have passed; returns
 * what 'done' said last. */
bool client_run(struct client *, bool (*done)(const struct client *),
                int timeout);
/* 'done' for client_run(). */
bool is_writable(const struct client *);
bool is_complete(const struct client *);
bool is_incomplete(const struct client *);
/* Runs 'client' for 'ms'. */
void client_settle(struct client *, int ms);

/* Runs a transaction of all steps of 'plan' to its end. */
void client_commit(struct client *, struct plan *);

/* The fields of an observed row, NULL if there is no such row or field. */
const char *port_field(const struct client *, const char *port,
                       const char *field);
const char *iface_field(const struct client *, const char *port,
                        const char *iface, const char *field);
const char *bridge_field(const struct client *, const char *bridge,
                         const char *field);

/* Adds a step with the fields that follow, FIELD, VALUE..., NULL; a step to
 * add something gets the object's mark as well. */
struct plan_step *step(struct plan *, enum plan_op, enum plan_what,
                       const char *object, const char *name,
                       const char *parent, ...) __attribute__((sentinel));
/* Steps that add port 'name' with one interface for object 'object'; 'tag'
 * may be NULL. */
void add_port(struct plan *, const char *object, const char *name,
              const char *bridge, const char *tag);
/* The step of 'plan' for 'name' of 'what'. */
struct plan_step *find_step(const struct plan *, enum plan_what,
                            const char *name);

/* A server, a client that holds the lock, and what it is to write. */
struct world {
    struct server s;
    struct client c;
    struct plan plan;
};

void world_init(struct world *);
void world_destroy(struct world *);
/* Commits what is in the plan; it must succeed. */
void commit(struct world *);
/* Commits what is in the plan; the step for 'name' must fail with an error
 * that contains 'text'. */
void refuse(struct world *, enum plan_what, const char *name,
            const char *text);
/* Puts the steps for a bridge of its own object into the plan. */
void add_bridge(struct world *, const char *name);

#endif /* tests/net/ovsdb-world.h */
