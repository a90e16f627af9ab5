/* Programs that were built with older headers (NPURT_API_VERSION, npurt/version.h): how large their structs are.
 *
 * A public struct grows at its end only, and zeros in it mean what was the case before it was there. So what an older
 * program gives is read as far as it goes, with zeros behind; of what it asks for it gets the beginning. The version is
 * said when a device is opened, and holds for everything that is done with its handles. */
#ifndef HOST_API_H
#define HOST_API_H

#include <npurt/callable.h>

/* Sizes, in bytes, of the structs that a program passes by pointer. What is inside of others (npurt_ring_options,
 * npurt_binary) can not grow, and what the library passes to the program (npurt_error, npurt_log_line) may. */
struct api {
    uint32_t version;
    uint16_t device_options, device_info, ledger_totals, callable_desc, kernel_desc, param, call_args, call_tensor, timing;
};

/* NULL: this library does not serve that version. */
const struct api *api_find(uint32_t version);

/* What was copied because it came from an older program; gone with api_release. */
struct api_copy {
    union {
        npurt_device_options options;
        npurt_callable_desc desc;
        npurt_call_args args;
    };
    void *array[2];
};

/* The program's struct with all that it points to, as this library's headers have it: *given itself when its version is
 * the library's, which costs a comparison. given may be NULL. NULL of what is not: no host memory, and raised. */
const npurt_device_options *api_options(const struct api *api, const npurt_device_options *given, struct api_copy *copy);
const npurt_callable_desc *api_desc(const struct api *api, const npurt_callable_desc *given, struct api_copy *copy);
/* `declared`: tensors that the callable takes; another number is refused by who looks at it. */
const npurt_call_args *api_args(const struct api *api, const npurt_call_args *given, uint32_t declared,
                                struct api_copy *copy);
void api_release(struct api_copy *copy);

/* The beginning of `ours`, of `size` bytes, into a program's struct of `theirs` bytes. */
static inline void api_answer(void *program, size_t theirs, const void *ours, size_t size)
{
    __builtin_memcpy(program, ours, theirs < size ? theirs : size);
}

#endif
