#include "callable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api.h"
#include "elf.h"
#include "error.h"
#include "file.h"
#include "code.h"
#include "log.h"
#include "memory.h"
#include "rings.h"
#include "sanitizer.h"
#include "streamed.h"

/* ---- checks ---- */

static npurt_status check_params(const npurt_callable_desc *desc, const char *name)
{
    if (desc->param_count > NPURT_CALL_MAX_TENSORS || desc->scalar_count > NPURT_CALL_MAX_SCALARS)
        return error_raise(NPURT_ERROR_LIMIT,
                           "callable \"%s\" declares %u tensors and %u scalars; at most %d and %d are possible", name,
                           desc->param_count, desc->scalar_count, NPURT_CALL_MAX_TENSORS, NPURT_CALL_MAX_SCALARS);
    if (desc->param_count && !desc->params)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\": param_count is %u, params is NULL", name,
                           desc->param_count);
    for (uint32_t i = 0; i < desc->param_count; i++) {
        const npurt_param *p = &desc->params[i];
        if (p->access != NPURT_ACCESS_INPUT && p->access != NPURT_ACCESS_INOUT &&
            p->access != NPURT_ACCESS_OUTPUT_EXISTING)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "callable \"%s\", parameter %u: access %d is not one of INPUT, INOUT, OUTPUT_EXISTING",
                               name, i, (int)p->access);
        if (!npurt_dtype_size(p->dtype))
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\", parameter %u: no dtype has number %d",
                               name, i, (int)p->dtype);
        if (p->ndims > NPURT_MAX_DIMS)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "callable \"%s\", parameter %u: %u dimensions, at most %d are possible", name, i,
                               p->ndims, NPURT_MAX_DIMS);
    }
    return NPURT_OK;
}

static npurt_status check_kernels(const npurt_callable_desc *desc, const char *name, uint32_t *limit)
{
    *limit = 0;
    if (desc->kernel_count && !desc->kernels)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\": kernel_count is %u, kernels is NULL", name,
                           desc->kernel_count);
    if (desc->kernel_count > NPURT_MAX_KERNELS)
        return error_raise(NPURT_ERROR_LIMIT, "callable \"%s\" has %u kernels; at most %d are possible", name,
                           desc->kernel_count, NPURT_MAX_KERNELS);
    for (uint32_t i = 0; i < desc->kernel_count; i++) {
        const npurt_kernel_desc *k = &desc->kernels[i];
        if (k->id >= NPURT_MAX_KERNELS)
            return error_raise(NPURT_ERROR_LIMIT, "callable \"%s\": kernel id %u; ids are 0 to %d", name, k->id,
                               NPURT_MAX_KERNELS - 1);
        if (k->core != NPURT_CORE_AIC && k->core != NPURT_CORE_AIV)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "callable \"%s\", kernel %u: core %d is neither AIC nor AIV", name, k->id, (int)k->core);
        if (k->entry && strlen(k->entry) > 63)
            return error_raise(NPURT_ERROR_LIMIT, "callable \"%s\", kernel %u: the entry's name is longer than 63",
                               name, k->id);
        if (k->id >= *limit) *limit = k->id + 1;
    }
    return NPURT_OK;
}

/* ---- loading ---- */

static void name_kernel(const npurt_kernel_desc *desc, char out[64])
{
    const char *slash = desc->binary.path ? strrchr(desc->binary.path, '/') : NULL;
    if (desc->name)
        snprintf(out, 64, "%s", desc->name);
    else if (desc->binary.path)
        snprintf(out, 64, "%s", slash ? slash + 1 : desc->binary.path);
    else
        snprintf(out, 64, "kernel %u", desc->id);
}

