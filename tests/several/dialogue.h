/* Commands to a several_member and its answers (member.c has the list). */
#ifndef TESTS_SEVERAL_DIALOGUE_H
#define TESTS_SEVERAL_DIALOGUE_H

#include "several/party.h"

struct reply {
    int code;
    uint64_t value;
    char text[512];
};

static inline struct guest member(void)
{
    char *arguments[] = {MEMBER, NULL};

    return party_start(arguments);
}

/* A command to a member and its answer. */
__attribute__((format(printf, 2, 3))) static inline struct reply ask(struct guest *guest, const char *format, ...)
{
    struct reply reply = {0};
    char line[768];
    int at = 0;
    va_list args;

    va_start(args, format);
    vfprintf(guest->to, format, args);
    va_end(args);
    fputc('\n', guest->to);
    fflush(guest->to);
    if (!fgets(line, sizeof line, guest->from)) CHECK_FAIL("a member ended at \"%s\"", format);
    if (sscanf(line, "%d %" SCNu64 " %n", &reply.code, &reply.value, &at) != 2) CHECK_FAIL("%s: %s", format, line);
    snprintf(reply.text, sizeof reply.text, "%s", line + at);
    return reply;
}

/* The same; it must succeed. */
#define ASK(guest, ...)                                                                                                \
    ({                                                                                                                 \
        struct reply ask_reply = ask(guest, __VA_ARGS__);                                                              \
        if (ask_reply.code) CHECK_FAIL("%s: %d %s", #__VA_ARGS__, ask_reply.code, ask_reply.text);                     \
        ask_reply.value;                                                                                               \
    })

/* Its input ends: it leaves in order. */
static inline void dismiss(struct guest *guest)
{
    int status;

    fclose(guest->to);
    if (waitpid(guest->pid, &status, 0) != guest->pid || status) CHECK_FAIL("a member ended with status 0x%x", status);
    fclose(guest->from);
}

#endif
