/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_BOND_SHOW_H
#define PORTD_OVSDB_BOND_SHOW_H 1

/* Bond/show
 * =========
 *
 * What ovs-vswitchd's command "bond/show" says of its bonds, which is in no
 * column of the database.  It is a text for people that differs between
 * releases: what is not understood is left out.  Text in, facts out; nothing
 * is asked here. */

struct json;

/* The facts in 'text', for the caller to destroy: an object with a member for
 * each bond, called like its Port, of the form of "bond" in
 * docs/control-protocol.md. */
struct json *bond_show_parse(const char *text);

#endif /* ovsdb/bond-show.h */
