/* Where in a JSON text a value stands. The JSON library tells the line of a syntax error only; a value that parses and
 * is wrong is found here. */
#ifndef BUNDLE_LOCATE_H
#define BUNDLE_LOCATE_H

#include <stdint.h>

/* Line (from 1) at which the value of `path` begins: "kernels[1].core". A part of the path that is not there ends the
 * way: the line is that of what holds it. Pre: `text` is a whole, valid JSON value. Keys written with escapes are not
 * recognised. */
uint32_t locate_line(const char *text, const char *path);

#endif
