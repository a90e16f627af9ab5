#include "program.h"
#include "entries.h"
#include "message.h"
#include "reset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PROGRAM_SLOTS = 262144,  /* what the vendor's runtime has room for is of this order */
    PROGRAM_OVERHEAD = 4096, /* with each copy; and its alignment */
    ACL_ERROR_RT_PROGRAM_USE_OUT = 507032,
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct program **slot_table;
static uint32_t slot_room, next_serial = 1;

/* ---- the table -------------------------------------------------------------------------------------------------- */

struct program *program_get(const void *handle)
{
    struct program *program = NULL;
    struct handle h;

    if (!handle_unpack(handle, HANDLE_PROGRAM, &h)) return NULL;
    pthread_rwlock_rdlock(&lock);
    if (h.slot < slot_room) program = slot_table[h.slot];
    if (program && program->serial != h.serial) program = NULL;
    if (program) atomic_fetch_add_explicit(&program->references, 1, memory_order_relaxed);
    pthread_rwlock_unlock(&lock);
    return program;
}

void program_put(struct program *program)
{
    if (atomic_fetch_sub_explicit(&program->references, 1, memory_order_acq_rel) != 1) return;
    free(program->kernels);
    free(program->image);
    free(program);
}

/* Under the lock. */
static int32_t place(struct program *program)
{
    uint32_t slot = 0;

    while (slot < slot_room && slot_table[slot])
        slot++;
    if (slot == slot_room) {
        const uint32_t room = slot_room ? 2 * slot_room : 64;
        struct program **larger = room <= PROGRAM_SLOTS ? realloc(slot_table, room * sizeof *larger) : NULL;
        if (!larger) return message_fail(ACL_ERROR_RT_PROGRAM_USE_OUT, "%u programs are registered", slot_room);
        memset(larger + slot_room, 0, (room - slot_room) * sizeof *larger);
        slot_table = larger;
        slot_room = room;
    }
    program->slot = slot;
    program->serial = next_serial++;
    slot_table[slot] = program;
    return 0;
}

/* ---- registering ------------------------------------------------------------------------------------------------ */

static int32_t parse(struct program *program, uint32_t magic)
{
    struct elf_kernel *found = calloc(ELF_MAX_KERNELS, sizeof *found);
    char problem[256];
    int count;

    if (!found) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    count = elf_kernels(program->image, program->size, magic == RT_DEV_BINARY_MAGIC_ELF_AIVEC, found, problem,
                        sizeof problem);
    if (count < 0) {
        free(found);
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtRegisterAllKernel: %s", problem);
    }
    program->kernels = found;
    program->kernel_count = (uint32_t)count;
    return 0;
}

rtError_t rtRegisterAllKernel(const rtDevBinary_t *binary, void **handle)
{
    struct program *program;
    int32_t code;

    if (!binary || !handle || !binary->data || binary->length == 0)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtRegisterAllKernel: no binary, or no place for the handle");
    if (binary->magic != RT_DEV_BINARY_MAGIC_ELF && binary->magic != RT_DEV_BINARY_MAGIC_ELF_AICUBE &&
        binary->magic != RT_DEV_BINARY_MAGIC_ELF_AIVEC)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                            "rtRegisterAllKernel: magic 0x%08x is none of an AICore ELF file", binary->magic);
    program = calloc(1, sizeof *program);
    if (!program) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    atomic_init(&program->references, 1);
    program->size = binary->length;
    program->image = malloc(binary->length);
    if (!program->image) {
        code = message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "no host memory for %" PRIu64 " bytes", binary->length);
    } else {
        memcpy(program->image, binary->data, binary->length);
        code = parse(program, binary->magic);
    }
    if (!code) {
        pthread_rwlock_wrlock(&lock);
        code = place(program);
        pthread_rwlock_unlock(&lock);
    }
    if (code)
        program_put(program);
    else
        *handle = handle_pack(HANDLE_PROGRAM, HANDLE_NO_DEVICE, program->serial, program->slot);
    return code;
}

/* ---- copies on devices ------------------------------------------------------------------------------------------ */

int program_kernel(const struct program *program, uint64_t tiling_key)
{
    for (uint32_t i = 0; i < program->kernel_count; i++)
        if (program->kernels[i].tiling_key == tiling_key) return (int)i;
    return -1;
}

static bool find_copy(const struct device *device, const void *handle, uint32_t *number)
{
    for (*number = 0; *number < device->program_high; ++*number)
        if (device->loaded[*number].program == handle) return true;
    return false;
}

/* The first AICore launch after an AICPU task that spins takes a second or more on silicon. When the op-execute timeout
 * passes meanwhile, the module is gone, and 207001 is how that is told: memory has nothing to do with it. */
