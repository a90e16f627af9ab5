#include "message.h"
#include "entries.h"

#include "emu/shared.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char recent[1024], told[sizeof recent];

int32_t message_fail(int32_t code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(recent, sizeof recent, format, args);
    va_end(args);
    return code;
}

int32_t message_task_error(int32_t code, const struct emu_problem *problem)
{
    char text[sizeof problem->text];
    uint32_t serial;
    int tries = 0;

    /* The writer holds `serial` odd while it writes; a text torn by a second error is read again. */
    do {
        serial = atomic_load_explicit(&problem->serial, memory_order_acquire);
        memcpy(text, problem->text, sizeof text);
        atomic_thread_fence(memory_order_acquire);
    } while ((serial & 1 || serial != atomic_load_explicit(&problem->serial, memory_order_relaxed)) && ++tries < 1000);
    text[sizeof text - 1] = 0;
    return message_fail(code, "%s", text[0] ? text : "a task failed on the device");
}

void message_log(const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "npuemu: %s\n", line);
}

/* Reading takes the text; it stays where it is until this thread reads the next one. NULL: nothing failed since. */
const char *aclGetRecentErrMsg(void)
{
    if (!recent[0]) return NULL;
    memcpy(told, recent, sizeof told);
    recent[0] = 0;
    return told;
}
