/* A card without a driver: threads as cores and AICPU threads, registers in memory, the device programs with their
 * silicon port. Runs natively and under qemu-aarch64.
 *
 * Life: card_create → per run: image_builder → card_run → card_destroy. A card has 3 × clusters cores; core i of the
 * launch sits at physical sub-core physical_of(i), which is not i, so that a mix-up shows.
 */
#ifndef NPURT_TESTS_CROSS_HARNESS_H
#define NPURT_TESTS_CROSS_HARNESS_H

#include <stdbool.h>

#include "npurt/tensor.h"
#include "protocol/image.h"
#include "protocol/recorder.h"

/* ---- an image, task by task */

enum { BUILDER_MAX_INPUTS = 8, BUILDER_MAX_TASKS = 20000 };

struct builder_task {
    uint8_t shape, core_mask;
    uint16_t block_num;
    int16_t kernel[3];
    uint32_t input_count, inputs[BUILDER_MAX_INPUTS]; /* producers, each once */
    uint64_t seed;
};

struct builder {
    bool joined; /* neighbours with the same two inputs or more wait for a join */
    uint32_t task_count;
    struct builder_task *tasks;
    uint64_t **output; /* per task: block_num × 3 words, written by the kernels */
    uint32_t **runs;   /* per task: how often each of them was written */
};

void builder_init(struct builder *b);
void builder_fini(struct builder *b);
/* Adds a task; its inputs must be tasks already added. Returns its number. */
uint32_t builder_add(struct builder *b, const struct builder_task *task);
/* The image, 64-byte aligned, to be freed by the caller. Allocates and clears the outputs. */
void *builder_image(struct builder *b, uint64_t *size);
/* Compares every output with the sequential model, and every count with 1. NULL, or what differs. */
const char *builder_check(const struct builder *b);

/* ---- the card */

enum {
    KERNEL_AIC = 0,
    KERNEL_AIV = 1,
    KERNEL_STUCK_AIV = 2,
    KERNEL_SLOW_AIC = 3,
    KERNEL_COUNT = 4,
    KERNEL_HOLE = 4,
    KERNEL_TABLE = 5
};

struct card;
struct card_options {
    uint32_t aicpu_threads;
    uint32_t timeout_ms;     /* scheduler timeout; 0: 20 s */
    uint32_t missing_core;   /* 1 + launch index of a core that never starts; 0 none */
    uint32_t lying_core;     /* 1 + launch index of a core that reports a physical number that is not there */
    uint32_t abort_after_ms; /* the host writes run_command.abort then, with grace_ms */
    uint32_t grace_ms;
    bool no_cores; /* only the AICPU threads, to look at what they answer */
};

struct card *card_create(uint32_t clusters);
void card_destroy(struct card *card);
/* Runs the image to the end of all threads. Kernels of KERNEL_STUCK_AIV are let go when the AICPU threads have
 * returned. */
struct run_result card_run(struct card *card, const void *image, uint64_t image_size,
                           const struct card_options *options);
/* Kernels that ran on core `index` of the launch since card_create. */
uint32_t card_kernels_on(const struct card *card, uint32_t index);
/* Every core has left its loop and its register window is closed. */
bool card_is_closed(const struct card *card);
uint32_t card_physical_of(const struct card *card, uint32_t index);
/* What the flight recorder has of core `index` of the launch after the last run, and of its scheduler `thread`. */
const struct core_record *card_core_record(const struct card *card, uint32_t index);
const struct scheduler_record *card_scheduler_record(const struct card *card, uint32_t thread);

#endif
