#include "args.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "../bundle/description.h"
#include "error.h"
#include "memory.h"
#include "staging.h"
#include "strides.h"

/* More than any device has; sums of it and its rounding do not overflow. */
#define STAGING_MOST (UINT64_C(1) << 56)

/* "128 x 256"; an extent of 0 reads as `zero` says. */
static const char *shape_text(char text[80], uint32_t ndims, const uint32_t *shape, const char *zero)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t d = 0; d < ndims && d < NPURT_MAX_DIMS; d++)
        used += (size_t)(shape[d] ? snprintf(text + used, 80 - used, "%s%u", d ? " x " : "", shape[d])
                                  : snprintf(text + used, 80 - used, "%s%s", d ? " x " : "", zero));
    return text;
}

static npurt_tensor tensor_at(uint64_t address, const npurt_call_tensor *t)
{
    npurt_tensor x;
    npurt_tensor_init(&x, address, t->dtype, t->ndims, t->shape);
    strides_apply(t, &x);
    return x;
}

static npurt_status check_tensor(const npurt_callable *c, uint32_t i, const npurt_call_tensor *t)
{
    const npurt_param *p = &c->params[i];
    char what[96], have[80], want[80];
    snprintf(what, sizeof what, "\"%s\", tensor argument %u", c->name, i);
    if (t->dtype != p->dtype)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: dtype %s, declared is %s", what,
                           description_dtype_name(t->dtype), description_dtype_name(p->dtype));
    if (t->ndims < 1 || t->ndims > NPURT_MAX_DIMS)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: %u dimensions; 1 to %d are possible", what, t->ndims,
                           NPURT_MAX_DIMS);
    bool fits = p->ndims == 0 || p->ndims == t->ndims;
    for (uint32_t d = 0; fits && p->ndims && d < t->ndims; d++)
        fits = p->shape[d] == 0 || p->shape[d] == t->shape[d];
    if (!fits)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: shape %s, declared is %s", what,
                           shape_text(have, t->ndims, t->shape, "0"), shape_text(want, p->ndims, p->shape, "any"));
    for (uint32_t d = 0; d < t->ndims; d++)
        if (t->shape[d] == 0)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: shape %s has no elements", what,
                               shape_text(have, t->ndims, t->shape, "0"));
    if (strides_are_given(t)) {
        npurt_status status = strides_check(t, what);
        if (status != NPURT_OK) return status;
    }
    const npurt_tensor whole = tensor_at(t->device, t);
    for (uint32_t d = 0; d < t->ndims; d++)
        if (whole.strides[d] == 0)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s: shape %s, whose stride in dimension %u does not fit 32 bits", what,
                               shape_text(have, t->ndims, t->shape, "0"), d);
    if (t->host) return memory_check_host(c->device, t->host, what);
    if (!t->device)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: neither a host pointer nor a device address", what);
    return memory_check_device(c->device, t->device, whole.size, what);
}

npurt_status args_check(const npurt_callable *c, const npurt_call_args *args)
{
    const uint32_t unknown = args->flags & ~(uint32_t)(NPURT_CALL_LEAK_CHECK | NPURT_CALL_NO_WAIT);
    if (unknown)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "\"%s\": flags are 0x%x; there is no flag 0x%x", c->name,
                           args->flags, unknown);
    if (args->tensor_count != c->param_count)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "\"%s\": %u tensor arguments, declared are %u", c->name,
                           args->tensor_count, c->param_count);
    if (args->scalar_count != c->scalar_count)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "\"%s\": %u scalar arguments, declared are %u", c->name,
                           args->scalar_count, c->scalar_count);
    if (args->tensor_count && !args->tensors)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "\"%s\": tensors is NULL", c->name);
    if (args->scalar_count && !args->scalars)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "\"%s\": scalars is NULL", c->name);
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        npurt_status status = check_tensor(c, i, &args->tensors[i]);
        if (status != NPURT_OK) return status;
    }
    return NPURT_OK;
}

npurt_status args_bind(npurt_callable *c, struct run_bank *bank, const npurt_call_args *args)
{
    uint64_t need = 0, sizes[NPURT_CALL_MAX_TENSORS];
    struct staging plan;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        if (!args->tensors[i].host) continue;
        const uint64_t bytes = sizes[i] = tensor_at(0, &args->tensors[i]).size;
        if (bytes > STAGING_MOST || need + bytes > STAGING_MOST)
            return error_raise(NPURT_ERROR_OUT_OF_DEVICE_MEMORY,
                               "\"%s\", tensor argument %u: %" PRIu64 " bytes after %" PRIu64
                               " of other host tensors fit into no device",
                               c->name, i, bytes, need);
        need += bytes;
    }
    staging_plan(args, sizes, &plan);
    npurt_status status =
        bank_grow(c->device, bank, &bank->staging, &bank->staging_size, plan.size, 0, "staging of host tensors");
    if (status != NPURT_OK) return status;
    bank->tensor_count = args->tensor_count;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        const npurt_call_tensor *t = &args->tensors[i];
        bank->tensor[i] = tensor_at(t->host ? bank->staging + plan.at[i] : t->device, t);
        bank->host[i] = t->host;
    }
    return NPURT_OK;
}

npurt_status args_copy_in(npurt_callable *c, const struct run_bank *bank)
{
    for (uint32_t i = 0; i < bank->tensor_count; i++) {
        if (!bank->host[i] || c->params[i].access == NPURT_ACCESS_OUTPUT_EXISTING) continue;
        const npurt_tensor *t = &bank->tensor[i];
        npurt_status status = memory_write(c->device, t->addr, bank->host[i], t->size, "a host tensor");
        if (status != NPURT_OK) {
            error_prepend("\"%s\", tensor argument %u", c->name, i);
            return status;
        }
    }
    return NPURT_OK;
}

/* Writes the elements alone: the bytes between them are not the tensor's. */
static npurt_status read_tensor(npurt_device *device, void *host, const npurt_tensor *t)
{
    if (t->is_contiguous) return memory_read(device, host, t->addr, t->size, "a host tensor");
    char *copy = malloc(t->size);
    if (!copy)
        return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY,
                           "no host memory for %" PRIu64 " bytes of a tensor with strides", t->size);
    npurt_status status = memory_read(device, copy, t->addr, t->size, "a host tensor");
    if (status == NPURT_OK) strides_copy(host, copy, t);
    free(copy);
    return status;
}

npurt_status args_copy_out(npurt_callable *c, const struct run_bank *bank)
{
    for (uint32_t i = 0; i < bank->tensor_count; i++) {
        if (!bank->host[i] || c->params[i].access == NPURT_ACCESS_INPUT) continue;
        const npurt_tensor *t = &bank->tensor[i];
        npurt_status status = read_tensor(c->device, bank->host[i], t);
        if (status != NPURT_OK) {
            error_prepend("\"%s\", tensor argument %u", c->name, i);
            return status;
        }
    }
    return NPURT_OK;
}

bool args_has_outputs(const npurt_callable *c, const struct run_bank *bank)
{
    for (uint32_t i = 0; i < bank->tensor_count; i++)
        if (bank->host[i] && c->params[i].access != NPURT_ACCESS_INPUT) return true;
    return false;
}
