/* NumPy's .npy files: a header that says type, order and shape, then the elements.
 *
 * Format versions 1 to 3 are read, version 1 is written. Types are those of npurt, little-endian; bf16, which NumPy does
 * not have, is '<V2' or '|V2', as the ml_dtypes package writes it. C and Fortran order are read, C order is written.
 * Origin of the format: numpy/lib/format.py of NumPy 1.24, "numpy.lib.format" in its manual. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <npurt/tensor.h>

enum { NPY_MAGIC = 6, NPY_LONGEST = 65536 /* of a header, magic and length in it */, NPY_WRITTEN = 256 };

struct npy {
    npurt_dtype dtype;
    bool fortran_order; /* the first index changes fastest */
    uint32_t ndims;     /* 1 to NPURT_MAX_DIMS; an array without dimensions is one element */
    uint32_t shape[NPURT_MAX_DIMS]; /* none is 0 */
    uint64_t elements;
    uint64_t header_bytes; /* where the elements begin */
};

/* `data` begins as a .npy file does. */
bool npy_begins(const void *data, size_t size);

/* Reads a header from the first bytes of a file: all of it, or NPY_LONGEST bytes. false: `problem` says why. */
bool npy_read_header(const void *data, size_t size, struct npy *npy, char *problem, size_t problem_size);

/* Elements in Fortran order become elements in C order; both have npy->elements. */
void npy_to_c_order(const struct npy *npy, const void *from, void *to);

/* Writes a header for elements in C order, its length a multiple of 64, and returns its length. */
size_t npy_write_header(char header[NPY_WRITTEN], npurt_dtype dtype, uint32_t ndims, const uint32_t *shape);

/* "<f4". */
const char *npy_descr(npurt_dtype dtype);

#endif
