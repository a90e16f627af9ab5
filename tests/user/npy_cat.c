/* npy_cat IN OUT: reads an array file and writes it again; when OUT ends in .npy with its shape. Prints type and shape.
 */
#include "array_file.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct array_file file;
    char problem[512];
    if (argc != 3) return 2;
    bool good = array_file_open(argv[1], &file, problem, sizeof problem);
    void *elements = good ? malloc(file.bytes + 1) : NULL;
    good = good && elements && array_file_read(&file, elements, file.bytes, problem, sizeof problem) &&
           array_file_write(argv[2], file.npy.dtype, file.npy.ndims, file.npy.shape, elements, file.bytes, problem,
                            sizeof problem);
    if (good) {
        printf("%d", (int)file.npy.dtype);
        for (uint32_t d = 0; d < file.npy.ndims; d++)
            printf(" %u", file.npy.shape[d]);
        printf("\n");
    } else {
        fprintf(stderr, "%s\n", problem);
    }
    array_file_close(&file);
    free(elements);
    return good ? 0 : 1;
}
