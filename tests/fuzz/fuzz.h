/* What the fuzzers share. A fuzzer is one file with LLVMFuzzerTestOneInput: it makes its input of the bytes, hands it to
 * the product, and checks what was promised of the answer, computed here and not by the code under test. A promise that
 * does not hold ends the process, as a bad access does; libFuzzer then keeps the input.
 *
 * Memory that the product reads is copied to blocks of exactly its size, so that AddressSanitizer sees a byte too far.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise, and what to print when it does not hold. */
#define FUZZ_CHECK(condition, ...)                                                                                     \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s is false: ", __FILE__, __LINE__, #condition);                                   \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fprintf(stderr, "\n");                                                                                     \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* ---- the input, taken from its front ------------------------------------------------------------------------------ */

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* Little-endian; bytes that are not there are 0. */
static inline uint64_t fuzz_number(struct fuzz_input *in, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes && in->left > 0; i++, in->at++, in->left--)
        value |= (uint64_t)*in->at << 8 * i;
    return value;
}

/* `size` bytes, or what is left, in a block of their own. */
static inline void *fuzz_block(struct fuzz_input *in, size_t size, size_t *got)
{
    const size_t n = size < in->left ? size : in->left;
    void *block = malloc(n ? n : 1);

    if (!block) abort();
    if (n) memcpy(block, in->at, n);
    in->at += n;
    in->left -= n;
    *got = n;
    return block;
}

/* The rest up to the first NUL, as a string. */
static inline char *fuzz_text(struct fuzz_input *in)
{
    const void *end = in->left ? memchr(in->at, 0, in->left) : NULL;
    const size_t n = end ? (size_t)((const uint8_t *)end - in->at) : in->left;
    char *text = malloc(n + 1);

    if (!text) abort();
    if (n) memcpy(text, in->at, n);
    text[n] = 0;
    in->at += n;
    in->left -= n;
    return text;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static uint64_t fuzz_accepted, fuzz_refused;

/* A run over inputs that are all refused, or all accepted, has looked at half of the code. With FUZZ_BOTH in the
 * environment it fails. */
static inline void fuzz_sum_up(void)
{
    fprintf(stderr, "fuzz: %llu accepted, %llu refused\n", (unsigned long long)fuzz_accepted,
            (unsigned long long)fuzz_refused);
    if (getenv("FUZZ_BOTH") && (!fuzz_accepted || !fuzz_refused)) {
        fprintf(stderr, "fuzz: no mixture\n");
        _exit(1);
    }
}

static inline void fuzz_verdict(bool accepted)
{
    if (fuzz_accepted + fuzz_refused == 0) atexit(fuzz_sum_up);
    accepted ? fuzz_accepted++ : fuzz_refused++;
}

/* A sentence in a buffer of `size`: ended, and not empty. */
static inline void fuzz_sentence(const char *text, size_t size)
{
    FUZZ_CHECK(memchr(text, 0, size) != NULL, "the message does not end within %zu bytes", size);
    FUZZ_CHECK(text[0], "a refusal without a word");
}

/* The message quotes a part of `text`, or some word of it, as cut by `separators`, stands in the message: the reader can
 * find the place. Of a text without words nothing is asked. */
static inline bool fuzz_names_a_word(const char *message, const char *text, const char *separators)
{
    const char *quote = strchr(message, '"'), *end = quote ? strchr(quote + 1, '"') : NULL;
    bool any = false;

    if (end && memmem(text, strlen(text), quote + 1, (size_t)(end - quote - 1))) return true;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        const size_t n = strcspn(text, separators);
        if (memmem(message, strlen(message), text, n)) return true;
        any = true;
        text += n;
    }
    return !any;
}

#endif
