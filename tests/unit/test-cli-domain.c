/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* libvirt's domain XML to a VM's file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "src/cli/domain.h"
#include "util.h"

#define HEAD "<domain type='kvm'>\n<name>vm1</name>\n<devices>\n"
#define NIC "<interface type='bridge'>\n<mac address='52:54:00:00:00:01'/>\n" \
            "<source bridge='br0'/><virtualport type='openvswitch'/>\n"
#define TAIL "</interface>\n</devices>\n</domain>\n"

static void
parse(const char *xml, struct domain *d)
{
    domain_parse("d.xml", xml, strlen(xml), NULL, d);
}

static void
assert_any(const struct svec *messages, const char *text)
{
    for (size_t i = 0; i < messages->n; i++) {
        if (strstr(messages->names[i], text)) {
            return;
        }
    }
    fail_msg("nothing says \"%s\" but: %s", text,
             messages->n ? messages->names[0] : "(nothing)");
}

/* A NIC with 'inside' in it: its file holds 'text'. */
static void
assert_nic(const char *inside, const char *text)
{
    char *xml = xasprintf(HEAD NIC "%s" TAIL, inside);
    struct domain d;

    parse(xml, &d);
    if (d.errors.n) {
        fail_msg("%s: %s", inside, d.errors.names[0]);
    }
    assert_string_equal(d.vm, "vm1");
    if (!strstr(d.text, text)) {
        fail_msg("%s lacks %s", d.text, text);
    }
    domain_destroy(&d);
    free(xml);
}

static void
assert_refused(const char *xml, const char *text)
{
    struct domain d;

    parse(xml, &d);
    assert_any(&d.errors, text);
    assert_null(d.text);
    assert_null(d.vm);
    domain_destroy(&d);
}

static void
assert_nic_refused(const char *inside, const char *text)
{
    char *xml = xasprintf(HEAD NIC "%s" TAIL, inside);

    assert_refused(xml, text);
    free(xml);
}

static void
test_keys(void **state OVS_UNUSED)
{
    assert_nic("", "\"net0\": {\n      \"bridge\": \"br0\",\n      "
               "\"mac\": \"52:54:00:00:00:01\"\n    }");
    assert_nic("<target dev='vnet7'/>", "\"ifname\": \"vnet7\"");
    assert_nic("<driver name='vhost' queues='256'/>", "\"queues\": 256");
    assert_nic("<mtu size='9000'/>", "\"mtu\": 9000");
    assert_nic("<port isolated='yes'/>", "\"isolated\": true");
    assert_nic("<vlan><tag id='7'/></vlan>", "\"tag\": 7");
    assert_nic("<vlan trunk='yes'><tag id='7'/></vlan>",
               "\"vlan_mode\": \"trunk\",\n      \"trunks\": [7]");
    assert_nic("<vlan trunk='yes'><tag id='7' nativeMode='tagged'/>"
               "<tag id='0'/></vlan>",
               "\"vlan_mode\": \"native-tagged\",\n      \"tag\": 7,\n"
               "      \"trunks\": [7, 0]");
    assert_nic("<bandwidth><outbound average='128' burst='3'/></bandwidth>",
               "\"ingress_policing_rate\": 1024,\n"
               "      \"ingress_policing_burst\": 24");
    assert_nic("<bandwidth><inbound average='1000' peak='5000' burst='2'/>"
               "</bandwidth>",
               "\"qos\": {\"type\": \"linux-htb\", \"max_rate\": 40000000, "
               "\"queues\": {\"0\": {\"min_rate\": 8000000, "
               "\"max_rate\": 40000000, \"burst\": 16384}}}");
    assert_nic("<bandwidth><inbound average='1000'/></bandwidth>",
               "\"max_rate\": 8000000, \"queues\"");
    assert_nic("<alias name='net0'/><!-- no matter --><link state='up'/>",
               "br0");
}

static void
test_ids(void **state OVS_UNUSED)
{
    struct domain d;

    parse("<domain><name> vm-1\n</name>"
          "<uuid>3a1f0c1e-58b4-4f0e-9d2a-6f1b2c3d4e5f</uuid><devices>"
          "<interface type='user'/>"
          "<interface type='bridge'><mac address='52:54:00:00:00:01'/>"
          "<source bridge='br0'/><virtualport type='openvswitch'>"
          "<parameters interfaceid='a&quot;b' profileid='p&#x1;'/>"
          "</virtualport></interface></devices></domain>", &d);
    /* A character that XML does not have. */
    assert_any(&d.errors, "invalid character number");
    domain_destroy(&d);

    parse("<domain><name> vm-1\n</name>"
          "<uuid>3a1f0c1e-58b4-4f0e-9d2a-6f1b2c3d4e5f</uuid><devices>\n"
          "<interface type='user'/>\n"
          "<interface type='bridge'><mac address='52:54:00:00:00:01'/>"
          "<source bridge='br0'/><virtualport type='openvswitch'>"
          "<parameters interfaceid='a&quot;b' profileid='p'/>"
          "</virtualport></interface></devices></domain>", &d);
    assert_int_equal(d.errors.n, 0);
    assert_string_equal(d.vm, "vm-1");
    assert_non_null(strstr(d.text, "\"net1\""));
    assert_non_null(strstr(d.text, "\"iface_id\": \"a\\\"b\""));
    assert_non_null(strstr(d.text, "{\"port-profile\": \"p\"}"));
    assert_non_null(strstr(d.text, "\"uuid\": \"3a1f0c1e"));
    assert_any(&d.notes, "d.xml:3: net0 is left out");
    domain_destroy(&d);
}

