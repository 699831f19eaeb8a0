/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/guest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "src/model/observed.h"
#include "util.h"

/* "VM/NIC": "NIC". */
static const char *
nic_name(const struct model_object *nic)
{
    return strchr(nic->id, '/') + 1;
}

static const char *
device(const struct model_object *nic)
{
    return nic->links[0]->name;
}

static bool
vhost_is_on(const struct guest_host *h)
{
    return h->vhost == GUEST_VHOST_AUTO ? h->vhost_net
                                        : h->vhost == GUEST_VHOST_ON;
}

char *
guest_check(const struct model_object *nic, const struct guest_host *h,
            bool libvirt)
{
    if (nic->problem) {
        return xstrdup(nic->problem);
    } else if (!libvirt && !isalpha((unsigned char) *nic_name(nic))) {
        return xasprintf("QEMU takes no id that does not begin with a letter, "
                         "so \"%s\" cannot be one; give the NIC another name",
                         nic_name(nic));
    } else if (h->vhost == GUEST_VHOST_ON && !h->vhost_net
               && (libvirt || nic->queues > 1)) {
        return xstrdup(libvirt
                       ? "vhost=on needs /dev/vhost-net, and there is none; "
                         "load the module vhost_net, or use --vhost=off"
                       : "with vhost=on, several queues and no "
                         "/dev/vhost-net, QEMU aborts; load the module "
                         "vhost_net, or use --vhost=off");
    }
    return NULL;
}

char *
guest_check_live(const struct model_object *nic,
                 const struct model_observed *o)
{
    const struct model_link *want = nic->links[0];
    const struct model_link *have = model_observed_link(o, want->name);
    const char *mark = have ? model_link_mark(have) : NULL;
    const char *own = mark ? model_observed_own(o, mark) : NULL;

    if (!have) {
        return xasprintf("device %s does not exist yet; \"ovs-portctl sync\" "
                         "waits for it", want->name);
    } else if (!own || strcmp(own, nic->id)) {
        return xasprintf("device %s is not this NIC's; see \"ovs-portctl "
                         "explain %s\"", want->name, nic->id);
    } else if (model_link_in_use(have)) {
        return xasprintf("device %s is open already, by a process that holds "
                         "it", want->name);
    } else if (!nullable_string_is_equal(
                   smap_get(&have->fields, MODEL_L_MULTI_QUEUE),
                   smap_get(&want->fields, MODEL_L_MULTI_QUEUE))) {
        return xasprintf("device %s is not yet %s as the file says, and QEMU "
                         "could not open it", want->name,
                         nic->queues > 1 ? "multiqueue" : "single-queue");
    }
    return NULL;
}

void
guest_qemu_args(const struct model_object *nic, const struct guest_host *h,
                struct svec *args)
{
    const char *id = nic_name(nic);
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "tap,id=%s,ifname=%s,script=no,downscript=no", id,
                  device(nic));
    if (nic->queues > 1) {
        ds_put_format(&ds, ",queues=%u", nic->queues);
    }
    ds_put_format(&ds, ",vhost=%s", vhost_is_on(h) ? "on" : "off");
    svec_add(args, "-netdev");
    svec_add(args, ds_cstr(&ds));

    ds_clear(&ds);
    ds_put_format(&ds, "virtio-net-pci,netdev=%s,mac=%s", id, nic->mac);
    if (nic->queues > 1) {
        /* One for each direction of each queue, for configuration and for
         * control. */
        ds_put_format(&ds, ",mq=on,vectors=%u", 2 * nic->queues + 2);
    }
    if (h->userspace) {
        /* Checksums that the guest leaves to the device are never filled in
         * there, and TCP stalls. */
        ds_put_cstr(&ds, ",csum=off,gso=off,guest_csum=off,guest_tso4=off,"
                    "guest_tso6=off,guest_ufo=off");
    }
    svec_add(args, "-device");
    svec_add(args, ds_cstr(&ds));
    ds_destroy(&ds);
}

void
guest_libvirt_xml(const struct model_object *nic, const struct guest_host *h,
                  struct ds *out)
{
    struct ds driver = DS_EMPTY_INITIALIZER;

    if (h->vhost != GUEST_VHOST_AUTO) {
        ds_put_format(&driver, " name='%s'",
                      h->vhost == GUEST_VHOST_ON ? "vhost" : "qemu");
    }
    if (nic->queues > 1) {
        ds_put_format(&driver, " queues='%u'", nic->queues);
    }
    ds_put_format(out,
                  "<interface type='ethernet'>\n"
                  "  <mac address='%s'/>\n"
                  "  <target dev='%s' managed='no'/>\n"
                  "  <model type='virtio'/>\n", nic->mac, device(nic));
    if (h->userspace) {
        ds_put_format(out,
                      "  <driver%s>\n"
                      "    <host csum='off' gso='off'/>\n"
                      "    <guest csum='off' tso4='off' tso6='off' "
                      "ufo='off'/>\n"
                      "  </driver>\n", ds_cstr(&driver));
    } else if (driver.length) {
        ds_put_format(out, "  <driver%s/>\n", ds_cstr(&driver));
    }
    ds_put_cstr(out, "</interface>\n");
    ds_destroy(&driver);
}