static npurt_status load_kernel(npurt_callable *c, const npurt_kernel_desc *desc)
{
    const char *entry = desc->entry ? desc->entry : "kernel_entry", *name = c->kernel_name[desc->id];
    const char *source = desc->binary.path ? desc->binary.path : "in memory";
    if (c->kernel[desc->id])
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\": two kernels have id %u", c->name, desc->id);
    name_kernel(desc, c->kernel_name[desc->id]);
    char what[160];
    snprintf(what, sizeof what, "callable \"%s\", kernel %u (%s)", c->name, desc->id, name);
    struct bytes bytes;
    npurt_status status = file_read_binary(&desc->binary, what, &bytes);
    if (status != NPURT_OK) return status;
    /* On the emulated card a kernel is a shared object of this machine; on silicon whatever the vendor's compiler
     * makes. */
    const bool emulated = strcmp(c->device->driver->platform, "emu") == 0;
    const char *problem =
        emulated ? elf_shared_object_problem(bytes.data, bytes.size) : elf_problem(bytes.data, bytes.size);
    if (problem)
        status = error_raise(NPURT_ERROR_BAD_BINARY, "%s: %s %s", what, source, problem);
    else if (!elf_has_function(bytes.data, bytes.size, entry, emulated))
        status = error_raise(NPURT_ERROR_BAD_BINARY, "%s: %s has no function \"%s\"", what, source, entry);
    else
        status = emulated ? sanitizer_check(what, source, bytes.data, bytes.size, true) : NPURT_OK;
    if (status == NPURT_OK)
        status = code_take(c->device, name, (enum code_kind)desc->core, entry, desc->duration_ns, bytes.data,
                           bytes.size, &c->kernel[desc->id]);
    file_release(&bytes);
    if (status == NPURT_OK) c->kernel_core[desc->id] = (uint32_t)desc->core;
    return status;
}

static npurt_status load_table(npurt_callable *c)
{
    if (!c->kernel_limit) return NPURT_OK;
    struct kernel_entry table[NPURT_MAX_KERNELS] = {0};
    for (uint32_t i = 0; i < c->kernel_limit; i++) {
        table[i].core_type = c->kernel_core[i];
        if (!c->kernel[i]) continue;
        table[i].image = c->kernel[i]->address;
        table[i].duration_ns = c->kernel[i]->duration_ns;
    }
    const uint64_t size = c->kernel_limit * sizeof table[0];
    npurt_status status = memory_take(c->device, size, c->name, "kernel table", &c->kernel_table);
    return status == NPURT_OK ? memory_write(c->device, c->kernel_table, table, size, "the kernel table") : status;
}

/* The orchestration, where it will run. */
static npurt_status load_orchestration(npurt_callable *c, const npurt_callable_desc *desc)
{
    const char *entry = desc->entry ? desc->entry : "orchestration_entry";
    if (c->runtime == NPURT_HOST_BUILD_GRAPH)
        return orchestration_open(&desc->orchestration, c->name, entry, &c->orchestration);
    if (strlen(entry) >= STREAM_ENTRY)
        return error_raise(NPURT_ERROR_LIMIT, "callable \"%s\": the orchestration's entry's name is longer than %d",
                           c->name, STREAM_ENTRY - 1);
    struct bytes bytes;
    const bool silicon = strcmp(c->device->driver->platform, "emu") != 0;
    npurt_status status = orchestration_read(&desc->orchestration, c->name, entry, true, silicon, &bytes);
    if (status != NPURT_OK) return status;
    status = code_take(c->device, c->name, CODE_ORCHESTRATION, entry, 0, bytes.data, bytes.size, &c->streamed);
    file_release(&bytes);
    return status;
}

/* Gives back what the callable has on the device. */
static npurt_status release(npurt_callable *c)
{
    npurt_status status = streamed_unload(c);
    error_first(&status, memory_give(c->device, c->kernel_table));
    c->kernel_table = 0;
    error_first(&status, code_give(c->device, c->streamed));
    c->streamed = NULL;
    for (uint32_t i = 0; c->kernel && i < c->kernel_limit; i++) {
        error_first(&status, code_give(c->device, c->kernel[i]));
        c->kernel[i] = NULL;
    }
    return status;
}

