/* The system's C compiler, for `npurt build`. */
#ifndef CLI_COMPILE_H
#define CLI_COMPILE_H

#include <stdbool.h>
#include <stdint.h>

/* Compiles and links `source` to the shared object `output`: $CC (cc), $CFLAGS, $LDFLAGS. The compiler's own words go
 * to standard error. false: it did not end well, or made no shared object with a function `entry`; `problem` says
 * which. */
bool compile_shared_object(const char *const *source, uint32_t count, const char *output, const char *entry,
                           char *problem, uint32_t problem_size);

/* Writes the rule for make that names the files which a source includes. */
bool compile_dependencies(const char *source, const char *output, char *problem, uint32_t problem_size);

#endif
