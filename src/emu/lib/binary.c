#include "binary.h"
#include "descriptor.h"
#include "entries.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BINARY_SLOTS = 1024, NAMES_MEMORY = 2 * HEAP_UNIT /* a function's two names in HBM */ };

struct binary {
    uint32_t serial;
    struct descriptor descriptor;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct binary *slot_table[BINARY_SLOTS];
static uint32_t next_serial = 1;

static void binary_destroy(struct binary *binary)
{
    descriptor_release(&binary->descriptor);
    free(binary);
}

/* Under the lock. */
static struct binary *binary_find(const void *handle, uint32_t *slot)
{
    struct handle h;

    if (!handle_unpack(handle, HANDLE_BINARY, &h) || h.slot >= BINARY_SLOTS) return NULL;
    *slot = h.slot;
    return slot_table[h.slot] && slot_table[h.slot]->serial == h.serial ? slot_table[h.slot] : NULL;
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

/* The path's last extension is replaced: callers name the shared object or the descriptor. */
static bool descriptor_path(const char *path, char *to, size_t size)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);

    return (size_t)snprintf(to, size, "%.*s.json", (int)stem, path) < size;
}

enum { MODE_AICORE = -1 /* no CPU kernels: an AICore program */ };

static int32_t read_option(const rtLoadBinaryOption_t *option, int32_t *mode)
{
    switch (option->optionId) {
    case RT_LOAD_BINARY_OPT_LAZY_LOAD:
        if (option->value.isLazyLoad <= 1) return 0;
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "LAZY_LOAD %u is neither 0 nor 1", option->value.isLazyLoad);
    case RT_LOAD_BINARY_OPT_MAGIC:
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a binary from a file takes no option MAGIC");
    case RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE:
        *mode = option->value.cpuKernelMode;
        if (*mode == RT_CPU_KERNEL_MODE_JSON || *mode == RT_CPU_KERNEL_MODE_JSON_AND_SO) return 0;
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "CPU_KERNEL_MODE %d is none of a file's", *mode);
    default:
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "load option %d is not known", option->optionId);
    }
}

static int32_t read_options(const rtLoadBinaryConfig_t *config, int32_t *mode)
{
    int32_t code = 0;

    *mode = MODE_AICORE;
    if (config && !config->options)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "a load configuration without a list of options");
    for (size_t i = 0; config && i < config->numOpt && !code; i++)
        code = read_option(&config->options[i], mode);
    return code;
}

/* What is emulated is a JSON file that names a library on the device. */
static int32_t check_mode(const char *path, int32_t mode)
{
    if (mode == RT_CPU_KERNEL_MODE_JSON) return 0;
    if (access(path, R_OK)) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s: %s", path, strerror(errno));
    if (mode == MODE_AICORE)
        return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                            "loading without the option CPU_KERNEL_MODE is not emulated");
    return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "CPU_KERNEL_MODE %d is not emulated, 0 is", mode);
}

rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *handle)
{
    struct binary *binary;
    char json_path[4096];
    uint32_t slot = 0;
    int32_t code, mode;

    if (!path || !handle)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsBinaryLoadFromFile: %s is NULL", path ? "handle" : "path");
    code = read_options(config, &mode);
    if (!code) code = check_mode(path, mode);
    if (code) return code;
    if (!descriptor_path(path, json_path, sizeof json_path))
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the path %.64s… is too long", path);
    binary = calloc(1, sizeof *binary);
    if (!binary) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    code = descriptor_load(json_path, &binary->descriptor);
    if (code) {
        free(binary);
        return code;
    }
    pthread_mutex_lock(&lock);
    while (slot < BINARY_SLOTS && slot_table[slot])
        slot++;
    if (slot < BINARY_SLOTS) {
        binary->serial = next_serial++;
        slot_table[slot] = binary;
        *handle = handle_pack(HANDLE_BINARY, HANDLE_NO_DEVICE, binary->serial, slot);
    }
    pthread_mutex_unlock(&lock);
    if (slot < BINARY_SLOTS) return 0;
    binary_destroy(binary);
    return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "%d binaries are loaded", BINARY_SLOTS);
}

/* ---- functions on a device -------------------------------------------------------------------------------------- */

static void function_drop(struct device *device, struct function *function)
{
    if (!device->down) device_give(device, function->names, HEAP_CARD);
    function->live = false;
}