static void destroy(npurt_callable *c)
{
    handle_give(c->entry);
    orchestration_close(&c->orchestration);
    free(c->params);
    free(c->kernel);
    free(c->kernel_core);
    free(c->kernel_name);
    free(c);
}

static npurt_status load(npurt_callable *c, const npurt_callable_desc *desc)
{
    char whose[96];
    npurt_status status = check_kernels(desc, c->name, &c->kernel_limit);
    if (status == NPURT_OK) status = check_params(desc, c->name);
    if (status == NPURT_OK && desc->runtime != NPURT_HOST_BUILD_GRAPH &&
        desc->runtime != NPURT_TENSORMAP_AND_RINGBUFFER)
        status = error_raise(NPURT_ERROR_UNSUPPORTED,
                             "callable \"%s\": runtime %d; there are NPURT_HOST_BUILD_GRAPH and "
                             "NPURT_TENSORMAP_AND_RINGBUFFER",
                             c->name, (int)desc->runtime);
    snprintf(whose, sizeof whose, "callable \"%s\"", c->name);
    if (status == NPURT_OK) status = rings_check(desc->ring, whose);
    if (status != NPURT_OK) return status;
    c->runtime = desc->runtime;
    memcpy(c->ring, desc->ring, sizeof c->ring);
    c->params = calloc(desc->param_count + 1, sizeof *c->params);
    c->kernel = calloc(c->kernel_limit + 1, sizeof(struct code_upload *));
    c->kernel_core = malloc((c->kernel_limit + 1) * sizeof *c->kernel_core);
    c->kernel_name = calloc(c->kernel_limit + 1, sizeof *c->kernel_name);
    if (!c->params || !c->kernel || !c->kernel_core || !c->kernel_name)
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for callable \"%s\"", c->name);
    for (uint32_t i = 0; i <= c->kernel_limit; i++)
        c->kernel_core[i] = KERNEL_ABSENT;
    if (desc->param_count) memcpy(c->params, desc->params, desc->param_count * sizeof *c->params);
    c->param_count = desc->param_count;
    c->scalar_count = desc->scalar_count;

    status = load_orchestration(c, desc);
    for (uint32_t i = 0; status == NPURT_OK && i < desc->kernel_count; i++)
        status = load_kernel(c, &desc->kernels[i]);
    if (status == NPURT_OK) status = load_table(c);
    return status;
}

/* AICPU programs tell callables apart by it, through resets and for handles of one device alike. */
static uint32_t next_number(void)
{
    static _Atomic uint32_t last;
    uint32_t number = 0;
    while (number == 0)
        number = atomic_fetch_add(&last, 1) + 1;
    return number;
}

static npurt_status load_on(npurt_device *device, const npurt_callable_desc *desc, npurt_callable **out)
{
    if (!desc || !out) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is NULL", desc ? "out" : "desc");
    const char *name = desc->name ? desc->name : "callable";
    if (device->callable_count == NPURT_MAX_CALLABLES)
        return error_raise(NPURT_ERROR_LIMIT, "callable \"%s\" would be number %d on %s; unload one", name,
                           NPURT_MAX_CALLABLES + 1, device->info.target);
    npurt_callable *c = calloc(1, sizeof *c);
    struct handle_entry *entry = handle_take(HANDLE_CALLABLE, device->entry, name);
    if (!c || !entry) {
        free(c);
        handle_give(entry);
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a callable");
    }
    c->entry = entry;
    c->device = device;
    c->orchestration.fd = -1;
    c->number = next_number();
    snprintf(c->name, sizeof c->name, "%s", name);
    npurt_status status = load(c, desc);
    if (status != NPURT_OK) {
        (void)release(c);
        destroy(c);
        return status;
    }
    c->next = device->callables;
    device->callables = c;
    device->callable_count++;
    *out = handle_open(entry, c);
    log_write(LOG_LEVEL_INFO, "callable", "\"%s\" loaded: %u kernels", c->name, desc->kernel_count);
    return NPURT_OK;
}

