/* The tables behind driver_status_name and its kin; for src/driver/ and for what lists them (npurt explain). */
#ifndef NPURT_DRIVER_STATUS_H
#define NPURT_DRIVER_STATUS_H

#include <stdint.h>

struct status_entry {
    int32_t code;
    const char *name;    /* the vendor's */
    const char *meaning; /* one line: what it says, or what to look at */
};

/* Sorted by code, no code twice. */
struct status_table {
    const struct status_entry *entry;
    uint32_t count;
};
extern const struct status_table status_rt;   /* rt and acl calls */
extern const struct status_table status_hal;  /* hal calls */
extern const struct status_table status_hccl; /* Hccl calls */

/* The entry of a code, NULL when the table has none. */
const struct status_entry *status_find(const struct status_table *table, int32_t code);

#endif
