/* Ctrl-C in the command: the first ends what the device does, the second the command. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <npurt/npurt.h>

/* Once, before other threads are made: SIGINT and SIGTERM go to a thread of their own from now on. */
void interrupt_begin(void);

/* What the first one cancels; NULL: nothing, it ends the command. */
void interrupt_cancels(npurt_device *device);

#endif
