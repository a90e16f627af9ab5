/* Sentences about refused submissions, made without the C library. */
#ifndef NPURT_GRAPH_PROBLEM_H
#define NPURT_GRAPH_PROBLEM_H

#include <stdint.h>

/* One piece of a sentence: text, or a number when text is NULL. */
struct word {
    const char *text;
    uint64_t number;
};
#define WORD(t)   ((struct word){.text = (t)})
#define NUMBER(n) ((struct word){.number = (uint64_t)(n)})

/* Writes the words into out[size], zero-terminated, cut to fit. */
void problem_write(char *out, uint32_t size, const struct word *words, uint32_t count);

#endif
