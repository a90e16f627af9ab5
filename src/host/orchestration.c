#include "orchestration.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "api.h"
#include "elf.h"
#include "sanitizer.h"
#include "error.h"
#include "log.h"

/* The table of functions and the structs of a task are others. */
static npurt_status refuse_version(const char *what, const char *source, uint32_t version)
{
    if (version == 0)
        error_raise(
            NPURT_ERROR_BAD_BINARY,
            "%s: %s has no API version, as if built without npurt/orchestration.h or with one from before version 1; "
            "this library serves versions %d to %d",
            what, source, NPURT_API_OLDEST, NPURT_API_VERSION);
    else
        error_raise(NPURT_ERROR_BAD_BINARY,
                    "%s: %s was built with API version %u of npurt's headers; this library serves versions %d to %d",
                    what, source, version, NPURT_API_OLDEST, NPURT_API_VERSION);
    error_hint("build it again with the headers of this library (npurt/version.h)");
    return NPURT_ERROR_BAD_BINARY;
}

npurt_status orchestration_read(const npurt_binary *binary, const char *callable, const char *entry, bool device,
                                bool silicon, struct bytes *out)
{
    char what[128];
    snprintf(what, sizeof what, "orchestration of \"%s\"", callable);
    const char *source = binary->path ? binary->path : "in memory";
    npurt_status status = file_read_binary(binary, what, out);
    if (status != NPURT_OK) return status;
    const char *problem =
        silicon ? elf_aicpu_object_problem(out->data, out->size) : elf_shared_object_problem(out->data, out->size);
    const uint32_t version = problem ? 0 : elf_api_version(out->data, out->size, NPURT_API_VERSION);
    if (problem)
        status = error_raise(NPURT_ERROR_BAD_BINARY, "%s: %s %s", what, source, problem);
    else if (!api_find(version))
        status = refuse_version(what, source, version);
    else if (!elf_has_function(out->data, out->size, entry, true))
        status = error_raise(NPURT_ERROR_BAD_BINARY, "%s: %s has no function \"%s\"", what, source, entry);
    else if (!silicon)
        status = sanitizer_check(what, source, out->data, out->size, device);
    if (status != NPURT_OK) file_release(out);
    return status;
}

npurt_status orchestration_open(const npurt_binary *binary, const char *callable, const char *entry,
                                struct orchestration *out)
{
    *out = (struct orchestration){.fd = -1};
    char path[32];
    struct bytes bytes;
    npurt_status status = orchestration_read(binary, callable, entry, false, false, &bytes);
    if (status != NPURT_OK) return status;
    status = file_memory("npurt orchestration", bytes.data, bytes.size, &out->fd, path, sizeof path);
    file_release(&bytes);
    if (status != NPURT_OK) return status;

    out->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = out->library ? dlsym(out->library, entry) : NULL;
    if (!symbol) {
        const char *why = dlerror();
        status = error_raise(NPURT_ERROR_BAD_BINARY, "orchestration of \"%s\": %s can not be loaded: %s", callable,
                             binary->path ? binary->path : "in memory", why ? why : "its entry is null");
        orchestration_close(out);
        return status;
    }
    memcpy(&out->entry, &symbol, sizeof out->entry);
    return NPURT_OK;
}

void orchestration_close(struct orchestration *o)
{
    if (o->library) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), o->fd);
        dlclose(o->library);
        /* A library that refuses to go (C++ unique symbols, thread-local destructors) keeps its path: the loader would
         * answer it to the next file of that name. */
        void *still = dlopen(path, RTLD_NOLOAD | RTLD_LAZY);
        if (still) {
            dlclose(still);
            log_write(LOG_LEVEL_INFO, "callable",
                      "an orchestration stays mapped after dlclose; its descriptor %d is kept", o->fd);
            o->fd = -1;
        }
    }
    if (o->fd >= 0) close(o->fd);
    *o = (struct orchestration){.fd = -1};
}
