/* Objects that were compiled with a sanitizer: its run-time must be in a process from the start, and a process without it
 * would be ended by loading one. */
#ifndef HOST_SANITIZER_H
#define HOST_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "npurt/status.h"

/* Refuses, with BAD_BINARY, a message that begins with `what` and `source`, and a hint how to do it, an object whose
 * sanitizer is missing where it is to be loaded: in this process, or with `device` in the emulated card's, which gets this
 * one's environment. Pre: elf_shared_object_problem is NULL. */
npurt_status sanitizer_check(const char *what, const char *source, const void *data, size_t size, bool device);

#endif
