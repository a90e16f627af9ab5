#include "word.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.at, text, word.length) == 0;
}

int word_refuse(const struct word_problem *problem, const char *format, ...)
{
    va_list args;

    if (problem->size > 0) {
        va_start(args, format);
        vsnprintf(problem->text, problem->size, format, args);
        va_end(args);
    }
    return -1;
}
