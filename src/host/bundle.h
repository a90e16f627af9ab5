/* The device programs, found together: AICPU program, its dispatcher, AICore program. */
#ifndef HOST_BUNDLE_H
#define HOST_BUNDLE_H

#include "file.h"

struct bundle {
    struct bytes aicpu, dispatcher, aicore;
    uint64_t fingerprint; /* of the AICPU program: its GNU build-id's first 8 bytes, or FNV-1a-64 of all its bytes */
};

/* Looks in `folder`, or when that is NULL in NPURT_BINARIES, or beside this library (npurt/PLATFORM), each time for
 * GENERATION/FILE, then FILE; `folder` may be the one above PLATFORM. MISSING_BINARY: names the file and every folder
 * that was searched;
 * BAD_BINARY: no ELF file. */
npurt_status bundle_open(const char *folder, const char *platform, const char *generation, struct bundle *out);
void bundle_close(struct bundle *bundle);

#endif
