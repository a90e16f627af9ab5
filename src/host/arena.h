/* The memory in which graphs are built on the device: the engine's own, and the heaps of its four rings.
 *
 * A device handle has it once, from the first run that needs it; it is kept between runs, and grows when a run asks for
 * more than there was. Both banks share it, since one run executes at a time: it is changed while none does. The engine
 * sets itself up anew when engine_key differs from the run before. */
#ifndef HOST_ARENA_H
#define HOST_ARENA_H

#include <npurt/device.h>
#include "../protocol/stream.h"

struct arena {
    uint64_t engine, engine_room;
    uint64_t heap[STREAM_RINGS], heap_room[STREAM_RINGS];
    struct stream_control laid_out; /* for rings of these sizes; engine_key 0: for none */
    uint64_t unload;                /* struct stream_unload[NPURT_MAX_CALLABLES] */
    uint32_t unload_next;
    bool unloading; /* an unload was launched behind a run, and nobody has waited for its end */
};

/* Sets the addresses and the key in a control whose rings are chosen. False, the key 0: the arena has to be made for
 * them first. */
bool arena_is_for(const npurt_device *device, struct stream_control *control);
/* Makes it so. Pre: no run of the device executes. */
npurt_status arena_settle(npurt_device *device, struct stream_control *control);

/* A place for the argument of an unload; its last user's launch has ended. Pre: a run has settled the arena. */
uint64_t arena_unload_place(npurt_device *device);

/* Gives everything back; leaves it to a reset. */
npurt_status arena_fini(npurt_device *device);
void arena_forget(npurt_device *device);

#endif
