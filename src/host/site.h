/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_SITE_H
#define PORTD_HOST_SITE_H 1

/* Site
 * ====
 *
 * Which ovs-portd is meant, and where its files are: the options that both
 * programs have in common, with their defaults.  For any struct with members
 *
 *     char *spec_dir, *state_dir, *instance;
 *
 * in the manner of OVS's own VLOG_LONG_OPTIONS and the like. */

#define SITE_OPTION_ENUMS                       \
    OPT_SPEC_DIR,                               \
    OPT_STATE_DIR,                              \
    OPT_INSTANCE

/* With --help and --version, which every program has. */
#define SITE_LONG_OPTIONS                                       \
    { "spec-dir", required_argument, NULL, OPT_SPEC_DIR },      \
    { "state-dir", required_argument, NULL, OPT_STATE_DIR },    \
    { "instance", required_argument, NULL, OPT_INSTANCE },      \
    { "help", no_argument, NULL, 'h' },                         \
    { "version", no_argument, NULL, 'V' }

#define SITE_OPTION_HANDLERS(SITE)                              \
    case OPT_SPEC_DIR:                                          \
        site_set_dir(&(SITE)->spec_dir, optarg);                \
        break;                                                  \
    case OPT_STATE_DIR:                                         \
        site_set_dir(&(SITE)->state_dir, optarg);               \
        break;                                                  \
    case OPT_INSTANCE:                                          \
        site_set_instance(&(SITE)->instance, optarg);           \
        break;                                                  \
    case 'V':                                                   \
        ovs_print_version(0, 0);                                \
        exit(EXIT_SUCCESS);

#define SITE_INIT(SITE)                                         \
    site_init(&(SITE)->spec_dir, &(SITE)->state_dir, &(SITE)->instance)

/* Sets all three to their defaults, for the caller to free. */
void site_init(char **spec_dir, char **state_dir, char **instance);
/* Replaces '*dirp' by 'dir', made absolute: a daemon changes to "/". */
void site_set_dir(char **dirp, const char *dir);
/* Replaces '*instancep'; ends the program where 'instance' is no name. */
void site_set_instance(char **instancep, const char *instance);

/* The daemon's program name, after which its pidfile, control socket and log
 * are named: "ovs-portd", "ovs-portd-NAME"; for the caller to free. */
char *site_program_name(const char *instance);

/* Prints what these options are for. */
void site_usage(void);

#endif /* src/host/site.h */
