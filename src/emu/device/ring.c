#include <stdlib.h>

#include "launch.h"
#include "life.h"
#include "simulation.h"

static uint64_t tail; /* the device thread's copy of shared->tail */

bool ring_waiting(void)
{
    return atomic_load(&device_shared->head) != tail;
}

/* The slot may be written again by the host from here on. */
static void release(void)
{
    uint64_t head = atomic_load_explicit(&device_shared->head, memory_order_relaxed);

    atomic_store(&device_shared->tail, ++tail);
    if (head - (tail - 1) == EMU_RING_SLOTS) /* it was full: the host may be waiting for the low word of tail */
        futex_wake((_Atomic uint32_t *)(void *)&device_shared->tail, 1 << 30);
}

static void take(const struct emu_command *command)
{
    switch (command->kind) {
    case EMU_CMD_BIND_FUNCTION:
        cpu_bind(command->handle, (const struct emu_function *)(const void *)command->args);
        break;
    case EMU_CMD_PROGRAM_LOAD:
        core_program_load(command->handle, (const struct emu_program *)(const void *)command->args);
        break;
    case EMU_CMD_PROGRAM_KERNEL:
        core_program_kernel(command->handle, command->kernel, (const struct emu_kernel *)(const void *)command->args);
        break;
    case EMU_CMD_PROGRAM_UNLOAD:
        core_program_unload(command->handle);
        break;
    case EMU_CMD_TIMEOUT:
        launch_set_timeout(command->timeout_us);
        break;
    case EMU_CMD_SHUTDOWN:
        life_stop();
        break;
    case EMU_CMD_KFC_LAUNCH:
    case EMU_CMD_CPU_LAUNCH:
    case EMU_CMD_CORE_LAUNCH:
    case EMU_CMD_EVENT_RECORD:
    case EMU_CMD_EVENT_WAIT:
        stream_submit(command);
        break;
    default: /* NONE, STREAM_CREATE, STREAM_DESTROY: nothing to do here */
        break;
    }
}

bool ring_poll(void)
{
    uint64_t head = atomic_load_explicit(&device_shared->head, memory_order_acquire);

    if (head == tail) return false;
    while (tail != head) {
        const struct emu_command *command = &device_shared->ring[tail % EMU_RING_SLOTS];
        if (command->kind == EMU_CMD_ADVANCE) {
            struct emu_command advance = *command;
            release();
            simulation_advance(&advance, (uint32_t)tail);
        } else {
            take(command);
            release();
        }
    }
    return true;
}
