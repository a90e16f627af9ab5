#include "speak.h"

#include <npurt/npurt.h>
#include <stdio.h>
#include <unistd.h>

/* "kernel divide (aiv 20, task 3, block 0)", "aicpu 0", "bootstrap". */
static void name_source(const npurt_log_line *line, char *text, size_t size)
{
    if (line->source != NPURT_LOG_CORE || line->task == NPURT_NO_TASK)
        snprintf(text, size, line->unit < 0 ? "%s" : "%s %d", line->part, line->unit);
    else
        snprintf(text, size, "kernel %s (%s %d, task %lld, block %d)", line->kernel_name, line->part, line->unit,
                 (long long)line->task, line->block);
}

static void show(const npurt_log_line *line, void *context)
{
    char source[160];
    const char *const over_progress = context;
    name_source(line, source, sizeof source);
    if (line->level == NPURT_LOG_PRINT)
        fprintf(stderr, "%s%s: %s\n", over_progress, source, line->text);
    else
        fprintf(stderr, "%snpurt %s %s: %s\n", over_progress, npurt_log_level_name(line->level), source, line->text);
}

void speak_begin(void)
{
    static char none[] = "", start_of_line[] = "\r\033[K"; /* a progress line may be there; it is drawn again */
    (void)npurt_log_set_callback(show, isatty(STDERR_FILENO) ? start_of_line : none, NPURT_LOG_BY_ENVIRONMENT);
}

void speak_end(void)
{
    (void)npurt_log_set_callback(NULL, NULL, NPURT_LOG_BY_ENVIRONMENT);
}