rtError_t rtsBinaryUnload(rtBinHandle handle)
{
    struct binary *binary;
    struct device *device;
    uint32_t slot;

    if (!handle) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsBinaryUnload: handle is NULL");
    pthread_mutex_lock(&lock);
    binary = binary_find(handle, &slot);
    if (binary) slot_table[slot] = NULL;
    pthread_mutex_unlock(&lock);
    if (!binary) return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a loaded binary", handle);
    for (int64_t id = 0; (device = card_device_by_driver_id(id)); id++) {
        pthread_mutex_lock(&device->lock);
        for (uint32_t i = 0; i < device->function_high; i++)
            if (device->function[i].live && device->function[i].binary == handle)
                function_drop(device, &device->function[i]);
        pthread_mutex_unlock(&device->lock);
    }
    binary_destroy(binary);
    return 0;
}

/* The first look-up on a device copies the names there and tells the device process; nothing is opened. */
static int32_t function_bind(struct device *device, void *handle, uint32_t entry_index, const struct emu_function *what,
                             struct function **out)
{
    struct emu_command *command;
    struct function *function;
    uint32_t slot = 0;
    int32_t code = device_claim(device, EMU_CMD_BIND_FUNCTION, UINT32_MAX, &command);

    if (code) return code;
    while (slot < DEVICE_FUNCTIONS && device->function[slot].live)
        slot++;
    if (slot == DEVICE_FUNCTIONS)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "%d functions are bound", DEVICE_FUNCTIONS);
    function = &device->function[slot];
    function->names = device_take(device, NAMES_MEMORY, HEAP_UNIT, HEAP_CARD);
    if (!function->names)
        return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "no device memory for a function's names");
    function->live = true;
    function->serial++;
    function->binary = handle;
    function->entry = entry_index;
    if (slot >= device->function_high) device->function_high = slot + 1;
    command->handle = slot;
    command->args_size = sizeof *what;
    memcpy(command->args, what, sizeof *what);
    device_publish(device);
    *out = function;
    return 0;
}

static int32_t find_entry(rtBinHandle handle, const char *name, struct descriptor_entry *found, uint32_t *index)
{
    const struct binary *binary;
    uint32_t slot;
    int32_t code;

    pthread_mutex_lock(&lock);
    binary = binary_find(handle, &slot);
    for (*index = 0; binary && *index < binary->descriptor.count; ++*index)
        if (strcmp(binary->descriptor.entry[*index].key, name) == 0) break;
    if (!binary) {
        code = message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a loaded binary", handle);
    } else if (*index == binary->descriptor.count) {
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "the binary has no function \"%s\"", name);
    } else {
        *found = binary->descriptor.entry[*index];
        code = 0;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

rtError_t rtsFuncGetByName(rtBinHandle handle, const char *name, rtFuncHandle *out)
{
    struct function *function = NULL;
    struct device *device;
    struct descriptor_entry entry = {0};
    uint32_t index;
    int32_t code;

    if (!handle || !name || !out)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsFuncGetByName: %s is NULL",
                            !handle ? "binary"
                            : name  ? "function"
                                    : "name");
    code = device_enter(&device);
    if (code) return code;
    code = find_entry(handle, name, &entry, &index);
    if (!code && entry.kernel_type != RT_KERNEL_TYPE_AICPU && entry.kernel_type != RT_KERNEL_TYPE_FWK)
        code = message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "\"%s\" is of kernel type %u; 1 and 2 are emulated", name,
                            entry.kernel_type);
    for (uint32_t i = 0; !code && !function && i < device->function_high; i++) {
        struct function *one = &device->function[i];
        if (one->live && one->binary == handle && one->entry == index) function = one;
    }
    if (!code && !function) code = function_bind(device, handle, index, &entry.function, &function);
    if (!code)
        *out = handle_pack(HANDLE_FUNCTION, (uint32_t)device->driver_id, function->serial,
                           (uint32_t)(function - device->function));
    device_leave(device);
    return code;
}

int32_t binary_function(struct device *device, const void *handle, uint32_t *number)
{
    const struct function *function;
    struct handle h;

    if (!handle_unpack(handle, HANDLE_FUNCTION, &h) || h.slot >= DEVICE_FUNCTIONS)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a CPU function", handle);
    function = &device->function[h.slot];
    if (h.device != (uint32_t)device->driver_id || !function->live || function->serial != h.serial)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "the function %p is not of device %d, or the device was reset",
                            handle, device->id);
    *number = h.slot;
    return 0;
}
