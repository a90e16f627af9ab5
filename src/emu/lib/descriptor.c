#include "descriptor.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cann.h"
#include "files/regular.h"
#include "message.h"

enum { DESCRIPTOR_MOST = 64 << 20 };

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

static int32_t read_entry(struct descriptor_entry *entry, const char *path, const char *key, const json_t *value)
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

static int32_t read_entries(struct descriptor *out, const char *path, json_t *object)
{
    const size_t count = json_object_size(object);
    const char *key;
    json_t *value;
    int32_t code;

    if (count == 0) return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s is no JSON object with members", path);
    out->entry = calloc(count, sizeof *out->entry);
    if (!out->entry) return message_fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "out of host memory");
    json_object_foreach(object, key, value)
    {
        code = read_entry(&out->entry[out->count], path, key, value);
        if (code) return code;
        out->count++;
    }
    return 0;
}

/* Takes the object; NULL when there is none, for the reason in `error`. */
static int32_t read_object(json_t *object, const json_error_t *error, const char *path, struct descriptor *out)
{
    int32_t code;

    *out = (struct descriptor){0};
    if (!object)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s, line %d: %s", path, error->line < 0 ? 0 : error->line,
                            error->text);
    code = read_entries(out, path, object);
    json_decref(object);
    if (code) descriptor_release(out);
    return code;
}

int32_t descriptor_load(const char *path, struct descriptor *out)
{
    char problem[4096 + 128], *text;
    size_t size;
    int32_t code;

    *out = (struct descriptor){0};
    if (regular_read(path, DESCRIPTOR_MOST, &text, &size, problem, sizeof problem) != REGULAR_OK)
        return message_fail(ACL_ERROR_RT_PARAM_INVALID, "%s", problem);
    code = descriptor_parse(text, size, path, out);
    free(text);
    return code;
}

int32_t descriptor_parse(const char *text, size_t size, const char *path, struct descriptor *out)
{
    json_error_t error;

    return read_object(json_loadb(text, size, 0, &error), &error, path, out);
}

void descriptor_release(struct descriptor *descriptor)
{
    for (uint32_t i = 0; i < descriptor->count; i++)
        free(descriptor->entry[i].key);
    free(descriptor->entry);
    *descriptor = (struct descriptor){0};
}
