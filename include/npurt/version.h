/* The version of npurt. Within one major number the API only grows: a program built with an older header runs with a
 * newer library. The major number is the soname's (libnpurt.so.0). */
#ifndef NPURT_VERSION_H
#define NPURT_VERSION_H

#include <npurt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of these headers, at build time. NPURT_VERSION_NUMBER orders versions. */
#define NPURT_VERSION_MAJOR  0
#define NPURT_VERSION_MINOR  1
#define NPURT_VERSION_PATCH  0
#define NPURT_VERSION_NUMBER (NPURT_VERSION_MAJOR * 1000000 + NPURT_VERSION_MINOR * 1000 + NPURT_VERSION_PATCH)

/* The API version: a number for everything that crosses between binaries that are built separately, by layout and by
 * meaning. That is the public structs, enumerations and the table of an orchestration's functions. It grows by one with every
 * release in which one of them differs, be it by a member at the end of a struct; what only adds functions leaves it alone.
 *
 *     a host program        says it when it opens a device
 *     an orchestration      carries it as an ELF note (below), which is read before anything of it runs
 *     a bundle              has it in bundle.json, member "api"
 *
 * A library serves the versions from NPURT_API_OLDEST to its own, others are refused with the numbers and the file. What a
 * new version needs: docs/reference/api-version.md. Kernels are apart: docs/reference/runtime-abi.md. */
#define NPURT_API_VERSION 2
#define NPURT_API_OLDEST  1 /* that the library of this release serves */

/* The note: owner "npurt", type 1, one word, in whatever was built with these headers (readelf -n). */
#define NPURT_API_TEXT_OF(x) #x
#define NPURT_API_TEXT(x)    NPURT_API_TEXT_OF(x)
#if defined(__ELF__)
__asm__(".pushsection .note.npurt.api,\"a\",%note\n"
        ".balign 4\n"
        ".long 6, 4, 1\n"
        ".asciz \"npurt\"\n"
        ".balign 4\n"
        ".long " NPURT_API_TEXT(NPURT_API_VERSION) "\n"
        ".popsection\n");
#endif

/* Of the library in use, at run time: its NPURT_VERSION_NUMBER, and "0.1.0". Thread-safe; any time. */
NPURT_API uint32_t npurt_version_number(void);
NPURT_API const char *npurt_version(void);

#ifdef __cplusplus
}
#endif
#endif
