#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "../driver/driver.h"
#include "log.h"

static __thread npurt_error record = {.task = NPURT_NO_TASK, .kernel = NPURT_NO_KERNEL, .core = NPURT_NO_CORE};
static __thread const char *public_call = "";
static __thread bool raised;

/* Copies at most size-1 bytes; texts longer than their field are cut. */
static void put(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = '\0';
}

static void append(char *to, size_t size, const char *from)
{
    size_t used = strlen(to);
    put(to + used, size - used, from);
}

void error_begin(const char *call)
{
    public_call = call;
    raised = false;
}

bool error_pending(void)
{
    return raised;
}

static bool start(npurt_status status, const char *call)
{
    if (raised) return false;
    raised = true;
    record = (npurt_error){.status = status, .task = NPURT_NO_TASK, .kernel = NPURT_NO_KERNEL, .core = NPURT_NO_CORE};
    put(record.call, sizeof record.call, call);
    return true;
}

npurt_status error_raise(npurt_status status, const char *format, ...)
{
    if (!start(status, public_call)) return status;
    va_list list;
    va_start(list, format);
    vsnprintf(record.message, sizeof record.message, format, list);
    va_end(list);
    log_write(LOG_LEVEL_INFO, "error", "%s: %s", npurt_status_name(status), record.message);
    return status;
}

bool error_is_lost(int32_t code)
{
    return code == ACL_ERROR_RT_SOCKET_CLOSE || code == 507010 || (code >= 507053 && code <= 507057) ||
           code == ACL_ERROR_RT_DEVICE_TASK_ABORT;
}

npurt_status error_status_of(int32_t code)
{
    if (error_is_lost(code)) return NPURT_ERROR_LOST;
    switch (code) {
    case ACL_ERROR_RT_MEMORY_ALLOCATION:
        return NPURT_ERROR_OUT_OF_DEVICE_MEMORY;
    case ACL_ERROR_RT_INVALID_DEVICEID:
        return NPURT_ERROR_NO_TARGET;
    case ACL_ERROR_RT_FEATURE_NOT_SUPPORT:
        return NPURT_ERROR_UNSUPPORTED;
    case ACL_ERROR_RT_AICORE_EXCEPTION:
        return NPURT_ERROR_KERNEL_FAULT;
    case ACL_ERROR_RT_AICORE_TIMEOUT:
        return NPURT_ERROR_KERNEL_TIMEOUT;
    case ACL_ERROR_RT_AICPU_EXCEPTION:
    case ACL_ERROR_RT_AICPU_TIMEOUT:
        return NPURT_ERROR_AICPU_FAULT;
    default:
        return NPURT_ERROR_DRIVER;
    }
}

/* Fills the record that start has begun with what a driver call answered. */
__attribute__((format(printf, 5, 0))) static void answered(int32_t code, const char *name, const char *meaning,
                                                           const char *call, const char *format, va_list list)
{
    char what[320];
    vsnprintf(what, sizeof what, format, list);
    record.driver_code = code;
    put(record.driver_name, sizeof record.driver_name, name);
    put(record.hint, sizeof record.hint, meaning);
    snprintf(record.message, sizeof record.message, "%s: %s answered %d %s", what, call, code, record.driver_name);
    log_write(LOG_LEVEL_INFO, "error", "%s: %s", npurt_status_name(record.status), record.message);
}

npurt_status error_driver(int32_t code, const char *call, const char *format, ...)
{
    npurt_status status = error_status_of(code);
    if (!start(status, call)) {
        error_fallout(code, call);
        return status;
    }
    va_list list;
    va_start(list, format);
    answered(code, driver_status_name(code), driver_status_meaning(code), call, format, list);
    va_end(list);
    return status;
}

npurt_status error_hal(int32_t code, const char *call, const char *format, ...)
{
    if (!start(NPURT_ERROR_DRIVER, call)) return NPURT_ERROR_DRIVER;
    va_list list;
    va_start(list, format);
    answered(code, driver_hal_name(code), driver_hal_meaning(code), call, format, list);
    va_end(list);
    return NPURT_ERROR_DRIVER;
}

void error_hint(const char *format, ...)
{
    if (!raised) return;
    va_list list;
    va_start(list, format);
    vsnprintf(record.hint, sizeof record.hint, format, list);
    va_end(list);
}

