/* The vendor compiler's branch of npurt/kernel.h over intrinsics that note what they are asked: words and data go
 * through the caches in the order that silicon needs. */
#include "check.h"

#include "port/silicon/vendor_intrinsics.h"

#define __CCE_AICORE__ /* from here on */
#define __gm__
#define __aicore__
#include <npurt/kernel.h>

enum event_kind { BARRIER, LINE };
static struct event {
    enum event_kind kind;
    uintptr_t line;
    uint32_t word; /* as it was then */
} event[16];
static uint32_t events;
static _Alignas(64) uint32_t memory[64];
static uint32_t *word = &memory[20]; /* its line begins at memory[16] */
static uint32_t from_outside; /* what another core has written; the next invalidation of the word's line fetches it */

static void note(enum event_kind kind, uintptr_t line)
{
    CHECK(events < sizeof event / sizeof event[0]);
    event[events++] = (struct event){kind, line, *word};
}

void dcci(const void *line, enum vendor_cache_scope scope, enum vendor_cache_target target)
{
    CHECK_EQ(scope, SINGLE_CACHE_LINE);
    CHECK_EQ(target, CACHELINE_OUT);
    note(LINE, (uintptr_t)line);
    if ((uintptr_t)line == (uintptr_t)&memory[16] && from_outside) *word = from_outside;
}

void dsb(enum vendor_barrier_scope scope)
{
    CHECK_EQ(scope, DSB_ALL);
    note(BARRIER, 0);
}

TEST(published_word_follows_what_was_written_and_leaves_the_cache)
{
    events = from_outside = 0;
    *word = 1;
    npurt_kernel_publish(word, 2);
    CHECK_EQ(*word, 2);
    CHECK_EQ(events, 3);
    CHECK_EQ(event[0].kind, BARRIER);
    CHECK_EQ(event[0].word, 1); /* before the store */
    CHECK_EQ(event[1].kind, LINE);
    CHECK_EQ(event[1].line, (uintptr_t)&memory[16]);
    CHECK_EQ(event[1].word, 2); /* after it */
    CHECK_EQ(event[2].kind, BARRIER);
}

TEST(observed_word_comes_from_memory)
{
    events = 0;
    *word = 1;
    from_outside = 5;
    CHECK_EQ(npurt_kernel_observe(word), 5);
    CHECK_EQ(event[0].kind, LINE);
    CHECK_EQ(event[1].kind, BARRIER);
    CHECK_EQ(events, 2);
}

TEST(every_line_that_is_touched_is_cleaned_once)
{
    static const struct {
        uint32_t offset, size, lines;
    } range[] = {{0, 64, 1}, {60, 8, 2}, {64, 128, 2}, {63, 1, 1}, {4, 64, 2}, {0, 256, 4}};
    for (uint32_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        events = from_outside = 0;
        if (i % 2)
            npurt_kernel_invalidate((char *)memory + range[i].offset, range[i].size);
        else
            npurt_kernel_clean((char *)memory + range[i].offset, range[i].size);
        CHECK_EQ(events, range[i].lines + 1);
        for (uint32_t k = 0; k < range[i].lines; k++)
            CHECK_EQ(event[k].line, (uintptr_t)memory + range[i].offset / 64 * 64 + k * 64);
        CHECK_EQ(event[range[i].lines].kind, BARRIER);
    }
}

TEST_MAIN
