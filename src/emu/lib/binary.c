#include "binary.h"
#include "entries.h"
#include "message.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINARY_SLOTS = 1024, NAMES_MEMORY = 2 * HEAP_UNIT /* a function's two names in HBM */ };

/* One member of a descriptor. Only what launching needs is kept. */
struct entry {
    char *key;
    struct emu_function function;
    uint32_t kernel_type;
};

struct binary {
    uint32_t serial;
    uint32_t entry_count;
    struct entry *entries;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct binary *slot_table[BINARY_SLOTS];
static uint32_t next_serial = 1;

static void binary_destroy(struct binary *binary)
{
    if (!binary) return;
    for (uint32_t i = 0; i < binary->entry_count; i++)
        free(binary->entries[i].key);
    free(binary->entries);
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

/* ---- reading a descriptor --------------------------------------------------------------------------------------- */

static uint32_t type_of(const char *library, const char *user_defined)
{
    if (!library) return RT_KERNEL_TYPE_RESERVED;
    if (strcmp(library, "AICPUKernel") == 0)
        return user_defined && strcmp(user_defined, "True") == 0 ? RT_KERNEL_TYPE_AICPU_CUSTOM : RT_KERNEL_TYPE_AICPU;
    if (strcmp(library, "CUSTAICPUKernel") == 0) return RT_KERNEL_TYPE_AICPU_CUSTOM;
    if (strcmp(library, "TFKernel") == 0) return RT_KERNEL_TYPE_FWK;
    if (strcmp(library, "KFCKernel") == 0) return RT_KERNEL_TYPE_AICPU_KFC;
    if (strcmp(library, "CUSTKFCKernel") == 0) return RT_KERNEL_TYPE_CUSTOM_KFC;
    return RT_KERNEL_TYPE_RESERVED;
}

static int32_t read_entry(struct entry *entry, const char *path, const char *key, const json_t *value)
{
    const json_t *info = json_object_get(value, "opInfo");
    const char *symbol = json_string_value(json_object_get(info, "functionName"));
    const char *so = json_string_value(json_object_get(info, "kernelSo"));

    if (!symbol || !so)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                            "%s: \"%s\" has no opInfo with the strings functionName and kernelSo", path, key);
    if (strlen(symbol) >= sizeof entry->function.symbol || strlen(so) >= sizeof entry->function.so)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s: a name of \"%s\" is longer than %zu", path, key,
                            sizeof entry->function.so - 1);
    entry->key = strdup(key);
    if (!entry->key) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    strcpy(entry->function.symbol, symbol);
    strcpy(entry->function.so, so);
    entry->kernel_type = type_of(json_string_value(json_object_get(info, "opKernelLib")),
                                 json_string_value(json_object_get(info, "userDefined")));
    return 0;
}

static int32_t read_entries(struct binary *binary, const char *path, json_t *object)
{
    const size_t count = json_object_size(object);
    const char *key;
    json_t *value;
    int32_t code;

    if (count == 0) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s is no JSON object with members", path);
    binary->entries = calloc(count, sizeof *binary->entries);
    if (!binary->entries) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    json_object_foreach(object, key, value)
    {
        code = read_entry(&binary->entries[binary->entry_count], path, key, value);
        if (code) return code;
        binary->entry_count++;
    }
    return 0;
}

static int32_t read_descriptor(struct binary *binary, const char *path)
{
    json_error_t error;
    json_t *object = json_load_file(path, 0, &error);
    int32_t code;

    if (!object)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s, line %d: %s", path, error.line < 0 ? 0 : error.line,
                            error.text);
    code = read_entries(binary, path, object);
    json_decref(object);
    return code;
}

/* The path's last extension is replaced: callers name the shared object or the descriptor. */
static bool descriptor_path(const char *path, char *to, size_t size)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);

    return (size_t)snprintf(to, size, "%.*s.json", (int)stem, path) < size;
}

static int32_t check_mode(const rtLoadBinaryConfig_t *config)
{
    const rtLoadBinaryOption_t *option = config ? config->options : NULL;

    if (!config || config->numOpt != 1 || !option || option->optionId != RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID,
                            "a CPU-kernel binary is loaded with the one option CPU_KERNEL_MODE");
    if (option->value.cpuKernelMode == RT_CPU_KERNEL_MODE_JSON) return 0;
    if (option->value.cpuKernelMode == RT_CPU_KERNEL_MODE_JSON_AND_SO ||
        option->value.cpuKernelMode == RT_CPU_KERNEL_MODE_DATA)
        return message_fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "CPU_KERNEL_MODE %d is not emulated, 0 is",
                            option->value.cpuKernelMode);
    return message_fail(ACL_ERROR_RT_PARAM_INVALID, "CPU_KERNEL_MODE %d is not known", option->value.cpuKernelMode);
}

rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *handle)
{
    struct binary *binary;
    char json_path[4096];
    uint32_t slot = 0;
    int32_t code;

    if (!path || !handle)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsBinaryLoadFromFile: %s is NULL", path ? "handle" : "path");
    code = check_mode(config);
    if (code) return code;
    if (!descriptor_path(path, json_path, sizeof json_path))
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "the path %.64s… is too long", path);
    binary = calloc(1, sizeof *binary);
    if (!binary) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    code = read_descriptor(binary, json_path);
    if (code) {
        binary_destroy(binary);
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

static int32_t find_entry(rtBinHandle handle, const char *name, struct entry *found, uint32_t *index)
{
    const struct binary *binary;
    uint32_t slot;
    int32_t code;

    pthread_mutex_lock(&lock);
    binary = binary_find(handle, &slot);
    for (*index = 0; binary && *index < binary->entry_count; ++*index)
        if (strcmp(binary->entries[*index].key, name) == 0) break;
    if (!binary) {
        code = message_fail(ACL_ERROR_RT_INVALID_HANDLE, "%p is not a loaded binary", handle);
    } else if (*index == binary->entry_count) {
        code = message_fail(ACL_ERROR_RT_PARAM_INVALID, "the binary has no function \"%s\"", name);
    } else {
        *found = binary->entries[*index];
        code = 0;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

rtError_t rtsFuncGetByName(rtBinHandle handle, const char *name, rtFuncHandle *out)
{
    struct function *function = NULL;
    struct device *device;
    struct entry entry = {0};
    uint32_t index;
    int32_t code;

    if (!name || !out)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "rtsFuncGetByName: %s is NULL", name ? "function" : "name");
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
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%p is not a CPU function", handle);
    function = &device->function[h.slot];
    if (h.device != (uint32_t)device->driver_id || !function->live || function->serial != h.serial)
        return message_fail(ACL_ERROR_RT_INVALID_HANDLE, "the function %p is not of device %d, or the device was reset",
                            handle, device->id);
    *number = h.slot;
    return 0;
}
