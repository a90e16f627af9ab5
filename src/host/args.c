#include "args.h"

#include <inttypes.h>
#include <stdio.h>
#include "../bundle/description.h"
#include "error.h"
#include "memory.h"

enum { STAGING_ALIGN = 512 };
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

/* Bytes of a tensor; 0 when its elements can not be counted in the descriptor's 32-bit strides. */
static uint64_t tensor_bytes(const npurt_call_tensor *t)
{
    uint64_t n = 1;
    for (uint32_t d = t->ndims; d-- > 0;) {
        if (n > UINT32_MAX) return 0; /* the stride of dimension d */
        n *= t->shape[d];
    }
    return n > UINT64_MAX / 8 ? 0 : n * npurt_dtype_size(t->dtype);
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
    const uint64_t bytes = tensor_bytes(t);
    if (bytes == 0)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: shape %s is too large for 32-bit strides", what,
                           shape_text(have, t->ndims, t->shape, "0"));
    if (t->host) return memory_check_host(c->device, t->host, what);
    if (!t->device)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s: neither a host pointer nor a device address", what);
    return memory_check_device(c->device, t->device, bytes, what);
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
    uint64_t need = 0, at = 0;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        if (!args->tensors[i].host) continue;
        const uint64_t bytes = tensor_bytes(&args->tensors[i]);
        if (bytes > STAGING_MOST || need + bytes > STAGING_MOST)
            return error_raise(NPURT_ERROR_OUT_OF_DEVICE_MEMORY,
                               "\"%s\", tensor argument %u: %" PRIu64 " bytes after %" PRIu64
                               " of other host tensors fit into no device",
                               c->name, i, bytes, need);
        need += (bytes + STAGING_ALIGN - 1) & ~(uint64_t)(STAGING_ALIGN - 1);
    }
    npurt_status status =
        bank_grow(c->device, bank, &bank->staging, &bank->staging_size, need, 0, "staging of host tensors");
    if (status != NPURT_OK) return status;
    bank->tensor_count = args->tensor_count;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        const npurt_call_tensor *t = &args->tensors[i];
        npurt_tensor_init(&bank->tensor[i], t->host ? bank->staging + at : t->device, t->dtype, t->ndims, t->shape);
        bank->host[i] = t->host;
        if (t->host) at += (bank->tensor[i].size + STAGING_ALIGN - 1) & ~(uint64_t)(STAGING_ALIGN - 1);
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

npurt_status args_copy_out(npurt_callable *c, const struct run_bank *bank)
{
    for (uint32_t i = 0; i < bank->tensor_count; i++) {
        if (!bank->host[i] || c->params[i].access == NPURT_ACCESS_INPUT) continue;
        const npurt_tensor *t = &bank->tensor[i];
        npurt_status status = memory_read(c->device, bank->host[i], t->addr, t->size, "a host tensor");
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
