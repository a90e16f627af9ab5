#include "cause.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

const char *cause_text(int number, int code, uint64_t address, bool overflow, char *text, size_t size)
{
    switch (number) {
    case SIGSEGV:
        if (overflow)
            snprintf(text, size, "stack overflow (SIGSEGV)");
        else
            snprintf(text, size, "bad address 0x%" PRIx64 " (SIGSEGV)", address);
        break;
    case SIGBUS:
        snprintf(text, size, "no memory behind address 0x%" PRIx64 " (SIGBUS)", address);
        break;
    case SIGFPE:
        snprintf(text, size, "arithmetic fault%s (SIGFPE)", code == FPE_INTDIV ? ", division by zero" : "");
        break;
    case SIGILL:
        snprintf(text, size, "illegal instruction (SIGILL)");
        break;
    case SIGTRAP:
        snprintf(text, size, "trap instruction (SIGTRAP)");
        break;
    case SIGABRT:
        snprintf(text, size, "abort() or a failed assertion (SIGABRT)");
        break;
    default:
        snprintf(text, size, "signal %d", number);
    }
    return text;
}