void error_hint_add(const char *text)
{
    if (!raised) return;
    const size_t size = strlen(text) + sizeof "; ", room = sizeof record.hint - size;
    const bool first = record.hint[0] == '\0';
    if (strlen(record.hint) > room) record.hint[room] = '\0';
    append(record.hint, sizeof record.hint, first ? "" : "; ");
    append(record.hint, sizeof record.hint, text);
}

void error_prepend(const char *format, ...)
{
    if (!raised) return;
    char text[sizeof record.message];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    append(text, sizeof text, ": ");
    append(text, sizeof text, record.message);
    memcpy(record.message, text, sizeof text);
}

void error_append(const char *format, ...)
{
    if (!raised) return;
    const size_t used = strlen(record.message);
    va_list list;
    va_start(list, format);
    vsnprintf(record.message + used, sizeof record.message - used, format, list);
    va_end(list);
}

void error_dump(const char *path)
{
    if (raised) put(record.dump, sizeof record.dump, path);
}

void error_place(int64_t task, int32_t kernel, const char *kernel_name, int32_t core)
{
    if (!raised) return;
    record.task = task;
    record.kernel = kernel;
    record.core = core;
    put(record.kernel_name, sizeof record.kernel_name, kernel_name);
}

void error_driver_code(int32_t code, const char *call)
{
    if (!raised) return;
    record.driver_code = code;
    put(record.driver_name, sizeof record.driver_name, driver_status_name(code));
    put(record.call, sizeof record.call, call);
}

void error_fallout(int32_t code, const char *call)
{
    if (!raised || code == 0) return;
    char one[128];
    snprintf(one, sizeof one, "%s%d %s (%s)", record.fallout[0] ? ", " : "", code, driver_status_name(code), call);
    append(record.fallout, sizeof record.fallout, one);
    log_write(LOG_LEVEL_INFO, "error", "fallout: %d %s from %s", code, driver_status_name(code), call);
}

npurt_status error_refuse(npurt_status status, const npurt_error *cause, const char *what)
{
    if (!start(status, public_call)) return status;
    npurt_error copy = *cause;
    copy.status = status;
    put(copy.call, sizeof copy.call, public_call);
    snprintf(copy.message, sizeof copy.message, "%s; first cause: %.400s", what, cause->message);
    put(copy.hint, sizeof copy.hint,
        "npurt_device_reset brings the device back; allocations and callables are gone then");
    record = copy;
    return status;
}

void error_save(struct error_state *state)
{
    *state = (struct error_state){.record = record, .call = public_call, .raised = raised};
}

void error_restore(const struct error_state *state)
{
    record = state->record;
    public_call = state->call;
    raised = state->raised;
}

void error_adopt(const npurt_error *error)
{
    record = *error;
    raised = true;
}

const npurt_error *npurt_error_last(void)
{
    return &record;
}

const char *npurt_status_name(npurt_status status)
{
    static const char *const name[] = {
        "NPURT_OK",
        "NPURT_ERROR_INVALID_ARGUMENT",
        "NPURT_ERROR_NO_TARGET",
        "NPURT_ERROR_MISSING_LIBRARY",
        "NPURT_ERROR_MISSING_BINARY",
        "NPURT_ERROR_BAD_BINARY",
        "NPURT_ERROR_OUT_OF_DEVICE_MEMORY",
        "NPURT_ERROR_OUT_OF_HOST_MEMORY",
        "NPURT_ERROR_LIMIT",
        "NPURT_ERROR_GRAPH",
        "NPURT_ERROR_ORCHESTRATION",
        "NPURT_ERROR_KERNEL_FAULT",
        "NPURT_ERROR_KERNEL_TIMEOUT",
        "NPURT_ERROR_AICPU_FAULT",
        "NPURT_ERROR_STALLED",
        "NPURT_ERROR_POISONED",
        "NPURT_ERROR_LOST",
        "NPURT_ERROR_DRIVER",
        "NPURT_ERROR_FORKED",
        "NPURT_ERROR_BUSY",
        "NPURT_ERROR_UNSUPPORTED",
        "NPURT_ERROR_LEAK",
        "NPURT_ERROR_IO",
        "NPURT_ERROR_CANCELLED",
    };
    return (size_t)status < sizeof name / sizeof name[0] ? name[status] : "NPURT_ERROR_UNKNOWN";
}
