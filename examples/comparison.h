/* The comparison of an output with what it must be: how many elements are wrong, which is the first, where they lie.
 *
 * An element is right when |got - wanted| <= absolute + relative * |wanted|. Equal infinities are right; an infinity
 * against anything else is wrong whatever the tolerance, and so is a NaN against anything.
 *
 * Life: comparison_begin → comparison_note for elements, in any order; parts counted by several threads are brought together
 * by comparison_add → fields are read. */
#ifndef NPURT_EXAMPLES_COMPARISON_H
#define NPURT_EXAMPLES_COMPARISON_H

#include <npurt/callable.h>

#include <math.h>

/* An output is cut into at most so many blocks each way: its rows, all extents but the last, and its columns. */
enum { COMPARISON_BLOCKS = 8 };

struct comparison {
    uint32_t ndims, shape[NPURT_MAX_DIMS];
    uint64_t columns;                    /* the last extent */
    uint64_t block_rows, block_columns;  /* extents of a block; the last ones may be smaller */
    uint64_t wrong;
    double max_abs_error;                /* over all elements, right or wrong; infinite when one is no number */
    uint64_t first;                      /* of the wrong elements the lowest, row by row; the next two are its */
    char got[32], wanted[32];
    uint64_t in_block[COMPARISON_BLOCKS][COMPARISON_BLOCKS]; /* wrong elements of each */
};

void comparison_begin(struct comparison *c, const npurt_call_tensor *tensor);
/* A wrong element. `got` and `wanted` as they are to be shown; NULL: as the numbers are. */
void comparison_wrong(struct comparison *c, uint64_t index, double got, double wanted, const char *got_text,
                      const char *wanted_text);
/* `from` is of the same tensor. */
void comparison_add(struct comparison *c, const struct comparison *from);

static inline double comparison_error(double got, double wanted)
{
    const double error = fabs(got - wanted);
    return got == wanted ? 0 : error == error ? error : (double)INFINITY;
}

static inline void comparison_note(struct comparison *c, uint64_t index, double got, double wanted, double absolute,
                                   double relative)
{
    const double error = comparison_error(got, wanted);
    if (error > c->max_abs_error) c->max_abs_error = error;
    /* An infinite or unknown bound lets no infinite error pass. */
    if (error > absolute + relative * fabs(wanted) || error == (double)INFINITY)
        comparison_wrong(c, index, got, wanted, NULL, NULL);
}

#endif
