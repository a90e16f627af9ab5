#include "orchestration.h"

#include <dlfcn.h>
#include <string.h>

#include "file.h"
#include "port/port.h"
#include "protocol/fingerprint.h"

/* The C library of an AICPU is older than that of the machine this is built on (docs/reference/aicpu-so.md), which has these
 * four under newer versions as well. */
#if defined(NPURT_AICPU_OLD_LIBC)
__asm__(".symver dlopen, dlopen@GLIBC_2.17");
__asm__(".symver dlclose, dlclose@GLIBC_2.17");
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
__asm__(".symver dlerror, dlerror@GLIBC_2.17");
#endif

/* 64 callables per device handle, and a process may hold several handles. */
enum { KEPT_MAX = 1024 };

struct kept {
    uint32_t callable; /* 0: free */
    uint64_t hash;
    char symbol[STREAM_ENTRY];
    void *library;
    orchestration_entry entry;
};

static struct kept kept[KEPT_MAX];
static uint32_t kept_lock;
static uint32_t load_count;

static void lock(void)
{
    for (;;) {
        port_token token = port_wait_begin();
        uint32_t open = 0;
        if (port_cas32(&kept_lock, &open, 1)) return;
        port_wait(token);
    }
}

static void unlock(void)
{
    port_exchange32(&kept_lock, 0);
    port_kick(PORT_AGENT_ALL_AICPU);
}

static struct kept *find(uint32_t callable)
{
    for (uint32_t i = 0; i < KEPT_MAX; i++)
        if (kept[i].callable == callable) return &kept[i];
    return NULL;
}

static void drop(struct kept *k)
{
    if (k->library) dlclose(k->library);
    memset(k, 0, sizeof *k);
}

static const struct orchestration_image *image_check(const struct stream_control *stream)
{
    const struct orchestration_image *image = (const struct orchestration_image *)(uintptr_t)stream->orchestration;
    if (!image || stream->orchestration_size < sizeof *image) return NULL;
    port_cache_invalidate(image, stream->orchestration_size);
    if (image->magic != ORCHESTRATION_MAGIC || image->code_size > stream->orchestration_size - ORCHESTRATION_CODE ||
        !memchr(image->entry, 0, sizeof image->entry))
        return NULL;
    return image;
}

/* Where an AICPU may write: the folder of the programs that the dispatcher installs, and what is usual elsewhere. */
static void *open_library(const struct orchestration_image *image, uint32_t callable, char *text)
{
    static const char *const folders[] = {FINGERPRINT_INSTALL_FOLDER, "/var/tmp/", "/tmp/"};
    const char *code = (const char *)image + ORCHESTRATION_CODE;
    void *library = NULL;
    for (unsigned i = 0; i < sizeof folders / sizeof folders[0] && !library; i++) {
        char path[256], name[320];
        snprintf(path, sizeof path, "%s" ORCHESTRATION_FILE "%u_%u.so", folders[i], callable, ++load_count);
        int fd = file_open_beside(path, name, sizeof name);
        if (fd < 0) {
            snprintf(text, STREAM_TEXT, "no file for it can be made in %s (errno %d)", folders[i], errno);
            continue;
        }
        bool written = file_write_all(fd, code, image->code_size) && fchmod(fd, 0700) == 0;
        int cause = errno;
        if (close(fd) == 0 && written) {
            library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
            const char *why = library ? NULL : dlerror();
            if (!library) snprintf(text, STREAM_TEXT, "the device can not load it: %s", why ? why : "no reason given");
        } else {
            snprintf(text, STREAM_TEXT, "it can not be written to %s (errno %d)", folders[i], cause);
        }
        unlink(name);
    }
    return library;
}

static orchestration_entry load(const struct stream_control *stream, const struct orchestration_image *image,
                                struct kept *k, char *text)
{
    if (k->callable) drop(k); /* other content under the same number */
    void *library = open_library(image, stream->callable, text);
    if (!library) return NULL;
    void *symbol = dlsym(library, image->entry);
    if (!symbol) {
        snprintf(text, STREAM_TEXT, "it has no function \"%s\"", image->entry);
        dlclose(library);
        return NULL;
    }
    k->callable = stream->callable;
    k->hash = image->content_hash;
    k->library = library;
    memcpy(k->symbol, image->entry, sizeof k->symbol);
    memcpy(&k->entry, &symbol, sizeof k->entry);
    return k->entry;
}

orchestration_entry orchestration_load(const struct stream_control *stream, bool *loaded, char *text)
{
    const struct orchestration_image *image = image_check(stream);
    *loaded = false;
    if (!image) {
        snprintf(text, STREAM_TEXT, "what the host sent is no orchestration");
        return NULL;
    }
    lock();
    struct kept *k = find(stream->callable);
    orchestration_entry entry = NULL;
    if (k && k->hash == image->content_hash && strcmp(k->symbol, image->entry) == 0) {
        entry = k->entry;
    } else if (k || (k = find(0)) != NULL) {
        entry = load(stream, image, k, text);
        *loaded = entry != NULL;
    } else {
        snprintf(text, STREAM_TEXT, "the device keeps %d orchestrations already", KEPT_MAX);
    }
    unlock();
    return entry;
}

void orchestration_unload(uint32_t callable)
{
    if (callable == 0) return;
    lock();
    struct kept *k = find(callable);
    if (k) drop(k);
    unlock();
}
