/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_INDEX_H
#define PORTD_MODEL_INDEX_H 1

/* An index from a string to a set of strings. */

#include "openvswitch/shash.h"
#include "sset.h"

/* Adds 'value' to the set at 'key'. */
static inline void
index_add(struct shash *index, const char *key, const char *value)
{
    struct sset *set = shash_find_data(index, key);
    if (!set) {
        set = xmalloc(sizeof *set);
        sset_init(set);
        shash_add(index, key, set);
    }
    sset_add(set, value);
}

/* Removes 'value' from the set at 'key', and the set once it is empty. */
static inline void
index_remove(struct shash *index, const char *key, const char *value)
{
    struct shash_node *node = shash_find(index, key);
    if (node) {
        struct sset *set = node->data;
        sset_find_and_delete(set, value);
        if (sset_is_empty(set)) {
            sset_destroy(set);
            free(set);
            shash_delete(index, node);
        }
    }
}

static inline void
index_destroy(struct shash *index)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, index) {
        sset_destroy(node->data);
    }
    shash_destroy_free_data(index);
}

#endif /* src/model/index.h */
