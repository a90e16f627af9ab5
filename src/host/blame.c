#include "blame.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "error.h"
#include "reason.h"
#include "registers.h"

/* The number that follows a "core", or NULL: "core 19", "core id is 19", "coreId: 0x13", "core_id=19". Nothing but
 * these words and signs may stand between, so that "aicore error, error code = 7" is none. */
static const char *number_after(const char *p)
{
    static const char *const filler[] = {"id", "is", "no", "number", "index"};
    while (*p && !isdigit((unsigned char)*p)) {
        size_t n = strchr(" _:=([#", *p) ? 1 : 0;
        for (size_t i = 0; !n && i < sizeof filler / sizeof filler[0]; i++)
            if (strncasecmp(p, filler[i], strlen(filler[i])) == 0) n = strlen(filler[i]);
        if (!n) return NULL;
        p += n;
    }
    return *p ? p : NULL;
}

/* The core that the driver's words name first; NPURT_NO_CORE: none. *aiv: it counts among the vector cores. */
static int32_t core_named(const char *said, bool *aiv)
{
    *aiv = false;
    for (const char *p = said; *p; p++) {
        if (strncasecmp(p, "aiv", 3) == 0 || strncasecmp(p, "vector", 6) == 0) *aiv = true;
        if (strncasecmp(p, "core", 4) != 0) continue;
        const char *number = number_after(p + 4);
        if (!number) continue;
        const long core = strtol(number, NULL, strncasecmp(number, "0x", 2) == 0 ? 16 : 10);
        return core >= 0 && core <= INT32_MAX ? (int32_t)core : NPURT_NO_CORE;
    }
    return NPURT_NO_CORE;
}

static uint32_t listed(const struct outcome *o)
{
    if (!o->answered) return 0;
    return o->result.suspect_count < RUN_MAX_SUSPECTS ? o->result.suspect_count : RUN_MAX_SUSPECTS;
}

const struct run_suspect *blame_first(const struct outcome *o)
{
    const uint32_t n = listed(o);
    for (uint32_t i = 0; i < n; i++)
        if (o->result.suspect[i].acknowledged) return &o->result.suspect[i];
    return n ? &o->result.suspect[0] : NULL;
}

/* The dispatch on the core that the driver names, or the only one there is; NULL: it can not be told. */
static const struct run_suspect *faulted(const struct outcome *o, int32_t core, bool aiv)
{
    uint32_t started = 0;
    for (uint32_t i = 0; i < listed(o); i++) {
        const struct run_suspect *s = &o->result.suspect[i];
        /* A driver that counts its vector cores from 0 must not hit upon a cube core. */
        if (s->physical_core == core && !(aiv && s->core_type != NPURT_CORE_AIV)) return s;
        started += s->acknowledged != 0;
    }
    if (o->result.suspect_count > RUN_MAX_SUSPECTS) return NULL; /* it may be one of those that are not listed */
    return started == 1 || listed(o) == 1 ? blame_first(o) : NULL;
}

/* "kernel "x" (id 1) on core 19 (AIV), task 1 block 0" for each that is listed and fits. */
static void list_all(const npurt_callable *c, const struct outcome *o, char *text, size_t size)
{
    size_t used = 0;
    uint32_t shown = 0;
    text[0] = '\0';
    for (; shown < listed(o); shown++) {
        char one[160];
        const struct run_suspect *s = &o->result.suspect[shown];
        snprintf(one, sizeof one, "%skernel \"%.40s\" (id %d) on core %d (%s), task %u block %u", shown ? "; " : "",
                 callable_kernel_name(c, s->kernel), s->kernel, s->physical_core,
                 s->core_type == NPURT_CORE_AIC ? "AIC" : "AIV", s->task, s->block);
        if (used + strlen(one) + sizeof "; 4294967295 more" > size) break;
        used += (size_t)snprintf(text + used, size - used, "%s", one);
    }
    if (shown < o->result.suspect_count)
        snprintf(text + used, size - used, "; %u more", o->result.suspect_count - shown);
}

static void raise_open(const npurt_callable *c, const struct outcome *o, npurt_status status, const char *what,
                       int32_t core)
{
    char text[360];
    if (listed(o) == 0) {
        error_raise(status, "a kernel of \"%s\" %s; the scheduler could not say which", c->name, what);
    } else if (core != NPURT_NO_CORE && o->result.suspect_count > RUN_MAX_SUSPECTS) {
        error_raise(
            status,
            "a kernel of \"%s\" %s on core %d; it is not among the %d that the scheduler lists of %u dispatches "
            "that did not end",
            c->name, what, core, RUN_MAX_SUSPECTS, o->result.suspect_count);
        error_place(NPURT_NO_TASK, NPURT_NO_KERNEL, "", core);
    } else {
        list_all(c, o, text, sizeof text);
        error_raise(status, "a kernel of \"%s\" %s, one of: %s", c->name, what, text);
    }
}

npurt_status blame_kernel(const struct dump *dump, const struct outcome *o, npurt_status status, const char *what)
{
    const npurt_callable *c = dump->run->callable;
    struct run_suspect recorded;
    const bool fault = status == NPURT_ERROR_KERNEL_FAULT;
    bool aiv;
    const int32_t core = core_named(o->said, &aiv);
    const struct run_suspect *s = fault ? faulted(o, core, aiv) : blame_first(o);
    if (!s && fault && core != NPURT_NO_CORE && dump_block_on(dump, core, aiv, &recorded)) s = &recorded;
    char reason[240] = "", hint[200];
    if (fault) reason_text(o->said, reason, sizeof reason);
    if (!s) {
        raise_open(c, o, status, what, core);
        if (*reason) error_append(": %s", reason);
    } else {
        const char *kernel = callable_kernel_name(c, s->kernel);
        char others[64] = "";
        if (o->result.suspect_count > 1)
            snprintf(others, sizeof others, "; %u other dispatches did not end either", o->result.suspect_count - 1);
        error_raise(status, "kernel \"%s\" (id %d) %s on core %d (%s), task %u block %u of \"%s\"%s%s%s", kernel,
                    s->kernel, what, s->physical_core, s->core_type == NPURT_CORE_AIC ? "AIC" : "AIV", s->task, s->block,
                    c->name, *reason ? ": " : "", reason, others);
        error_place(s->task, s->kernel, kernel, s->physical_core);
    }
    error_hint("%s", fault ? reason_hint(o->said, "kernel", hint, sizeof hint)
                           : "the kernel loops, or waits for something that does not come");
    return status;
}

int32_t blame_silent(const npurt_run *run, uint32_t index)
{
    const npurt_device *device = run->device;
    const uint32_t clusters = run->clusters, cluster = index < clusters ? index : (index - clusters) / 2;
    const uint32_t slot = index < clusters ? 0 : 1 + (index - clusters) % 2;
    if (index >= 3 * clusters) return NPURT_NO_CORE;
    const uint32_t member[] = {cluster, clusters + 2 * cluster, clusters + 2 * cluster + 1};
    for (uint32_t i = 0; i < 3; i++) {
        struct core_hello hello;
        const uint64_t at = device->lines.hello + member[i] * sizeof hello;
        const rtError_t code =
            device->driver->rtMemcpy(&hello, sizeof hello, device_pointer(at), sizeof hello, RT_MEMCPY_DEVICE_TO_HOST);
        if (code == 0 && hello.run_number == run->number && hello.physical_core < device->registers.physical_cores)
            return (int32_t)registers_sibling(&device->registers, hello.physical_core, slot);
    }
    return NPURT_NO_CORE;
}
