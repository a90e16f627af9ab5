#include <npurt/version.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

/* CMake's project(VERSION) names the library's files; it and the header must say the same. Two of the numbers may be
 * equal. NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(NPURT_PROJECT_MAJOR == NPURT_VERSION_MAJOR && NPURT_PROJECT_MINOR == NPURT_VERSION_MINOR &&
                   NPURT_PROJECT_PATCH == NPURT_VERSION_PATCH,
               "CMakeLists.txt and include/npurt/version.h name different versions");

uint32_t npurt_version_number(void)
{
    return NPURT_VERSION_NUMBER;
}

const char *npurt_version(void)
{
    return TEXT(NPURT_VERSION_MAJOR) "." TEXT(NPURT_VERSION_MINOR) "." TEXT(NPURT_VERSION_PATCH);
}
