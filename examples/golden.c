#include "golden.h"
#include <npurt/kernel.h>

void golden_add_product(double *line, const float *a, uint32_t inner, const float *b, uint32_t columns)
{
    for (uint32_t k = 0; k < inner; k++)
        for (uint32_t j = 0; j < columns; j++)
            line[j] += (double)a[k] * b[(size_t)k * columns + j];
}

float *golden_add_random(struct example_problem *problem, npurt_access access, uint32_t ndims, const uint32_t *shape,
                         uint64_t stream)
{
    float *x = example_add_tensor(problem, access, NPURT_F32, ndims, shape);
    if (!x) return NULL;
    uint64_t n = example_tensor_elements(&problem->tensor[problem->tensor_count - 1]);
    for (uint64_t i = 0; i < n; i++)
        x[i] = example_random_f32(problem->seed, stream, i);
    return x;
}

/* Eight elements per random number. */
void golden_fill_bf16(uint16_t *to, uint64_t count, uint64_t seed, uint64_t stream, uint64_t first, float scale)
{
    uint16_t value[256];
    for (int i = 0; i < 256; i++)
        value[i] = npurt_f32_to_bf16((float)(int8_t)i / 128 * scale);
    for (uint64_t i = 0; i < count; i += 8) {
        uint64_t bits = example_random(seed, stream, (first + i) / 8);
        for (uint64_t k = 0; k < 8 && i + k < count; k++)
            to[i + k] = value[(bits >> (8 * k)) & 255];
    }
}
