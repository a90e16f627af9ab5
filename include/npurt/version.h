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

/* Of the library in use, at run time: its NPURT_VERSION_NUMBER, and "0.1.0". Thread-safe; any time. */
NPURT_API uint32_t npurt_version_number(void);
NPURT_API const char *npurt_version(void);

#ifdef __cplusplus
}
#endif
#endif
