/* The producer's end of the command ring (emu/shared.h). Calls for one process are made under its device's lock. */
#ifndef NPUEMU_RING_H
#define NPUEMU_RING_H

#include "process.h"

enum { RING_NO_STREAM = UINT32_MAX };

/* The next free slot, its header (all but args) zeroed and kind and stream set; NULL when the ring is full. `urgent`
 * commands may use the last slots, which are kept for those that a full ring needs to move on. */
struct emu_command *ring_claim(struct process *process, uint32_t kind, uint32_t stream, bool urgent);

/* Makes the claimed slot visible, and wakes the device process when it sleeps. Returns the command's position plus
 * one. */
uint32_t ring_publish(struct process *process);

/* Waits until a slot is free. false: the process has ended. Needs no lock. */
bool ring_wait_space(struct process *process);

/* Asks the process to end; false when the ring has no place for that. */
bool ring_shutdown(struct process *process);

#endif
