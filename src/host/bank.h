/* The two banks of a device: device and host memory of a run in flight, kept between runs and grown, never taken per run.
 *
 * Two runs are in flight at most: one executes out of its bank while the next is bound in the other. Synchronous calls
 * use the first bank alone; the second is empty until a run is launched while another executes. What a bank costs: the
 * block (about 0.6 MiB on an a5, 16 bytes more per task), the image when it is above 64 KiB, staging for all host tensors
 * of a call, the outputs that a graph allocates (at least 64 MiB or a sixteenth of the device's memory as soon as there is
 * one), and on the host a copy of an image above 64 KiB once a graph of its form has run twice.
 *
 * Lines through which cores and schedulers talk are there once: only one run executes.
 */
#ifndef HOST_BANK_H
#define HOST_BANK_H

#include <npurt/callable.h>
#include "../graph/graph.h"
#include "../protocol/recorder.h"
#include "../protocol/stream.h"

/* `block` is one allocation, so that a small graph travels in one copy:
 *
 *     | … image (≤ RUN_SMALL_IMAGE) | control | command | result | workspace: 4 KiB zeroed, rest undefined … |
 *                                   ^ block + RUN_SMALL_IMAGE
 *
 * A larger image has a buffer of its own. A graph that is built on the device has no image; in its place are
 *
 *     | … arguments | stream_control | stream_result | control | …
 *
 * with the stream_result so near to the run_result that one copy reads both. `upload` is the host's picture of the block
 * up to the zeroed part. */
enum { RUN_SMALL_IMAGE = 65536, RUN_COMMAND = 192, RUN_RESULT = 256, RUN_HEAD = 1024, RUN_WORKSPACE_ZERO = 4096 };
enum {
    RUN_STREAM_RESULT = sizeof(struct stream_result),                        /* before the control */
    RUN_STREAM_CONTROL = RUN_STREAM_RESULT + sizeof(struct stream_control), /* before the control */
    RUN_STREAM_ARGS = NPURT_CALL_MAX_TENSORS * sizeof(npurt_tensor) + NPURT_CALL_MAX_SCALARS * sizeof(uint64_t),
};
_Static_assert(RUN_STREAM_RESULT % PROTOCOL_LINE == 0 && RUN_STREAM_CONTROL % PROTOCOL_LINE == 0 &&
                   RUN_STREAM_CONTROL + RUN_STREAM_ARGS <= RUN_SMALL_IMAGE,
               "what a graph on the device has in place of an image");
_Static_assert(RUN_COMMAND >= sizeof(struct run_control) && RUN_RESULT >= RUN_COMMAND + sizeof(struct run_command) &&
                   RUN_HEAD >= RUN_RESULT + sizeof(struct run_result) && RUN_COMMAND % PROTOCOL_LINE == 0 &&
                   RUN_RESULT % PROTOCOL_LINE == 0,
               "the run's head");

enum { BANKS = 2 };

struct run_bank {
    npurt_run *run; /* in flight; NULL: the bank is free */
    uint64_t block;
    uint64_t workspace_size;
    uint64_t image, image_size;     /* large images */
    uint64_t staging, staging_size; /* host tensors on the device */
    uint64_t heap, heap_size;       /* outputs that graphs allocate */
    char *upload;                   /* RUN_SMALL_IMAGE + RUN_HEAD + RUN_WORKSPACE_ZERO bytes */

    struct graph_image graph; /* of the bound call: in the engine's memory, while that holds */
    uint64_t graph_number;    /* this one of the device's graphs */

    /* What of the last images is on the device still (upload.c). */
    uint64_t small_size;       /* of the small image in `upload` and on the device alike; 0 none */
    struct image_header large; /* of the large image on the device; magic 0: none */
    char *shadow;              /* the host's copy of it, when `shadowed` */
    uint64_t shadow_room;
    bool shadowed;

    /* The bound call: tensors as the graph sees them, and host memory to copy back to. */
    npurt_tensor tensor[NPURT_CALL_MAX_TENSORS];
    void *host[NPURT_CALL_MAX_TENSORS]; /* NULL: a device tensor */
    uint32_t tensor_count;
};

/* hello, welcome and payload lines of every core, the flight recorder, then the register bases: one allocation. */
struct run_lines {
    uint64_t memory;
    uint64_t hello, welcome, payload, records, regs;
};

static inline uint64_t bank_control(const struct run_bank *bank)
{
    return bank->block + RUN_SMALL_IMAGE;
}

/* Takes the lines and the first bank's block. fini gives all banks back; forget leaves the device's part to a reset;
 * free gives back host memory. */
npurt_status bank_init(npurt_device *device);
npurt_status bank_fini(npurt_device *device);
void bank_forget(npurt_device *device);
void bank_free(npurt_device *device);

/* Makes a buffer of the bank at least `need` bytes, and rather `wanted`; its content is lost when it grows. */
npurt_status bank_grow(npurt_device *device, struct run_bank *bank, uint64_t *address, uint64_t *capacity, uint64_t need,
                       uint64_t wanted, const char *purpose);
/* Makes the block and its host picture, and the workspace large enough; moves the block. */
npurt_status bank_grow_block(npurt_device *device, struct run_bank *bank, uint64_t workspace);

/* The next upload sends the whole image: after a failed run nobody knows what is on the device. */
void bank_distrust(struct run_bank *bank);

#endif
