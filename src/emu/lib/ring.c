#include "ring.h"
#include "futex.h"

#include <string.h>

enum { RING_RESERVE = 8 };

/* Timed and explore mode: commands are taken only while an EMU_CMD_ADVANCE is answered, so a place is kept for one. */
static uint64_t room(const struct process *process, bool urgent)
{
    const bool simulated = process->shared->machine.mode != EMU_MODE_FREE;

    return EMU_RING_SLOTS - (simulated && !urgent ? RING_RESERVE : 0);
}

struct emu_command *ring_claim(struct process *process, uint32_t kind, uint32_t stream, bool urgent)
{
    struct emu_shared *shared = process->shared;
    const uint64_t used = process->head - atomic_load_explicit(&shared->tail, memory_order_acquire);
    struct emu_command *command;

    if (used >= room(process, urgent)) return NULL;
    command = &shared->ring[process->head % EMU_RING_SLOTS];
    memset(command, 0, offsetof(struct emu_command, args));
    command->kind = kind;
    command->stream = stream;
    return command;
}

/* The store of `head` and the load of `sleeping` must not pass each other: the device side sets `sleeping`, then looks
 * at `head` once more before it sleeps. Both sides use sequential consistency for this pair (one xchg, about 20
 * cycles). */
uint32_t ring_publish(struct process *process)
{
    struct emu_shared *shared = process->shared;

    atomic_store_explicit(&shared->head, ++process->head, memory_order_seq_cst);
    if (atomic_load_explicit(&shared->sleeping, memory_order_seq_cst)) {
        atomic_fetch_add_explicit(&shared->doorbell, 1, memory_order_release);
        futex_wake_all(&shared->doorbell);
    }
    return (uint32_t)process->head;
}

bool ring_wait_space(struct process *process)
{
    struct emu_shared *shared = process->shared;

    for (;;) {
        const uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire);
        if (atomic_load_explicit(&shared->head, memory_order_relaxed) - tail < EMU_RING_SLOTS) return true;
        if (!process_alive(process)) return false;
        /* Little-endian: the low word comes first. Slices, because a device process that was killed wakes nobody. */
        futex_wait((_Atomic uint32_t *)(void *)&shared->tail, (uint32_t)tail, 10000000);
    }
}

bool ring_shutdown(struct process *process)
{
    if (!ring_claim(process, EMU_CMD_SHUTDOWN, RING_NO_STREAM, true)) return false;
    ring_publish(process);
    return true;
}
