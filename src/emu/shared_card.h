/* A named card: what the host processes of one user share of it. Its HBM budget and its AICPU file system; no daemon.
 *
 * A folder per card, BASE/card-NAME, with the file `table` and the folder `root`. BASE is $NPUEMU_CARDS, or
 * npuemu-cards-UID in /dev/shm or /tmp. It must be this user's alone, and all below is opened relative to it
 * (files/own.h). A host process is a member: it holds the lock of one place in the table for as long as it lives. The
 * kernel gives the lock back however the process ends, so who holds no lock is dead, and what a dead member has charged
 * counts no more from that moment on. There is nothing to repair: no count spans two members.
 *
 *     join ──▶ charge, refund, … ──▶ leave (exit)              the last one removes the folder
 *                                └─▶ killed ──▶ its device process calls tidy, which does the same
 *
 * When host and device process are both killed at once, the folder stays until the next join of any card in BASE: that
 * wipes what no member holds. Every step of making and removing is done under the lock of the members, and each leaves
 * what the next holder of the lock can go on from.
 *
 * Locks are of the open file, not of the process: they exclude other processes only. Threads of one process are
 * excluded by the caller. A forked child gives up its copies at once.
 */
#ifndef NPUEMU_SHARED_CARD_H
#define NPUEMU_SHARED_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shared_card_table;

struct shared_card {
    int fd;
    int root; /* the AICPU file system, BASE/card-NAME/root */
    uint32_t place; /* of this process among the members */
    struct shared_card_table *table;
    char path[192]; /* BASE/card-NAME */
};

enum { SHARED_CARD_MEMBERS = 256, SHARED_CARD_DIES = 2, SHARED_CARD_NAME = 32, SHARED_CARD_KEY = 256 };

/* Joins the card NAME, made when no process has it: `key` is its machine string without the die, `hbm` the bytes of
 * each die. false with a sentence in `problem`: other members know it by another key, no place is free, no folder. Not
 * thread-safe; a process joins a card once. */
bool shared_card_join(struct shared_card *card, const char *name, const char *key, uint64_t hbm, char *problem,
                      size_t problem_size);
/* At exit of the process: gives everything back; the last member removes the folder. The table stays mapped.
 * After a join that failed: of no effect. */
void shared_card_leave(struct shared_card *card);
/* In a forked child: gives up what the fork has copied. To the other members it is as the death of one whose only copy
 * this is. Async-signal-safe. */
void shared_card_forget(struct shared_card *card);

/* Adds `bytes` to what this process holds of a die's HBM, if the living members then hold no more than there is. One
 * thread at a time per die; about two system calls. */
bool shared_card_charge(struct shared_card *card, uint32_t die, uint64_t bytes);
void shared_card_refund(struct shared_card *card, uint32_t die, uint64_t bytes); /* the same; no system call */
/* The bytes of a die that living members hold, this one included. One thread at a time per die; a system call per other
 * member. */
uint64_t shared_card_taken(const struct shared_card *card, uint32_t die);

/* The device process, whose host has ended: removes the card whose root is BASE/card-NAME/root if it has no member
 * left. */
void shared_card_tidy(const char *root);

#endif
