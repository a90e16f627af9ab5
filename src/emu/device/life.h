/* The device process ends with its host process, however that ends. */
#ifndef NPUEMU_LIFE_H
#define NPUEMU_LIFE_H

#include <stdbool.h>

/* Watches the host; `root` is the path of the card's, shared with the processes of the card's other device ids and, when the card
 * is named, with those of other hosts. */
void life_init(const char *root, bool named);

/* EMU_CMD_SHUTDOWN: ends the process in order. Does not return. */
_Noreturn void life_stop(void);

#endif
