/* The cards of this host process and their device ids.
 *
 * A card is private to this process, or, when it is named, shared with all processes of the user that name it
 * (emu/shared_card.h). A card is made by npuemu_device_add, or, in a process that never calls it, from the environment
 * at the first use. The two ids of an a3 are one card: they share the AICPU file system. Cards and ids are never
 * removed.
 *
 * Ids are of two kinds, as on silicon: rt and acl entries take the logical id, hal entries the driver's, and
 * ASCEND_RT_VISIBLE_DEVICES lists the driver's id of each logical one. Ids from npuemu_device_add are both.
 */
#ifndef NPUEMU_CARD_H
#define NPUEMU_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/shared_card.h"

struct device;

struct card {
    char key[256];  /* its machine string without the die */
    char root[256]; /* its AICPU file system; of a private card, empty until the first device process */
    int root_fd;    /* of it; -1: not made */
    unsigned number;
    bool named;
    struct shared_card shared; /* when it is named */
};

enum { CARD_DEVICES = 64 };

uint32_t card_device_count(void);            /* logical ids in use */
struct device *card_device(int64_t logical); /* NULL: no such id */
struct device *card_device_by_driver_id(int64_t id);
struct device *card_device_by_address(uint64_t address); /* whose window holds it; NULL: none, it is a host address */

/* HBM of the device's die, over all processes of the card. Under the device's lock. */
bool card_hbm_charge(struct device *device, uint64_t bytes); /* false: there is not so much left */
void card_hbm_refund(struct device *device, uint64_t bytes);
uint64_t card_hbm_taken(const struct device *device);

/* Makes the card's root when there is none yet, and opens it; false: errno. Thread-safe. */
bool card_root(struct card *card);

/* This process is a fork of the one that holds the devices: nothing of theirs may be touched. */
bool card_forked(void);

#endif
