/* Where the AICore registers of a device are, as the AICPU program addresses them. */
#ifndef HOST_REGISTERS_H
#define HOST_REGISTERS_H

#include "device.h"

/* Generation from the SoC's name: Ascend910B… is an a2, Ascend910_93… an a3, Ascend950… an a5. UNSUPPORTED: another. */
npurt_status registers_generation(const char *soc, struct registers *registers);

/* Fills device->registers.base. Pre: generation known, thread bound, info.clusters filled. a2 and a3: one window from
 * halMemCtl, with the cores that are fused off taken from the OCCUPY mask; a5: halResMap for each core. */
npurt_status registers_find(npurt_device *device);

/* The physical number of the AIC (slot 0) or an AIV (1, 2) of the cluster to which `core` belongs. */
uint32_t registers_sibling(const struct registers *registers, uint32_t core, uint32_t slot);

#endif
