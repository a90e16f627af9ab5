#include "code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../protocol/fingerprint.h"
#include "../protocol/stream.h"
#include "error.h"
#include "memory.h"

/* Both kinds of image begin with a header of one size, which their code follows. */
enum { CODE_AT = 128 };
_Static_assert((int)KERNEL_IMAGE_CODE == CODE_AT && (int)ORCHESTRATION_CODE == CODE_AT, "code_upload");

static void write_header(char *image, const struct code_upload *code)
{
    if (code->kind == CODE_ORCHESTRATION) {
        struct orchestration_image *header = (struct orchestration_image *)image;
        *header = (struct orchestration_image){
            .magic = ORCHESTRATION_MAGIC, .code_size = code->code_size, .content_hash = code->hash};
        memcpy(header->entry, code->entry, sizeof header->entry);
    } else {
        struct kernel_image *header = (struct kernel_image *)image;
        *header = (struct kernel_image){.magic = KERNEL_IMAGE_MAGIC,
                                        .core_type = (uint32_t)code->kind,
                                        .code_size = code->code_size,
                                        .content_hash = code->hash,
                                        .duration_ns = code->duration_ns};
        memcpy(header->entry, code->entry, sizeof header->entry);
    }
}

static npurt_status upload(npurt_device *device, const char *name, const void *bytes, struct code_upload *code)
{
    char *image = calloc(1, code->size);
    if (!image) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the code of %s", name);
    write_header(image, code);
    memcpy(image + CODE_AT, bytes, code->code_size);
    npurt_status status = memory_take(
        device, code->size, code->kind == CODE_ORCHESTRATION ? "orchestrations" : "kernels", name, &code->address);
    if (status == NPURT_OK) {
        status = memory_write(device, code->address, image, code->size, name);
        if (status != NPURT_OK) (void)memory_give(device, code->address);
    }
    free(image);
    return status;
}

npurt_status code_take(npurt_device *device, const char *name, enum code_kind kind, const char *entry,
                       uint32_t duration_ns, const void *bytes, size_t size, struct code_upload **out)
{
    const uint64_t hash = fingerprint_fnv1a(bytes, size);
    for (struct code_upload *c = device->code; c; c = c->next) {
        if (c->hash != hash || c->code_size != size || c->kind != kind || c->duration_ns != duration_ns ||
            strcmp(c->entry, entry) != 0)
            continue;
        c->users++;
        *out = c;
        return NPURT_OK;
    }
    struct code_upload *code = calloc(1, sizeof *code);
    if (!code) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the code of %s", name);
    *code = (struct code_upload){
        .kind = kind, .users = 1, .duration_ns = duration_ns, .hash = hash, .code_size = size, .size = CODE_AT + size};
    snprintf(code->entry, sizeof code->entry, "%s", entry);
    npurt_status status = upload(device, name, bytes, code);
    if (status != NPURT_OK) {
        free(code);
        return status;
    }
    code->next = device->code;
    device->code = code;
    *out = code;
    return NPURT_OK;
}

npurt_status code_give(npurt_device *device, struct code_upload *code)
{
    if (!code || --code->users) return NPURT_OK;
    struct code_upload **at = &device->code;
    while (*at != code)
        at = &(*at)->next;
    *at = code->next;
    npurt_status status = memory_give(device, code->address);
    free(code);
    return status;
}

npurt_status code_clear(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    while (device->code) {
        device->code->users = 1;
        error_first(&status, code_give(device, device->code));
    }
    return status;
}

void code_forget(npurt_device *device)
{
    while (device->code) {
        struct code_upload *next = device->code->next;
        free(device->code);
        device->code = next;
    }
}
