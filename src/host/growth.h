/* What runs leave behind: nothing, or the ledger says since which run and whose it is.
 *
 * The check (npurt_device_options.leak_check, NPURT_CALL_LEAK_CHECK) looks at one run: every entry that the ledger
 * gained while it was in flight must be one of the buffers that banks keep, or the one registration; and when the
 * ledger gained and lost nothing, the emulated card must have as much memory in use as before, to the byte.
 *
 * The watch looks at all of them, at the cost of one comparison for a run that changed nothing: holdings of an owner
 * that were more after a run than after any before are noted, with the first run that did it and how many have. Buffers
 * that are grown to fit settle; what keeps growing is a leak. */
#ifndef HOST_GROWTH_H
#define HOST_GROWTH_H

#include "ledger.h"

enum { GROWTH_ROWS = 32, GROWTH_WARN = 16 };

struct growth_row {
    enum ledger_kind kind;
    char owner[32];
    uint64_t count, bytes;     /* the most there was after a run */
    uint64_t first_run, grown; /* the first run after which there was more, and how many such runs */
};
struct growth {
    uint64_t runs;
    uint64_t seen; /* ledger.changes when looked at last */
    uint32_t rows;
    struct growth_row row[GROWTH_ROWS];
};

/* After a run. Logs a warning when an owner's holdings have grown for the GROWTH_WARN-th time. */
void growth_look(npurt_device *device);
/* Forgets what there was, after a reset. */
void growth_forget(struct growth *growth);

/* What a run finds when it is bound, and the comparison when it has ended: LEAK, naming what it left. */
struct growth_mark {
    uint64_t changes, in_use;
    bool whole; /* in_use is known, to the byte */
};
void growth_mark(npurt_device *device, struct growth_mark *mark);
npurt_status growth_check(npurt_device *device, const struct growth_mark *mark, const char *callable);

#endif
