#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

void problem_report(int32_t code, int32_t core, const char *format, ...)
{
    struct emu_problem *problem = &device_shared->problem;
    va_list args;

    atomic_fetch_add(&problem->serial, 1); /* odd: readers look again */
    problem->code = code;
    problem->core = core;
    va_start(args, format);
    vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
    atomic_fetch_add(&problem->serial, 1);
}
