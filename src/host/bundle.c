#include "bundle.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../protocol/fingerprint.h"
#include "elf.h"
#include "error.h"
#include "log.h"

enum { MAX_FOLDERS = 8 };

struct search {
    char folder[MAX_FOLDERS][PATH_MAX];
    uint32_t count;
};

static void add(struct search *search, const char *folder, const char *more)
{
    if (search->count == MAX_FOLDERS) return;
    int n = snprintf(search->folder[search->count], PATH_MAX, "%s%s%s", folder, *more ? "/" : "", more);
    if (n > 0 && n < PATH_MAX) search->count++;
}

/* A folder with the generation's own programs goes before the common one. */
static void add_both(struct search *search, const char *folder, const char *platform, const char *generation)
{
    char below[160];
    snprintf(below, sizeof below, "%s%s%s", platform, *platform ? "/" : "", generation);
    add(search, folder, below);
    add(search, folder, platform);
}

/* The folder of the library that this code is in; the current folder when it can not be told. */
static void own_folder(char folder[PATH_MAX])
{
    static const char own_data[] = "npurt";
    Dl_info info;
    char *slash = NULL;
    if (dladdr(own_data, &info) && info.dli_fname && realpath(info.dli_fname, folder)) slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    else
        snprintf(folder, PATH_MAX, ".");
}

static void search_init(struct search *search, const char *folder, const char *platform, const char *generation)
{
    search->count = 0;
    if (!folder) folder = secure_getenv("NPURT_BINARIES");
    if (folder && *folder) {
        add_both(search, folder, "", generation);
        add_both(search, folder, platform, generation);
        return;
    }
    char own[PATH_MAX], named[64];
    own_folder(own);
    snprintf(named, sizeof named, "npurt/%s", platform);
    add_both(search, own, named, generation);
    snprintf(named, sizeof named, "../lib/npurt/%s", platform);
    add_both(search, own, named, generation);
}

static npurt_status find(const struct search *search, const char *file, struct bytes *out)
{
    char path[PATH_MAX + 64];
    for (uint32_t i = 0; i < search->count; i++) {
        snprintf(path, sizeof path, "%s/%s", search->folder[i], file);
        if (access(path, F_OK) != 0) continue;
        npurt_status status = file_read(path, "device program", out);
        if (status != NPURT_OK) return status;
        const char *problem = elf_problem(out->data, out->size);
        if (problem) return error_raise(NPURT_ERROR_BAD_BINARY, "device program %s %s", path, problem);
        log_write(LOG_LEVEL_INFO, "bootstrap", "device program %s, %zu bytes", path, out->size);
        return NPURT_OK;
    }
    char folders[400] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < search->count && used < sizeof folders; i++)
        used += (size_t)snprintf(folders + used, sizeof folders - used, "%s%s", i ? ", " : "", search->folder[i]);
    error_raise(NPURT_ERROR_MISSING_BINARY, "device program %s not found; searched %s", file, folders);
    error_hint("give the folder in npurt_device_options.binaries or NPURT_BINARIES, or build the device programs");
    return NPURT_ERROR_MISSING_BINARY;
}

npurt_status bundle_open(const char *folder, const char *platform, const char *generation, struct bundle *out)
{
    *out = (struct bundle){0};
    struct search *search = malloc(sizeof *search);
    if (!search) return error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a list of folders");
    search_init(search, folder, platform, generation);
    npurt_status status = find(search, "libnpurt_aicpu.so", &out->aicpu);
    if (status == NPURT_OK) status = find(search, "libnpurt_dispatcher.so", &out->dispatcher);
    if (status == NPURT_OK) status = find(search, "npurt_aicore.elf", &out->aicore);
    free(search);
    if (status != NPURT_OK) {
        bundle_close(out);
        return status;
    }
    out->fingerprint = fingerprint_of(out->aicpu.data, out->aicpu.size);
    return NPURT_OK;
}

void bundle_close(struct bundle *bundle)
{
    file_release(&bundle->aicpu);
    file_release(&bundle->dispatcher);
    file_release(&bundle->aicore);
}
