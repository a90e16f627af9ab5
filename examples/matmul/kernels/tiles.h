/* A tile is an f32 matrix whose rows are contiguous; a tensor of three dimensions is a pile of tiles, one of two is one. */
#ifndef MATMUL_TILES_H
#define MATMUL_TILES_H

#include <npurt/kernel.h>

struct tiles {
    NPURT_GM float *data;
    uint32_t count, rows, columns;
    size_t tile_stride, row_stride;
};

static inline struct tiles tiles_of(NPURT_GM const npurt_tensor *t)
{
    struct tiles tiles;
    uint32_t piled = t->ndims - 2;
    tiles.data = (NPURT_GM float *)npurt_kernel_data(t);
    tiles.count = piled ? t->shape[0] : 1;
    tiles.tile_stride = piled ? t->strides[0] : 0;
    tiles.rows = t->shape[piled];
    tiles.columns = t->shape[piled + 1];
    tiles.row_stride = t->strides[piled];
    return tiles;
}

static inline NPURT_GM float *tiles_row(const struct tiles *tiles, uint32_t tile, uint32_t row)
{
    return tiles->data + tile * tiles->tile_stride + row * tiles->row_stride;
}

#endif
