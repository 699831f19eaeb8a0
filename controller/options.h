/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_OPTIONS_H
#define PORTD_CONTROLLER_OPTIONS_H 1

#include <stdbool.h>

/* ovs-portd's command line. */
struct options {
    char *db;                   /* OVSDB remote. */
    char *spec_dir, *state_dir, *instance; /* src/host/site.h. */
    const char *unixctl_path;   /* NULL: OVS's default. */
    bool once;
    bool observe;
};

/* Parses the command line.  Exits after --help, --version and bad input. */
void options_parse(int argc, char *argv[], struct options *);
void options_destroy(struct options *);

#endif /* controller/options.h */
