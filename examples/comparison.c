#include "comparison.h"

#include <stdio.h>
#include <string.h>

static uint64_t block_of(uint64_t extent)
{
    return (extent + COMPARISON_BLOCKS - 1) / COMPARISON_BLOCKS;
}

void comparison_begin(struct comparison *c, const npurt_call_tensor *tensor)
{
    uint64_t rows = 1;
    *c = (struct comparison){.ndims = tensor->ndims, .columns = 1};
    memcpy(c->shape, tensor->shape, sizeof c->shape);
    for (uint32_t d = 0; d + 1 < tensor->ndims; d++)
        rows *= tensor->shape[d];
    if (tensor->ndims) c->columns = tensor->shape[tensor->ndims - 1];
    c->block_rows = block_of(rows);
    c->block_columns = block_of(c->columns);
}

void comparison_wrong(struct comparison *c, uint64_t index, double got, double wanted, const char *got_text,
                      const char *wanted_text)
{
    c->in_block[index / c->columns / c->block_rows][index % c->columns / c->block_columns]++;
    if (c->wrong++ && index > c->first) return;
    c->first = index;
    if (got_text)
        snprintf(c->got, sizeof c->got, "%s", got_text);
    else
        snprintf(c->got, sizeof c->got, "%.9g", got);
    if (wanted_text)
        snprintf(c->wanted, sizeof c->wanted, "%s", wanted_text);
    else
        snprintf(c->wanted, sizeof c->wanted, "%.9g", wanted);
}

void comparison_add(struct comparison *c, const struct comparison *from)
{
    if (from->wrong && (!c->wrong || from->first < c->first)) {
        c->first = from->first;
        memcpy(c->got, from->got, sizeof c->got);
        memcpy(c->wanted, from->wanted, sizeof c->wanted);
    }
    c->wrong += from->wrong;
    if (from->max_abs_error > c->max_abs_error) c->max_abs_error = from->max_abs_error;
    for (uint32_t i = 0; i < COMPARISON_BLOCKS; i++)
        for (uint32_t j = 0; j < COMPARISON_BLOCKS; j++)
            c->in_block[i][j] += from->in_block[i][j];
}
