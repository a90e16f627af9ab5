/* Strides of the tensors that a caller passes to a call (npurt_call_tensor.strides). */
#ifndef HOST_STRIDES_H
#define HOST_STRIDES_H

#include <npurt/callable.h>

/* False: contiguous, by strides of 0. */
static inline bool strides_are_given(const npurt_call_tensor *t)
{
    return (t->strides[0] | t->strides[1] | t->strides[2] | t->strides[3] | t->strides[4]) != 0;
}

/* Pre: dtype, dimensions and shape are checked, strides are given. INVALID_ARGUMENT, naming the dimension: a stride of 0
 * among others that are not, elements that share bytes, or an extent whose bytes can not be counted. `what` begins the
 * sentence. */
npurt_status strides_check(const npurt_call_tensor *t, const char *what);

/* Makes a contiguous tensor one with the caller's strides, if any are given: a buffer of as many bytes as it reaches. */
void strides_apply(const npurt_call_tensor *t, npurt_tensor *x);

/* Copies the elements of a tensor from one picture of its buffer to another; what lies between is left alone. */
void strides_copy(void *to, const void *from, const npurt_tensor *x);

#endif
