/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/spec.h"
#include "util.h"

#define SPEC_DIR PORTD_SYSCONFDIR "/ovs-portd"
#define STATE_DIR PORTD_LOCALSTATEDIR "/lib/ovs-portd"
#define INSTANCE "main"

void
site_init(char **spec_dir, char **state_dir, char **instance)
{
    *spec_dir = xstrdup(SPEC_DIR);
    *state_dir = xstrdup(STATE_DIR);
    *instance = xstrdup(INSTANCE);
}

void
site_set_dir(char **dirp, const char *dir)
{
    free(*dirp);
    *dirp = abs_file_name(NULL, dir);
}

void
site_set_instance(char **instancep, const char *instance)
{
    char *error = spec_check_name(instance);

    if (error) {
        ovs_fatal(0, "--instance=%s: %s", instance, error);
    }
    free(*instancep);
    *instancep = xstrdup(instance);
}

char *
site_program_name(const char *instance)
{
    return (!strcmp(instance, INSTANCE) ? xstrdup("ovs-portd")
            : xasprintf("ovs-portd-%s", instance));
}

void
site_usage(void)
{
    printf("\n\
Which ovs-portd:\n\
  --spec-dir=DIR              spec files: host.json, vms.d/*.json\n\
                              (default: %s)\n\
  --state-dir=DIR             state of the daemon: pending confirmations\n\
                              (default: %s)\n\
  --instance=NAME             several daemons may share a host; each marks\n\
                              as its own what it makes (default: %s)\n",
           SPEC_DIR, STATE_DIR, INSTANCE);
}