npurt_status callable_load(npurt_device *handle, const npurt_callable_desc *desc, npurt_callable **out)
{
    npurt_device *device;
    if (out) *out = NULL;
    npurt_status status = device_enter(handle, "npurt_callable_load", DEVICE_NEED_WORK, &device);
    return status == NPURT_OK ? device_leave(device, load_on(device, desc, out)) : status;
}

npurt_status npurt_callable_load(npurt_device *handle, const npurt_callable_desc *desc, npurt_callable **out)
{
    npurt_device *device;
    if (out) *out = NULL;
    npurt_status status = device_enter(handle, "npurt_callable_load", DEVICE_NEED_WORK, &device);
    if (status != NPURT_OK) return status;
    struct api_copy copy;
    const npurt_callable_desc *own = api_desc(device->api, desc, &copy);
    status = desc && !own ? NPURT_ERROR_OUT_OF_HOST_MEMORY : load_on(device, own, out);
    api_release(&copy);
    return device_leave(device, status);
}

npurt_status callable_check_loaded(const npurt_callable *c)
{
    if (!c->unloading) return NPURT_OK;
    return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\" is being unloaded by another thread", c->name);
}

npurt_status npurt_callable_unload(npurt_callable *handle)
{
    if (!handle) return NPURT_OK;
    npurt_callable *callable;
    npurt_status status = device_enter_callable(handle, "npurt_callable_unload", DEVICE_NEED_HANDLE, &callable);
    if (status != NPURT_OK) return status;
    npurt_device *device = callable->device;
    status = callable_check_loaded(callable);
    if (status != NPURT_OK) return device_leave(device, status);
    callable->unloading = true;
    status = flight_settle(device, callable);
    callable->unloading = false;
    if (status != NPURT_OK) return device_leave(device, status);
    handle_close(callable->entry, NULL);
    npurt_callable **at = &device->callables;
    while (*at != callable)
        at = &(*at)->next;
    *at = callable->next;
    if (!callable->orphaned) {
        device->callable_count--;
        /* On a failed device handles are not freed one by one: the reset reclaims them. */
        if (atomic_load(&device->state) == NPURT_DEVICE_HEALTHY) {
            status = device_bind_thread(device);
            if (status == NPURT_OK) status = release(callable);
        } else {
            if (callable->streamed) callable->streamed->users--;
            for (uint32_t i = 0; i < callable->kernel_limit; i++)
                if (callable->kernel[i]) callable->kernel[i]->users--;
        }
    }
    destroy(callable);
    return device_leave(device, status);
}

/* ---- for the device ---- */

const char *callable_kernel_name(const npurt_callable *c, int32_t kernel)
{
    if (kernel < 0 || (uint32_t)kernel >= c->kernel_limit || !c->kernel[kernel]) return "?";
    return c->kernel_name[kernel];
}

void callable_end_handles(npurt_device *device)
{
    for (npurt_callable *c = device->callables; c; c = c->next)
        handle_close(c->entry, "was unloaded when its device was closed");
}

npurt_status callable_release_all(npurt_device *device)
{
    npurt_status status = NPURT_OK;
    for (npurt_callable *c = device->callables; c; c = c->next) {
        if (c->orphaned) continue;
        error_first(&status, release(c));
        c->orphaned = true;
    }
    device->callable_count = 0;
    return status;
}

void callable_orphan_all(npurt_device *device)
{
    for (npurt_callable *c = device->callables; c; c = c->next) {
        c->orphaned = true;
        c->kernel_table = 0;
        c->streamed = NULL;
        memset(c->kernel, 0, c->kernel_limit * sizeof(struct code_upload *));
    }
    device->callable_count = 0;
}

void callable_free_all(npurt_device *device)
{
    while (device->callables) {
        npurt_callable *next = device->callables->next;
        destroy(device->callables);
        device->callables = next;
    }
}
