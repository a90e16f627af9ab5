/* Device memory and copies, to the byte. */
#include "card.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static char pattern[300000], back[300000];

static void fill(void)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (char)(i * 7 + i / 251);
    memset(back, 0, sizeof back);
}

TEST(an_allocation_costs_its_size_rounded_up)
{
    int32_t device = card_open("a5?hbm=64MiB&card=cost");
    const uint64_t before = card_free_bytes();
    void *a, *b;

    OK(rtMalloc(&a, 1, RT_MEMORY_HBM, 0));
    CHECK_EQ(before - card_free_bytes(), 512);
    OK(rtMalloc(&b, 513, RT_MEMORY_HBM | RT_MEMORY_POLICY_HUGE_PAGE_FIRST, 0));
    CHECK_EQ(before - card_free_bytes(), 512 + 1024);
    CHECK_EQ((uintptr_t)a % 512, 0);
    CHECK_EQ((uintptr_t)b % 512, 0);
    OK(rtFree(a));
    OK(rtFree(b));
    CHECK_EQ(card_free_bytes(), before);
    card_close(device);
}

TEST(acl_pads_by_32_bytes_on_a2_and_a3_alone)
{
    int32_t a5 = card_open("a5?hbm=64MiB&card=cost"), a2;
    uint64_t before = card_free_bytes();
    void *p;

    OK(aclrtMalloc(&p, 512, ACL_MEM_MALLOC_HUGE_FIRST));
    CHECK_EQ(before - card_free_bytes(), 512);
    OK(aclrtFree(p));
    a2 = card_open("a2?hbm=64MiB&card=cost2");
    before = card_free_bytes();
    OK(aclrtMalloc(&p, 512, ACL_MEM_MALLOC_HUGE_FIRST));
    CHECK_EQ(before - card_free_bytes(), 1024);
    OK(aclrtFree(p));
    CHECK_EQ(card_free_bytes(), before);
    card_close(a2);
    card_close(a5);
}

TEST(exhausted_memory_is_207001_and_comes_back)
{
    int32_t device = card_open("a5?hbm=1MiB&card=small");
    const uint64_t before = card_free_bytes();
    void *p, *q;

    FAILS(rtMalloc(&p, before + 1, RT_MEMORY_HBM, 0), 207001, "device memory");
    FAILS(rtMalloc(&p, UINT64_MAX, RT_MEMORY_HBM, 0), 207001, "device memory");
    FAILS(aclrtMalloc(&p, SIZE_MAX, ACL_MEM_MALLOC_HUGE_FIRST), 100000, "rounded up");
    FAILS(aclrtMalloc(&p, SIZE_MAX / 2, ACL_MEM_MALLOC_HUGE_FIRST), 207001, "device memory");
    OK(rtMalloc(&p, before, RT_MEMORY_HBM, 0));
    CHECK_EQ(card_free_bytes(), 0);
    FAILS(rtMalloc(&q, 1, RT_MEMORY_HBM, 0), 207001, "device memory");
    OK(rtFree(p));
    CHECK_EQ(card_free_bytes(), before);
    card_close(device);
}

TEST(bad_allocations_are_named)
{
    int32_t device = card_open("a5?hbm=64MiB&card=bad");
    size_t n;
    void *p;

    FAILS(rtMalloc(NULL, 512, RT_MEMORY_HBM, 0), 107000, "NULL");
    FAILS(rtMalloc(&p, 0, RT_MEMORY_HBM, 0), 107000, "0 bytes");
    FAILS(rtMalloc(&p, 512, 0x77, 0), 107018, "0x77");
    FAILS(aclrtMalloc(&p, 0, ACL_MEM_MALLOC_HUGE_FIRST), 100000, "0 bytes");
    FAILS(aclrtMalloc(NULL, 1, ACL_MEM_MALLOC_HUGE_FIRST), 100000, "NULL");
    FAILS(aclrtGetMemInfo((aclrtMemAttr)77, &n, &n), 107016, "77");
    card_close(device);
}

