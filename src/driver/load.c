#include "load.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RTLD_NODELETE: the vendor's libraries start threads and register exit handlers; unmapping them under those crashes.
 * RTLD_GLOBAL: libruntime loads its chip plug-in at run time, and the plug-in and others look hal names up globally. */
enum { CANN_MODE = RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE, EMU_MODE = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE };

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list list;
    va_start(list, format);
    vsnprintf(text + used, size - used, format, list);
    va_end(list);
}

static const char *linker_problem(void)
{
    const char *text = dlerror();
    return text ? text : "no reason given";
}

/* The linker's reason begins with the library's name, unless a library that this one needs is what is wrong. */
static void append_reason(char *text, size_t size, const char *before, const char *name)
{
    const char *reason = linker_problem();
    if (strncmp(reason, name, strlen(name)) == 0)
        append(text, size, "%s %s", before, reason);
    else
        append(text, size, "%s %s (%s)", before, name, reason);
}

const char *load_library_name(enum driver_library library)
{
    static const char *const name[LIBRARY_COUNT] = {"libruntime.so", "libacl_rt.so", "libascend_hal.so"};
    return name[library];
}

enum driver_library load_family(const char *entry)
{
    if (strncmp(entry, "acl", 3) == 0) return LIBRARY_ACL;
    if (strncmp(entry, "hal", 3) == 0) return LIBRARY_HAL;
    return LIBRARY_RUNTIME;
}

void load_close(void *handle[LIBRARY_COUNT])
{
    for (int i = LIBRARY_COUNT; i-- > 0;) {
        if (handle[i]) dlclose(handle[i]);
        handle[i] = NULL;
    }
}

npurt_status load_cann(void *handle[LIBRARY_COUNT], char *problem, size_t problem_size)
{
    /* In this order: libruntime brings libascend_hal with it, libacl_rt forwards into libruntime. libacl_rt is the
     * documented home of acl names since CANN 8.5, libascendcl what older packages have. */
    static const struct {
        enum driver_library library;
        const char *name[2];
    } wanted[] = {
        {LIBRARY_RUNTIME, {"libruntime.so", NULL}},
        {LIBRARY_ACL, {"libacl_rt.so", "libascendcl.so"}},
        {LIBRARY_HAL, {"libascend_hal.so", NULL}},
    };
    memset(handle, 0, LIBRARY_COUNT * sizeof *handle);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        problem[0] = 0;
        append(problem, problem_size, "CANN library not loaded:");
        for (int j = 0; j < 2 && wanted[i].name[j] && !handle[wanted[i].library]; j++) {
            handle[wanted[i].library] = dlopen(wanted[i].name[j], CANN_MODE);
            if (!handle[wanted[i].library]) append_reason(problem, problem_size, j ? "; nor" : "", wanted[i].name[j]);
        }
        if (!handle[wanted[i].library]) {
            load_close(handle);
            return NPURT_ERROR_MISSING_LIBRARY;
        }
    }
    problem[0] = 0;
    return NPURT_OK;
}

/* Folder of the binary that this code is linked into: libnpurt.so, or the program for a static link. */
static int own_folder(char folder[PATH_MAX])
{
    Dl_info info;
    char path[PATH_MAX];
    /* dladdr names the program by argv[0], which need not be a path. */
    if ((!dladdr((const void *)&load_emu, &info) || !info.dli_fname || !strchr(info.dli_fname, '/') ||
         !realpath(info.dli_fname, path)) &&
        !realpath("/proc/self/exe", path))
        return -1;
    *strrchr(path, '/') = 0;
    memcpy(folder, path, strlen(path) + 1);
    return 0;
}

npurt_status load_emu(void *handle[LIBRARY_COUNT], char *problem, size_t problem_size)
{
    static const char *const place[] = {"", "/../lib"};
    char folder[PATH_MAX], path[PATH_MAX + 32];
    void *library = NULL;
    memset(handle, 0, LIBRARY_COUNT * sizeof *handle);
    problem[0] = 0;
    append(problem, problem_size, "libnpuemu.so not loaded:");
    if (own_folder(folder) == 0) {
        for (size_t i = 0; i < sizeof place / sizeof *place && !library; i++) {
            snprintf(path, sizeof path, "%s%s/libnpuemu.so", folder, place[i]);
            if (access(path, F_OK) != 0) {
                append(problem, problem_size, " no %s;", path);
                continue;
            }
            library = dlopen(path, EMU_MODE);
            if (!library) { /* it is there and broken: falling back to another copy would hide that */
                append(problem, problem_size, " %s", linker_problem());
                return NPURT_ERROR_MISSING_LIBRARY;
            }
        }
    }
    if (!library) library = dlopen("libnpuemu.so", EMU_MODE);
    if (!library) {
        append(problem, problem_size, " by name: %s", linker_problem());
        return NPURT_ERROR_MISSING_LIBRARY;
    }
    handle[LIBRARY_RUNTIME] = library; /* one library for all families */
    problem[0] = 0;
    return NPURT_OK;
}
