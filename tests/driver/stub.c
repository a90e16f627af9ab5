/* A stand-in library: every entry of the table, answering the number of the library it was found in. */
#include <driver/driver.h>

#define STUB(name, result, parameters)                                                                                 \
    __attribute__((visibility("default"))) result name parameters;                                                     \
    result name parameters                                                                                             \
    {                                                                                                                  \
        return (result)(intptr_t)STUB_NUMBER;                                                                          \
    }
DRIVER_ENTRIES(STUB)
#ifdef STUB_EMU
DRIVER_EXTENSIONS(STUB)
#endif
