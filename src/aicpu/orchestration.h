/* Orchestrations on the AICPU: loaded at first use, kept per callable until it is unloaded or brings other content.
 *
 * The vendor's AICPU has no way to load code but from a file. The file gets a name of its own, since the loader answers a
 * name that it knows with the old library, and is removed as soon as it is loaded.
 */
#ifndef NPURT_AICPU_ORCHESTRATION_H
#define NPURT_AICPU_ORCHESTRATION_H

#include <npurt/orchestration.h>

#include "protocol/stream.h"

typedef int (*orchestration_entry)(npurt_orch *orch, const npurt_orch_args *args);

/* The entry of the run's orchestration, or NULL and why in text[STREAM_TEXT]. *loaded: it was not there before. */
orchestration_entry orchestration_load(const struct stream_control *stream, bool *loaded, char *text);
/* Closes the orchestration of a callable, if it was ever loaded. */
void orchestration_unload(uint32_t callable);

#endif
