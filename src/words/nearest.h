/* The nearest of some known words to one that is misspelt.
 *
 * The distance is the number of letters put in, left out, replaced or exchanged with their neighbour; a word is near when
 * that is at most a third of the longer word's length, rounded up. Of a known word that begins with two letters or more of
 * what was written it is 1 at most. Letters are compared without regard to case. */
#ifndef WORDS_NEAREST_H
#define WORDS_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
    const char *word; /* NULL: none is near, or several are alike */
    bool found;       /* some word is near; the next is the distance of the nearest */
    unsigned distance;
};

/* Considers one more known word; begin with {0}. `text` is what was written, of `length`. */
void nearest_try(struct nearest *nearest, const char *text, size_t length, const char *known);

/* `; did you mean "WORD"?` in the buffer, or nothing. Returns the buffer. */
const char *nearest_hint(const struct nearest *nearest, char *buffer, size_t size);

#endif