static void
test_errors(void **state OVS_UNUSED)
{
    struct domain d;

    assert_nic_refused("<mtu size='67'/>", "d.xml:7: <mtu>: size=\"67\"");
    assert_nic_refused("<driver queues='0'/>", "1..256");
    assert_nic_refused("<driver queues='99999999999999999999'/>", "1..256");
    assert_nic_refused("<target dev='a-name-that-is-too-long'/>",
                       "d.xml:7: \"a-name");
    assert_nic_refused("<vlan/>", "no <tag");
    assert_nic_refused("<vlan><tag/></vlan>", "<tag> has no id");
    assert_nic_refused("<vlan><tag id='4096'/></vlan>", "0..4095");
    assert_nic_refused("<vlan><tag id='1'/><tag id='2'/></vlan>", "trunk");
    assert_nic_refused("<vlan><tag id='1' nativeMode='odd'/></vlan>",
                       "nativeMode");
    assert_nic_refused("<vlan><tag id='1' nativeMode='tagged'/>"
                       "<tag id='2' nativeMode='tagged'/></vlan>",
                       "more than one native");
    assert_nic_refused("<bandwidth><outbound average='-1'/></bandwidth>",
                       "average");
    assert_nic_refused("<bandwidth><inbound average='9' peak='8'/>"
                       "</bandwidth>", "peak=\"8\"");
    /* Whatever is quoted, it is one line. */
    assert_nic_refused("<mtu size='1&#10;2'/>", "size=\"1\\x0a2\"");
    /* Two of the same device: the spec's own parser says so. */
    assert_refused(HEAD NIC "<target dev='t0'/></interface>\n"
                   NIC "<target dev='t0'/>" TAIL, "t0");

    /* All at once. */
    parse("<domain>\n<name>no name!</name><uuid>7</uuid><devices>\n"
          "<interface type='bridge'><mac address='01:00:5e:00:00:01'/>"
          "<virtualport type='openvswitch'/></interface>\n"
          "</devices></domain>", &d);
    assert_any(&d.errors, "d.xml:2: \"no name!\" is not a name");
    assert_any(&d.errors, "d.xml:2: \"7\" is not a UUID");
    assert_any(&d.errors, "d.xml:3: \"01:00:5e:00:00:01\" is not the MAC");
    assert_any(&d.errors, "d.xml:3: this <interface> has no <source bridge");
    domain_destroy(&d);
    domain_parse("d.xml", HEAD NIC TAIL, strlen(HEAD NIC TAIL), "../x", &d);
    assert_any(&d.errors, "is not a name");
    domain_destroy(&d);
}

static void
test_hostile(void **state OVS_UNUSED)
{
    struct ds deep = DS_EMPTY_INITIALIZER;
    struct domain d;

    assert_refused("", "d.xml:1: ");
    assert_refused("{}", "d.xml:1: ");
    assert_refused("<domain>", "d.xml:1: the text ends within <domain>, which "
                   "begins in line 1");
    assert_refused(HEAD, "d.xml:4: the text ends within <devices>, which "
                   "begins in line 3");
    assert_refused("<domain><name>vm<b>1</b>2</name></domain>",
                   "has elements in it");
    assert_refused("<?xml version='1.0' encoding='KOI8-R'?><domain/>",
                   "convert it to UTF-8");
    assert_refused("<domain a='1' a='2'/>", "d.xml:1: duplicate attribute");
    /* Somebody else's elements are not libvirt's. */
    assert_refused("<x:domain xmlns:x='urn:x'/>", "this is a <x:domain>");
    assert_refused(HEAD "<x:interface type='bridge'/></devices></domain>",
                   "the domain has no <interface");
    assert_refused("<network/>", "this is a <network>");
    assert_refused("<domain/>", "no <name>");
    assert_refused("\n<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>",
                   "d.xml:2: a document type declaration");
    assert_refused("<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
                   "<domain><name>&a;</name></domain>", "declaration");
    assert_refused("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>"
                   "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
                   "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
                   "<domain><name>&c;</name></domain>", "declaration");
    assert_refused("<domain><name>&undefined;</name></domain>", "undefined");
    for (int i = 0; i < 100000; i++) {
        ds_put_cstr(&deep, "<a>");
    }
    assert_refused(ds_cstr(&deep), "d.xml:1: ");
    ds_destroy(&deep);

    char *large = xzalloc(DOMAIN_MAX_BYTES + 1);
    domain_parse("d.xml", large, DOMAIN_MAX_BYTES + 1, NULL, &d);
    assert_any(&d.errors, "no domain");
    domain_destroy(&d);
    /* Exactly so many bytes, and a NUL where none may be. */
    domain_parse("d.xml", large, DOMAIN_MAX_BYTES, NULL, &d);
    assert_int_equal(d.errors.n, 1);
    domain_destroy(&d);
    free(large);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
