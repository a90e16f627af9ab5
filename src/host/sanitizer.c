#include "sanitizer.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "error.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
enum { WITH_ADDRESS = 1 };
#else
enum { WITH_ADDRESS = 0 };
#endif
#ifdef __SANITIZE_THREAD__
enum { WITH_THREAD = 1 };
#else
enum { WITH_THREAD = 0 };
#endif

static const struct sanitizer {
    const char *name, *symbol, *library, *part, *build;
    bool built_in; /* npurt, and so its card, was built with it */
} sanitizer[] = {
    {"AddressSanitizer", "__asan_init", "libasan.so", "asan", "address", WITH_ADDRESS},
    {"ThreadSanitizer", "__tsan_init", "libtsan.so", "tsan", "thread", WITH_THREAD},
};

static bool is_there(const struct sanitizer *s, bool device)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (s->built_in) return true;
    return device ? preloaded && strstr(preloaded, s->part) : dlsym(RTLD_DEFAULT, s->symbol) != NULL;
}

npurt_status sanitizer_check(const char *what, const char *source, const void *data, size_t size, bool device)
{
    for (const struct sanitizer *s = sanitizer; s < sanitizer + sizeof sanitizer / sizeof sanitizer[0]; s++) {
        if (!elf_needs_symbol(data, size, s->symbol) || is_there(s, device)) continue;
        const npurt_status status =
            error_raise(NPURT_ERROR_BAD_BINARY, "%s: %s was compiled with %s, whose run-time is not in the %s process",
                        what, source, s->name, device ? "device" : "host");
        error_hint(
            "start the program with LD_PRELOAD=$(cc -print-file-name=%s), which the device process gets too, or build "
            "npurt with -DNPURT_SANITIZE=%s (docs/guide/debugging-kernels.md)",
            s->library, s->build);
        return status;
    }
    return NPURT_OK;
}
