/* The cards of this host process and their device ids.
 *
 * A card is made by npuemu_device_add, or, in a process that never calls it, from the environment at the first use. The
 * two ids of an a3 are one card: they share the AICPU file system. Cards and ids are never removed.
 *
 * Ids are of two kinds, as on silicon: rt and acl entries take the logical id, hal entries the driver's, and
 * ASCEND_RT_VISIBLE_DEVICES lists the driver's id of each logical one. Ids from npuemu_device_add are both.
 */
#ifndef NPUEMU_CARD_H
#define NPUEMU_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

struct card {
    char key[256];  /* its machine string without the die */
    char root[256]; /* its AICPU file system; empty until the first device process */
    unsigned number;
};

enum { CARD_DEVICES = 64 };

uint32_t card_device_count(void);            /* logical ids in use */
struct device *card_device(int64_t logical); /* NULL: no such id */
struct device *card_device_by_driver_id(int64_t id);
struct device *card_device_by_address(uint64_t address); /* whose window holds it; NULL: none, it is a host address */

/* Makes the card's root when there is none yet; false: errno. Thread-safe. */
bool card_root(struct card *card);

/* This process is a fork of the one that holds the devices: nothing of theirs may be touched. */
bool card_forked(void);

#endif
