/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_JOURNAL_H
#define PORTD_STORE_JOURNAL_H 1

/* DIR/.journal
 * ============
 *
 * An edit of several files on its way, as lines of text:
 *
 *     ovs-portd-journal 1
 *     put TMPNAME NAME SHA256
 *     del NAME
 *     end N
 *
 * TMPNAME is a temporary file beside NAME, N the number of lines between
 * first and last.  The journal appears by rename(2), complete and synced: from
 * then on the edit has happened, whoever carries it out.  Its users
 * hold the lock; before the journal goes, the lock's file says which files the
 * edit removed. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/store/read.h"

#define STORE_JOURNAL ".journal"
#define STORE_JOURNAL_TMP ".journal.tmp"

enum journal_state {
    JOURNAL_TODO,               /* The temporary file is there and right. */
    JOURNAL_DONE,               /* Has been carried out. */
    JOURNAL_LOST                /* The temporary file is wrong. */
};

struct journal_item {
    char *name;
    char *tmp;                  /* As NAME; NULL to delete 'name'. */
    char sha256[STORE_SHA256_LEN + 1];
    enum journal_state state;
};

struct journal {
    struct journal_item *items;
    size_t n;
};

void journal_init(struct journal *);
void journal_destroy(struct journal *);

/* Adds a line.  'tmp' and 'sha256' are NULL to delete 'name'. */
void journal_add(struct journal *, const char *name, const char *tmp,
                 const char *sha256);

/* The item of 'name', or NULL. */
const struct journal_item *journal_find(const struct journal *,
                                        const char *name);

/* The text, for the caller to free; and back.  journal_parse() returns false
 * for anything but a complete and valid text, and '*journal' is then empty. */
char *journal_format(const struct journal *);
bool journal_parse(const char *text, size_t len, struct journal *);

/* What is to be made of a journal. */
enum journal_verdict {
    JOURNAL_NONE,               /* There is none. */
    JOURNAL_COMPLETE,           /* Carry it out. */
    JOURNAL_DROP                /* Nothing has been done, and not all can. */
};

/* Reads DIR/.journal and compares it with the files, but changes nothing.
 * '*error' is set where the journal must not be trusted ("FILE: why; what to
 * do", for the caller to free); the verdict is JOURNAL_NONE then. */
enum journal_verdict journal_load(const struct store_fds *,
                                  struct journal *, char **error);

/* Writes DIR/.journal so that it survives a power cut.  The temporary files
 * must be synced already.  Returns 0 or a positive errno; then there is no
 * journal. */
int journal_write(const struct store_fds *, const struct journal *);

/* True if the edit replaces one file and does nothing else: rename(2) does
 * that as a whole or not at all, also where the power fails. */
bool journal_is_needless(const struct journal *);
/* Carries out an edit that needs no journal.  Its temporary file must be
 * synced already.  Returns NULL, or a message for the caller to free. */
char *journal_skip(const struct store_fds *, const struct journal *)
    OVS_WARN_UNUSED_RESULT;

/* Carries out what is JOURNAL_TODO and removes the journal.  Returns NULL, or
 * a message for the caller to free: then the journal is still there, unless
 * nothing at all had been done, in which case it is dropped ('*dropped'). */
char *journal_apply(const struct store_fds *, struct journal *,
                    bool *dropped) OVS_WARN_UNUSED_RESULT;

/* Removes the journal and its temporary files. */
void journal_drop(const struct store_fds *, const struct journal *);

/* Completes or drops what a dead process left and logs it.  The exclusive
 * lock must be held.  '*journal' says what it was, and is empty if there was
 * nothing or if it was dropped.  Returns NULL, or a message for the caller to
 * free: then the journal is still there. */
char *journal_recover(const struct store_fds *,
                      struct journal *) OVS_WARN_UNUSED_RESULT;

/* Removes temporary files of dead editors.  The exclusive lock must be held,
 * and there must be no journal. */
void journal_sweep(const struct store_fds *);

#endif /* src/store/journal.h */
