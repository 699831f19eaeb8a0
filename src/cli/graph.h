/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_GRAPH_H
#define PORTD_CLI_GRAPH_H 1

/* Graph
 * =====
 *
 * The topology that the specs ask for as a graph in Graphviz' language DOT:
 * VMs on the left, bridges, links and bonds in the middle, the outside on the
 * right; the colour of a line is its VLAN's.  Pure. */

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"

struct model_wanted;

/* Appends the graph of 'wanted'.  'states' has each object's state by its id
 * ("ready"); NULL where nothing is known of them. */
void graph_format(const struct model_wanted *, const struct shash *states,
                  struct ds *out);

#endif /* src/cli/graph.h */
