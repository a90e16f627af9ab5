#include "nearest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 48 }; /* of known words; longer ones are never near */

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Row by row through the table of distances between the words' beginnings: the last three rows are kept. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned row[3][LONGEST + 1];
    for (unsigned j = 0; j <= b_length; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned *now = row[i % 3];
        const unsigned *before = row[(i - 1) % 3], *before_that = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            const unsigned char x = lower(a[i - 1]), y = lower(b[j - 1]);
            now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                now[j] = least(now[j], before_that[j - 2] + 1);
        }
    }
    return row[a_length % 3][b_length];
}

void nearest_try(struct nearest *nearest, const char *text, size_t length, const char *known)
{
    const size_t known_length = strlen(known), longer = length > known_length ? length : known_length;
    if (length == 0 || longer > LONGEST) return;
    unsigned d = distance(text, length, known, known_length);
    if (length >= 2 && length < known_length && strncasecmp(text, known, length) == 0) d = 1;
    if (d > (longer + 2) / 3 || d >= longer || (nearest->found && d > nearest->distance)) return;
    nearest->word = nearest->found && d == nearest->distance ? NULL : known;
    nearest->distance = d;
    nearest->found = true;
}

const char *nearest_hint(const struct nearest *nearest, char *buffer, size_t size)
{
    buffer[0] = 0;
    if (nearest->word) snprintf(buffer, size, "; did you mean \"%s\"?", nearest->word);
    return buffer;
}
