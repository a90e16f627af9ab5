/* Paged attention's inputs and check, for whoever computes the same in other tasks. */
#ifndef PAGED_ATTENTION_GOLDEN_H
#define PAGED_ATTENTION_GOLDEN_H

#include "../example.h"

/* A case's parameters; GROUP and RUN: sequences and blocks of one task; LENGTHS: one per sequence up to a 0, the last one
 * given counts for the rest. */
enum { BATCH, HEADS, DIM, BLOCK, GROUP, RUN, FLAGS, LENGTHS };
enum { MANUAL = 1, FOUR_DIMENSIONS = 2 };

/* As struct example has them. Arguments are those of layout.h. */
int paged_attention_prepare(struct example_problem *problem);
int paged_attention_check(struct example_problem *problem);

#endif
