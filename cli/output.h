/* Standard output as a file that can fail: a full device, a closed pipe, a descriptor that was closed. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* First of all: standard descriptors that are closed are opened so that writing to them fails, lest the next file that is
 * opened gets their number and the output with it. */
void output_begin(void);

/* Last of all: writes what is still in the buffer. false: not everything was written; stderr says why. */
bool output_end(void);

enum paint { PAINT_GOOD, PAINT_BAD, PAINT_WEAK, PAINT_HEADING, PAINT_END };

/* The terminal's sequence for it; "" when `to` is no terminal, NO_COLOR is set and not empty, or TERM is dumb or not set. */
const char *paint(FILE *to, enum paint paint);

#endif
