/* Where an output is wrong: the first element, and the blocks that hold wrong ones. */
#ifndef CLI_WRONG_H
#define CLI_WRONG_H

#include "report.h"

/* Lines on standard output. */
void wrong_text(const struct wrong_output *wrong);
/* One JSON object: name, mismatches, index, got, wanted, blocks. */
void wrong_json(const struct wrong_output *wrong);

#endif
