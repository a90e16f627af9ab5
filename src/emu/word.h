/* Words of the texts that describe a card: what machine strings and fault plans are read with. */
#ifndef EMU_WORD_H
#define EMU_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text; not terminated. Borrowed. */
struct word {
    const char *at;
    size_t length;
};

bool word_is(struct word word, const char *text);

/* Where the sentence about what is wrong goes; the caller's. */
struct word_problem {
    char *text;
    size_t size; /* 0: nobody wants it */
};

/* Writes the sentence; returns -1, for the reader to return. */
int word_refuse(const struct word_problem *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