static int32_t first_launch(struct device *device)
{
    const struct fault_event *slow = device_fault(device, FAULT_SLOW_FIRST_LAUNCH);
    const uint64_t ms = slow ? slow->value : 0;
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};

    if (!slow) return 0;
    if (ms * 1000 > timeout_in_force()) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the module is null");
    if (device_simulated(device))
        device_charge(device, ms * 1000000);
    else
        nanosleep(&pause, NULL);
    return 0;
}

static int32_t load(struct device *device, const struct program *program, const void *handle, uint32_t *number)
{
    const uint64_t bytes = (program->size + 2 * PROGRAM_OVERHEAD - 1) / PROGRAM_OVERHEAD * PROGRAM_OVERHEAD;
    struct emu_command *command;
    struct emu_program description = {.size = program->size};
    uint64_t address;
    int32_t code;

    if (find_copy(device, handle, number)) return 0;
    code = device_refuses(device);
    if (!code) code = device_claim(device, EMU_CMD_PROGRAM_LOAD, UINT32_MAX, &command);
    if (code || find_copy(device, handle, number)) return code;
    code = first_launch(device);
    if (code) return code;
    if (find_copy(device, NULL, number) == false && *number == DEVICE_PROGRAMS)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "%d programs are on device %d", DEVICE_PROGRAMS,
                            device->id);
    device_arguments_reap(device);
    address = device_take(device, bytes, PROGRAM_OVERHEAD, HEAP_CARD);
    if (!address)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "no device memory for the %" PRIu64 " bytes of a program",
                            bytes);
    code = device_write(device->process, address, program->image, program->size);
    if (code) {
        device_give(device, address, HEAP_CARD);
        return code;
    }
    device->loaded[*number] = (struct loaded){(void *)(uintptr_t)handle, address, 0};
    if (*number >= device->program_high) device->program_high = *number + 1;
    description.address = address;
    command->handle = *number;
    command->args_size = sizeof description;
    memcpy(command->args, &description, sizeof description);
    device_publish(device);
    device_charge(device, COST_ALLOC + COST_COPY + bytes * 1000 / COST_COPY_BYTES_PER_US);
    return 0;
}

/* Kernels are named one by one: a program may have more of them than a command holds. */
static int32_t tell_kernel(struct device *device, const struct program *program, const void *handle, int kernel,
                           uint32_t *number)
{
    const uint64_t bit = UINT64_C(1) << kernel;
    struct emu_kernel names = {0};
    struct emu_command *command;
    int32_t code;

    if (device->loaded[*number].kernels & bit) return 0;
    code = device_claim(device, EMU_CMD_PROGRAM_KERNEL, UINT32_MAX, &command);
    if (code) return code;
    if (!find_copy(device, handle, number))
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p was unregistered meanwhile", handle);
    snprintf(names.aic, sizeof names.aic, "%s", program->kernels[kernel].aic);
    snprintf(names.aiv, sizeof names.aiv, "%s", program->kernels[kernel].aiv);
    command->handle = *number;
    command->kernel = (uint32_t)kernel;
    command->args_size = sizeof names;
    memcpy(command->args, &names, sizeof names);
    device_publish(device);
    device->loaded[*number].kernels |= bit;
    return 0;
}

int32_t program_load(struct device *device, const struct program *program, const void *handle, int kernel,
                     uint32_t *number)
{
    const int32_t code = load(device, program, handle, number);

    return code ? code : tell_kernel(device, program, handle, kernel, number);
}

static void unload(struct device *device, const void *handle)
{
    struct emu_command *command;
    uint32_t number;

    pthread_mutex_lock(&device->lock);
    if (device->process && !device->down && find_copy(device, handle, &number) &&
        device_claim(device, EMU_CMD_PROGRAM_UNLOAD, UINT32_MAX, &command) == 0 && find_copy(device, handle, &number)) {
        command->handle = number;
        device_publish(device);
        device_give(device, device->loaded[number].address, HEAP_CARD);
        device->loaded[number].program = NULL;
    }
    pthread_mutex_unlock(&device->lock);
}

rtError_t rtDevBinaryUnRegister(void *handle)
{
    struct program *program = program_get(handle);
    struct device *device;
    bool mine;

    if (!handle) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtDevBinaryUnRegister: handle is NULL");
    if (!program) return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a registered program", handle);
    pthread_rwlock_wrlock(&lock);
    mine = slot_table[program->slot] == program;
    if (mine) slot_table[program->slot] = NULL;
    pthread_rwlock_unlock(&lock);
    for (int64_t id = 0; mine && (device = card_device_by_driver_id(id)); id++)
        unload(device, handle);
    if (mine) program_put(program); /* the table's reference */
    program_put(program);
    return mine ? 0 : message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p was unregistered meanwhile", handle);
}
