#include "problem.h"

void problem_write(char *out, uint32_t size, const struct word *words, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        char digits[21], *p = digits + sizeof digits - 1;
        const char *text = words[i].text;
        if (!text) {
            uint64_t n = words[i].number;
            *p = 0;
            do {
                *--p = (char)('0' + n % 10);
                n /= 10;
            } while (n != 0);
            text = p;
        }
        while (*text && at + 1 < size)
            out[at++] = *text++;
    }
    out[at] = 0;
}
