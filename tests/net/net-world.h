/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_TESTS_NET_WORLD_H
#define PORTD_TESTS_NET_WORLD_H 1

/* What tests of src/kernel/ share: a network namespace, a kernel handle with
 * its model, steps, processes that hold TAPs, and ip(8) as the second
 * opinion. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "src/kernel/kernel.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"

#define ALIAS "ovs-portd:test/vm1/net0"
#define ARP_IGNORE "/proc/sys/net/ipv4/conf/*/arp_ignore"
#define ADDR_GEN_MODE "/proc/sys/net/ipv6/conf/*/addr_gen_mode"

struct world {
    struct model_observed observed;
    struct kernel *kernel;
};

/* Puts the calling process into namespaces (network, mounts) of its own; ends
 * the program with a message if it may not. */
void world_isolate(void);

/* cmocka setup and teardown: '*state' is a struct world whose first dump is
 * complete; afterwards no device but lo is left. */
int world_setup(void **state);
int world_teardown(void **state);

/* Opens and closes what world_setup() does, without the rest. */
void world_open(struct world *);
void world_close(struct world *);

/* Takes in events until there are none for a while. */
void world_settle(struct world *);

/* The observed link 'name', or NULL. */
const struct model_link *world_link(struct world *, const char *name);

/* A field of the observed link 'name', "(none)" if it is absent. */
const char *world_field(struct world *, const char *name, const char *field);

/* A step with pairs of field and value, ended by NULL; for
 * plan_step_destroy(). */
struct plan_step *step_new(enum plan_op, const char *name, int ifindex, ...);

/* A step that creates the usual TAP of a NIC. */
struct plan_step *step_add_tap(const char *name, bool multi_queue);

/* Does the step, frees it and returns its error for the caller to free. */
char *world_do(struct world *, struct plan_step *);

/* Like world_do() and world_settle(); fails the test on an error, or if there
 * is none that contains 'words'. */
void world_ok(struct world *, struct plan_step *);
void world_fails(struct world *, struct plan_step *, const char *words);

/* Attaches 'n' queues to TAP 'name' and returns the first descriptor; the
 * others follow it in 'fds' (of 'n'). */
void hold(const char *name, bool multi_queue, size_t n, int *fds);
void let_go(int *fds, size_t n);

/* Runs a program and returns its exit status; its output goes to '*output',
 * for the caller to free, unless that is NULL. */
int run_argv(char **output, const char *const argv[]);
#define run(...) run_argv(NULL, (const char *const []) { __VA_ARGS__, NULL })
#define must(...) assert_int_equal(run(__VA_ARGS__), 0)

/* "ip -d link show dev NAME", or NULL if there is no such device. */
char *ip_link(const char *name);

/* The first line of a file, without the newline, for the caller to free; and
 * its opposite. '*' in the path stands for 'name'. */
char *read_line(const char *path_format, const char *name);
void write_line(const char *path_format, const char *name, const char *text);

/* The ifindex of the observed link 'name'; fails the test if there is none. */
int ifindex_of(struct world *, const char *name);

/* Fail the test if something is not as given: a field of an observed link,
 * the first line of a file, words in the output of ip_link(). */
void assert_field(struct world *, const char *name, const char *field,
                  const char *value);
void assert_file(const char *path_format, const char *name,
                 const char *value);
void assert_ip(const char *name, const char *words);

/* Fails the test unless 'name' is, to the model and to ip(8), what
 * step_add_tap() makes. */
void check_new_tap(struct world *, const char *name, bool multi_queue);

/* Another process does 'step(round, i)' for i = 0, 1, ..., and is killed after
 * 'us' microseconds. */
void kill_while_doing(struct plan_step *(*step)(int round, int i), int round,
                      unsigned int us);

/* Does 'n' steps in batches. */
void do_many(struct world *, struct plan_step **, size_t n);

/* Creates 'n' TAPs g0, g1, ... and returns the steps that delete them. */
struct plan_step **add_many(struct world *, size_t n, bool multi_queue);
void free_many(struct plan_step **, size_t n);

#endif /* tests/net/net-world.h */
