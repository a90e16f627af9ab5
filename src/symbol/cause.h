/* What a fault signal means, for people: one wording for the host and for the emulated card. */
#ifndef SYMBOL_CAUSE_H
#define SYMBOL_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "bad address 0x8 (SIGSEGV)", "division by zero (SIGFPE)", … `code` is si_code; `overflow`: the address is below a stack.
 * A signal that is none of the faults gives "signal N". Returns text. Safe to call anywhere but in a signal handler. */
const char *cause_text(int signal, int code, uint64_t address, bool overflow, char *text, size_t size);

#endif
