/* The vendor compiler's branch of npurt/kernel.h over intrinsics that note what they are asked: words and data go
 * through the caches in the order that silicon needs. */
#include "check.h"

#include "port/silicon/vendor_intrinsics.h"
#include "protocol/condition.h"

#define __CCE_AICORE__ /* from here on */
#define __gm__
#define __aicore__
#include <npurt/kernel.h>

/* What kernels and schedulers take for the same. */
_Static_assert(sizeof(npurt_kernel_async) == sizeof(struct condition_head) &&
                   offsetof(npurt_kernel_async, error) == offsetof(struct condition_head, error) &&
                   offsetof(npurt_kernel_async, address) == offsetof(struct condition_head, address) &&
                   offsetof(npurt_kernel_async, report) == offsetof(struct condition_head, report) &&
                   offsetof(npurt_kernel_async, mark) == offsetof(struct condition_head, mark) &&
                   offsetof(npurt_kernel_async, expected) == offsetof(struct condition_head, expected) &&
                   offsetof(npurt_kernel_async, task) == offsetof(struct condition_head, task) &&
                   offsetof(npurt_kernel_async, block) == offsetof(struct condition_head, block) &&
                   offsetof(npurt_kernel_async, kernel) == offsetof(struct condition_head, kernel),
               "the head of a slab");
_Static_assert(sizeof(npurt_kernel_condition) == sizeof(struct condition) &&
                   offsetof(npurt_kernel_condition, expected) == offsetof(struct condition, expected) &&
                   offsetof(npurt_kernel_condition, engine) == offsetof(struct condition, engine) &&
                   offsetof(npurt_kernel_condition, type) == offsetof(struct condition, type) &&
                   (int)NPURT_KERNEL_MAX_CONDITIONS == (int)CONDITION_MAX,
               "a condition");
_Static_assert(offsetof(struct dispatch_payload, block_idx) - offsetof(struct dispatch_payload, kernel) ==
                       sizeof(uint64_t) &&
                   offsetof(struct dispatch_payload, task) - offsetof(struct dispatch_payload, sub_block_id) ==
                       offsetof(npurt_kernel_global, task),
               "what a kernel finds around its contexts");

enum event_kind { BARRIER, LINE, CONFIGURED, ADDED };
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

static uint64_t configured;

void set_st_atomic_cfg(uint64_t config)
{
    configured = config;
    note(CONFIGURED, 0);
}

void st_atomic(int32_t value, int32_t *to)
{
    *to += value;
    note(ADDED, (uintptr_t)to);
}

TEST(a_notification_follows_what_was_written_and_adds_in_memory)
{
    events = from_outside = 0;
    *word = 40;
    npurt_kernel_notify(word, 2, NPURT_NOTIFY_ADD);
    CHECK_EQ(*word, 42);
    CHECK_EQ(events, 4);
    CHECK_EQ(event[0].kind, BARRIER);
    CHECK_EQ(event[0].word, 40);
    CHECK_EQ(event[1].kind, CONFIGURED);
    CHECK_EQ(configured, 4); /* s32, sum */
    CHECK_EQ(event[2].kind, ADDED);
    CHECK_EQ(event[2].line, (uintptr_t)word);
    CHECK_EQ(event[3].kind, BARRIER);
    events = 0;
    npurt_kernel_notify(word, 7, NPURT_NOTIFY_SET);
    CHECK_EQ(*word, 7);
    CHECK_EQ(event[0].kind, BARRIER);
    CHECK_EQ(event[0].word, 42);
}

/* What a kernel registers, through the words of a dispatch. */
TEST(conditions_go_where_the_async_words_lead)
{
    static int64_t args[NPURT_KERNEL_ARGS];
    static struct {
        uint64_t kernel;
        npurt_kernel_local local;
        npurt_kernel_global global;
    } line = {0x1234, {3, 4, {0}, 0, 0, 0, 0}, {0, 17}};
    static npurt_kernel_async async;
    static npurt_kernel_condition condition[NPURT_KERNEL_MAX_CONDITIONS];
    static uint32_t report, words[NPURT_KERNEL_MAX_CONDITIONS];
    args[NPURT_KERNEL_ARG_LOCAL] = (int64_t)(uintptr_t)&line.local;
    args[NPURT_KERNEL_ARG_GLOBAL] = (int64_t)(uintptr_t)&line.global;
    events = 0;
    CHECK_EQ(npurt_kernel_expect(args, word, 5), 0); /* no card below */
    line.local.async_address[0] = (uint64_t)(uintptr_t)&async.count;
    line.local.async_address[1] = (uint64_t)(uintptr_t)&async.error;
    line.local.async_address[2] = (uint64_t)(uintptr_t)condition;
    line.local.async_room = NPURT_KERNEL_MAX_CONDITIONS;
    for (uint32_t i = 0; i < NPURT_KERNEL_MAX_CONDITIONS; i++) {
        const int32_t answer = i % 2 ? npurt_kernel_expect_event(args, &words[i], NPURT_ENGINE_CCU)
                                     : npurt_kernel_expect(args, &words[i], 5);
        CHECK_EQ(answer, 0);
    }
    CHECK_EQ(async.count, 64);
    CHECK_EQ(condition[62].address, (uintptr_t)&words[62]);
    CHECK_EQ(condition[62].expected, 5);
    CHECK_EQ(condition[62].type, 0);
    CHECK_EQ(condition[63].type, 1);
    CHECK_EQ(condition[63].engine, 3);
    CHECK_EQ(npurt_kernel_expect(args, word + 1, 6), 102);
    CHECK_EQ(npurt_kernel_expect(args, word + 2, 7), 102);
    CHECK_EQ(async.count, 64);
    CHECK_EQ(async.error, 102);
    CHECK_EQ(async.address, (uintptr_t)(word + 1)); /* the first that was refused */
    CHECK_EQ(async.expected, 6);

    async = (npurt_kernel_async){.report = (uint64_t)(uintptr_t)&report, .mark = 9};
    line.local.async_address[2] = line.local.async_room = 0; /* as in a task that is not deferred */
    CHECK_EQ(npurt_kernel_expect(args, word, 8), 103);
    CHECK_EQ(report, 9);
    CHECK_EQ(async.error, 103);
    CHECK_EQ(async.task, 17);
    CHECK_EQ(async.block, 3);
    CHECK_EQ(async.kernel, 0x1234);
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
