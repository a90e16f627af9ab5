/* Headers of .npy files: what is read fits memory and says where the elements begin; written again it says the same.
 * Small arrays in Fortran order are turned, every element once. */
#include "fuzz.h"

#include "npy.h"

static void turn(const struct npy *npy)
{
    const size_t width = npurt_dtype_size(npy->dtype), bytes = npy->elements * width;
    uint8_t *from = malloc(bytes), *to = calloc(1, bytes);
    size_t sum_from = 0, sum_to = 0;

    if (!from || !to) abort();
    for (size_t i = 0; i < bytes; i++)
        sum_from += from[i] = (uint8_t)(i * 37 >> 3);
    npy_to_c_order(npy, from, to);
    for (size_t i = 0; i < bytes; i++)
        sum_to += to[i];
    FUZZ_CHECK(sum_from == sum_to, "%zu and %zu", sum_from, sum_to);
    FUZZ_CHECK(memcmp(from, to, width) == 0 && memcmp(from + bytes - width, to + bytes - width, width) == 0,
               "first or last element moved");
    free(from);
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct npy npy, again;
    char problem[200], header[NPY_WRITTEN];
    size_t length;
    uint64_t elements = 1;
    void *block = fuzz_block(&in, in.left, &length);
    const bool read = npy_read_header(block, length, &npy, problem, sizeof problem);

    fuzz_verdict(read);
    if (read) {
        FUZZ_CHECK(npy.header_bytes >= 10 && npy.header_bytes <= length && npy.header_bytes <= NPY_LONGEST,
                   "%llu bytes", (unsigned long long)npy.header_bytes);
        FUZZ_CHECK(npy.ndims >= 1 && npy.ndims <= NPURT_MAX_DIMS && (uint32_t)npy.dtype < NPURT_DTYPE_COUNT, "%u of %d",
                   npy.ndims, (int)npy.dtype);
        for (uint32_t d = 0; d < npy.ndims; d++) {
            FUZZ_CHECK(npy.shape[d] > 0 && !__builtin_mul_overflow(elements, npy.shape[d], &elements), "dimension %u",
                       d);
        }
        FUZZ_CHECK(elements == npy.elements && elements <= SIZE_MAX / 2 / npurt_dtype_size(npy.dtype), "elements");
        const size_t written = npy_write_header(header, npy.dtype, npy.ndims, npy.shape);
        FUZZ_CHECK(written % 64 == 0 && written <= NPY_WRITTEN, "%zu bytes", written);
        FUZZ_CHECK(npy_read_header(header, written, &again, problem, sizeof problem), "%s", problem);
        FUZZ_CHECK(again.dtype == npy.dtype && again.ndims == npy.ndims && again.elements == npy.elements &&
                       again.header_bytes == written && !again.fortran_order &&
                       memcmp(again.shape, npy.shape, sizeof npy.shape[0] * npy.ndims) == 0,
                   "another header");
        if (npy.elements <= 4096) turn(&npy);
    } else {
        fuzz_sentence(problem, sizeof problem);
    }
    free(block);
    return 0;
}
