/* The text behind a status code, kept per thread for aclGetRecentErrMsg. */
#ifndef NPUEMU_MESSAGE_H
#define NPUEMU_MESSAGE_H

#include <stdint.h>

struct emu_problem;

/* Keeps the sentence and returns `code`, so that a check reads `return message_fail(107000, "…")`. */
__attribute__((format(printf, 2, 3))) int32_t message_fail(int32_t code, const char *format, ...);

/* The same with the device side's own account of its last task error. */
int32_t message_task_error(int32_t code, const struct emu_problem *problem);

/* One line on stderr, for what has no caller to tell. */
__attribute__((format(printf, 1, 2))) void message_log(const char *format, ...);

#endif