TEST(freeing_what_is_no_allocation_is_107000)
{
    int32_t device = card_open("a5?hbm=64MiB&card=free");
    char mine[16];
    void *p;

    OK(rtMalloc(&p, 4096, RT_MEMORY_HBM, 0));
    FAILS(rtFree(NULL), 107000, "NULL");
    FAILS(rtFree(mine), 107000, "no device address");
    FAILS(rtFree((char *)p + 512), 107000, "no allocation");
    OK(rtFree(p));
    FAILS(rtFree(p), 107000, "no allocation");
    card_close(device);
}

TEST(bytes_come_back_as_they_were_written)
{
    int32_t device = card_open("a5?hbm=64MiB&card=copy");
    char *p, *q;

    fill();
    OK(rtMalloc((void **)&p, sizeof pattern, RT_MEMORY_HBM, 0));
    OK(rtMalloc((void **)&q, sizeof pattern, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, sizeof pattern, pattern, sizeof pattern, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtMemcpy(q, sizeof pattern, p, sizeof pattern, RT_MEMCPY_DEVICE_TO_DEVICE));
    OK(rtMemcpy(back, sizeof back, q, sizeof pattern, RT_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern, sizeof pattern) == 0);
    OK(rtMemcpy(back, sizeof back, q + 12345, 100, RT_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern + 12345, 100) == 0);
    OK(rtMemcpy(p, 8, p, 8, RT_MEMCPY_DEVICE_TO_DEVICE));
    card_close(device);
}

TEST(overlapping_ranges_are_moved_whole)
{
    int32_t device = card_open("a5?hbm=64MiB&card=overlap");
    const size_t n = 200000, by = 70001;
    char *p;

    fill();
    OK(rtMalloc((void **)&p, sizeof pattern, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, n, pattern, n, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtMemcpy(p + by, n, p, n, RT_MEMCPY_DEVICE_TO_DEVICE));
    OK(rtMemcpy(back, n, p + by, n, RT_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern, n) == 0);
    OK(rtMemcpy(p, n, p + by, n, RT_MEMCPY_DEVICE_TO_DEVICE));
    OK(rtMemcpy(back, n, p, n, RT_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern, n) == 0);
    card_close(device);
}

TEST(two_devices_copy_between_each_other)
{
    int32_t first = card_open("a3:0?hbm=64MiB&card=two"), second = card_add("a3:1?hbm=64MiB&card=two");
    char *p, *q;

    fill();
    OK(rtMalloc((void **)&p, 1000, RT_MEMORY_HBM, 0));
    OK(aclrtSetDevice(second));
    OK(rtMalloc((void **)&q, 1000, RT_MEMORY_HBM, 0));
    CHECK(p != q); /* windows are disjoint */
    OK(rtMemcpy(p, 1000, pattern, 1000, RT_MEMCPY_HOST_TO_DEVICE));
    OK(aclrtMemcpy(q, 1000, p, 1000, ACL_MEMCPY_DEVICE_TO_DEVICE));
    OK(aclrtMemcpy(back, 1000, q, 1000, ACL_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern, 1000) == 0);
    OK(rtFree(p));
    OK(rtFree(q));
    card_close(second);
    card_close(first);
}

TEST(a_copy_past_the_end_of_an_allocation_is_refused)
{
    int32_t device = card_open("a5?hbm=64MiB&card=range");
    char *p, *q;

    OK(rtMalloc((void **)&p, 1024, RT_MEMORY_HBM, 0));
    OK(rtMalloc((void **)&q, 1024, RT_MEMORY_HBM, 0)); /* right above */
    CHECK_EQ(q - p, 1024);
    FAILS(rtMemcpy(p, 2048, pattern, 1025, RT_MEMCPY_HOST_TO_DEVICE), 107000, "passes the end");
    FAILS(rtMemcpy(back, 2048, p + 1000, 25, RT_MEMCPY_DEVICE_TO_HOST), 107000, "the source");
    FAILS(rtMemcpy(p - 512, 64, pattern, 64, RT_MEMCPY_HOST_TO_DEVICE), 107000, "the target");
    FAILS(rtMemcpy(q + 4096, 64, pattern, 64, RT_MEMCPY_HOST_TO_DEVICE), 107000, "no allocation");
    FAILS(aclrtMemset(p + 8, 2048, 0, 1024), 107000, "passes the end");
    OK(rtFree(p));
    FAILS(rtMemcpy(back, 64, p, 64, RT_MEMCPY_DEVICE_TO_HOST), 107000, "no allocation");
    card_close(device);
}

TEST(bad_copies_are_named)
{
    int32_t device = card_open("a5?hbm=64MiB&card=badcopy");
    char *p;

    OK(rtMalloc((void **)&p, 1024, RT_MEMORY_HBM, 0));
    FAILS(rtMemcpy(NULL, 8, pattern, 8, RT_MEMCPY_HOST_TO_DEVICE), 107000, "NULL");
    FAILS(rtMemcpy(p, 8, NULL, 8, RT_MEMCPY_HOST_TO_DEVICE), 107000, "NULL");
    OK(rtMemcpy(p, 8, pattern, 0, RT_MEMCPY_HOST_TO_DEVICE));
    FAILS(rtMemcpy(p, 0, pattern, 8, RT_MEMCPY_HOST_TO_DEVICE), 107000, "0 bytes");
    FAILS(rtMemcpy(p, 8, pattern, 9, RT_MEMCPY_HOST_TO_DEVICE), 107000, "9 bytes");
    FAILS(rtMemcpy(p, 8, pattern, 8, RT_MEMCPY_RESERVED), 107000, "kind 9");
    FAILS(aclrtMemcpy(NULL, 8, pattern, 8, ACL_MEMCPY_HOST_TO_DEVICE), 100000, "NULL");
    FAILS(aclrtMemcpy(p, 8, pattern, 8, (aclrtMemcpyKind)6), 100000, "kind 6");
    FAILS(rtMemcpy(p, 8, (void *)8, 8, RT_MEMCPY_HOST_TO_DEVICE), 107000, "host address");
    card_close(device);
}

TEST(addresses_decide_the_direction)
{
    int32_t device = card_open("a5?hbm=64MiB&card=kind");
    char *p;

    fill();
    OK(rtMalloc((void **)&p, 1024, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p, 1024, pattern, 1024, RT_MEMCPY_DEFAULT));
    OK(rtMemcpy(back, 1024, p, 1024, RT_MEMCPY_HOST_TO_HOST));
    CHECK(memcmp(back, pattern, 1024) == 0);
    memset(back, 0, sizeof back);
    OK(aclrtMemcpy(back, 1024, pattern, 1024, ACL_MEMCPY_DEFAULT));
    CHECK(memcmp(back, pattern, 1024) == 0);
    card_close(device);
}

TEST(memset_fills_device_and_host)
{
    int32_t device = card_open("a5?hbm=64MiB&card=set");
    char *p;

    OK(rtMalloc((void **)&p, sizeof back, RT_MEMORY_HBM, 0));
    OK(aclrtMemset(p, sizeof back, 0x5a, sizeof back - 1));
    OK(aclrtMemset(p + sizeof back - 1, 1, 0x11, 1));
    OK(rtMemcpy(back, sizeof back, p, sizeof back, RT_MEMCPY_DEVICE_TO_HOST));
    for (size_t i = 0; i < sizeof back - 1; i++)
        CHECK_EQ(back[i], 0x5a);
    CHECK_EQ(back[sizeof back - 1], 0x11);
    OK(aclrtMemset(back, sizeof back, 3, 10));
    CHECK_EQ(back[9], 3);
    CHECK_EQ(back[10], 0x5a);
    FAILS(aclrtMemset(p, 8, 0, 9), 107000, "9 bytes");
    FAILS(aclrtMemset(NULL, 8, 0, 8), 100000, "NULL");
    card_close(device);
}

TEST(memory_is_gone_after_a_reset)
{
    int32_t device = card_open("a5?hbm=64MiB&card=gone");
    const uint64_t before = card_free_bytes();
    void *p;

    OK(rtMalloc(&p, 1 << 20, RT_MEMORY_HBM, 0));
    card_close(device);
    OK(aclrtSetDevice(device));
    CHECK_EQ(card_free_bytes(), before);
    FAILS(rtMemcpy(back, 64, p, 64, RT_MEMCPY_DEVICE_TO_HOST), 107000, "no allocation");
    card_close(device);
}

/* 128 GiB of HBM cost the host only what is written. */
TEST(large_memory_is_sparse)
{
    int32_t device = card_open("a5?card=sparse");
    const uint64_t size = UINT64_C(100) << 30;
    char *p;

    fill();
    OK(rtMalloc((void **)&p, size, RT_MEMORY_HBM, 0));
    OK(rtMemcpy(p + size - 1000, 1000, pattern, 1000, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtMemcpy(back, 1000, p + size - 1000, 1000, RT_MEMCPY_DEVICE_TO_HOST));
    CHECK(memcmp(back, pattern, 1000) == 0);
    OK(rtMemcpy(back, 1000, p + size / 2, 1000, RT_MEMCPY_DEVICE_TO_HOST));
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(back[i], 0);
    OK(rtFree(p));
    card_close(device);
}

TEST(memory_of_a_device_that_is_down_is_not_taken_for_the_hosts_while_another_is_up)
{
    int32_t one = card_open("a5?hbm=64MiB&card=down"), other;
    void *stale, *p;

    OK(rtMalloc(&stale, 4096, RT_MEMORY_HBM, 0));
    other = card_open("a3?hbm=64MiB&card=up");
    OK(rtMalloc(&p, 4096, RT_MEMORY_HBM, 0));
    OK(aclrtResetDeviceForce(one));
    OK(aclrtSetDevice(other));
    FAILS(rtMemcpy(back, 64, stale, 64, RT_MEMCPY_DEVICE_TO_HOST), 107000, "no device that is up");
    FAILS(rtMemcpy(stale, 64, back, 64, RT_MEMCPY_HOST_TO_DEVICE), 107000, "no device that is up");
    FAILS(rtMemcpy(p, 64, stale, 64, RT_MEMCPY_DEVICE_TO_DEVICE), 107000, "no device that is up");
    FAILS(aclrtMemset(stale, 64, 1, 64), 107000, "no device that is up");
    OK(aclrtMemset(p, 64, 1, 64));
    card_close(other);
}

static void *copies(void *memory)
{
    char *p = memory;

    OK(aclrtSetDevice(card_add("a5?hbm=64MiB&card=stack")));
    OK(aclrtMemset(p, 1 << 20, 3, 1 << 20));
    OK(rtMemcpy(p + (1 << 20), 1 << 20, p, 1 << 20, RT_MEMCPY_DEVICE_TO_DEVICE));
    OK(rtMemcpy(back, sizeof back, p + (1 << 20), sizeof back, RT_MEMCPY_DEVICE_TO_HOST));
    return NULL;
}

TEST(copies_need_little_stack)
{
    int32_t device = card_open("a5?hbm=64MiB&card=stack");
    const size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN), stack = least > 64 << 10 ? least : 64 << 10;
    pthread_attr_t small;
    pthread_t thread;
    void *p;

    fill();
    OK(rtMalloc(&p, 2 << 20, RT_MEMORY_HBM, 0));
    pthread_attr_init(&small);
    CHECK_EQ(pthread_attr_setstacksize(&small, stack), 0);
    CHECK_EQ(pthread_create(&thread, &small, copies, p), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&small);
    for (size_t i = 0; i < sizeof back; i++)
        if (back[i] != 3) CHECK_FAIL("byte %zu is %d, not 3", i, back[i]);
    OK(rtFree(p));
    card_close(device);
}

TEST(a_limit_on_file_sizes_is_told_and_ends_nobody)
{
    int32_t device = card_add("a5?hbm=64MiB&card=limited");
    struct rlimit before, limit;

    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int32_t code = aclrtSetDevice(device);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK(code != 0);
    CHECK_HAS(card_text(), "ulimit -f");
    OK(aclrtSetDevice(device));
    card_close(device);
}

TEST_MAIN
