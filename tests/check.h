/* The test harness: a test program is a list of named behaviours.
 *
 *     TEST(reclaims_slot_after_last_reader) { … CHECK(x); CHECK_EQ(a, b); }
 *     TEST_MAIN
 *
 * Every TEST registers itself. Run without arguments for all, with names (or prefixes ending in *) for some, with --list
 * for the names. A failed check prints what differed and ends its test; the program goes on and exits 1. A test that can
 * not run here says SKIP(reason), which is printed.
 */
#ifndef NPURT_TESTS_CHECK_H
#define NPURT_TESTS_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
};
static struct check_test *check_first, **check_last = &check_first;
static jmp_buf check_abort;

#define TEST(test_name)                                                                                                \
    static void test_name(void);                                                                                       \
    static struct check_test check_entry_##test_name = {#test_name, test_name, NULL};                                  \
    __attribute__((constructor)) static void check_register_##test_name(void)                                          \
    {                                                                                                                  \
        *check_last = &check_entry_##test_name;                                                                        \
        check_last = &check_entry_##test_name.next;                                                                    \
    }                                                                                                                  \
    static void test_name(void)

#define CHECK_FAIL(...)                                                                                                \
    do {                                                                                                               \
        printf("  %s:%d: ", __FILE__, __LINE__);                                                                       \
        printf(__VA_ARGS__);                                                                                           \
        printf("\n");                                                                                                  \
        longjmp(check_abort, 1);                                                                                       \
    } while (0)
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) CHECK_FAIL("%s is false", #condition);                                                       \
    } while (0)
#define CHECK_EQ(a, b)                                                                                                 \
    do {                                                                                                               \
        int64_t check_a = (int64_t)(a), check_b = (int64_t)(b);                                                        \
        if (check_a != check_b)                                                                                        \
            CHECK_FAIL("%s is %" PRId64 " (0x%" PRIx64 "), not %s = %" PRId64 " (0x%" PRIx64 ")", #a, check_a,         \
                       (uint64_t)check_a, #b, check_b, (uint64_t)check_b);                                             \
    } while (0)
#define CHECK_STR(a, b)                                                                                                \
    do {                                                                                                               \
        const char *check_a = (a), *check_b = (b);                                                                     \
        if (strcmp(check_a, check_b) != 0) CHECK_FAIL("%s is \"%s\", not \"%s\"", #a, check_a, check_b);               \
    } while (0)
/* `text` contains `part` */
#define CHECK_HAS(text, part)                                                                                          \
    do {                                                                                                               \
        const char *check_a = (text), *check_b = (part);                                                               \
        if (!strstr(check_a, check_b)) CHECK_FAIL("%s is \"%s\", without \"%s\"", #text, check_a, check_b);            \
    } while (0)
#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        printf("  skipped: %s\n", reason);                                                                             \
        longjmp(check_abort, 2);                                                                                       \
    } while (0)

static bool check_wanted(const char *name, int argc, char **argv)
{
    if (argc < 2) return true;
    for (int i = 1; i < argc; i++) {
        size_t n = strlen(argv[i]);
        if (n > 0 && argv[i][n - 1] == '*' ? strncmp(name, argv[i], n - 1) == 0 : strcmp(name, argv[i]) == 0) return true;
    }
    return false;
}

static int check_main(int argc, char **argv)
{
    volatile unsigned passed = 0, failed = 0, skipped = 0; /* counted on both sides of a longjmp */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (struct check_test *t = check_first; t; t = t->next) puts(t->name);
        return 0;
    }
    for (struct check_test *volatile t = check_first; t; t = t->next) {
        struct timespec from, to;
        if (!check_wanted(t->name, argc, argv)) continue;
        clock_gettime(CLOCK_MONOTONIC, &from);
        int how = setjmp(check_abort);
        if (how == 0) t->run();
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%s %s (%.0f ms)\n", how == 0 ? "ok  " : how == 2 ? "skip" : "FAIL", t->name,
               1e3 * (double)(to.tv_sec - from.tv_sec) + 1e-6 * (double)(to.tv_nsec - from.tv_nsec));
        if (how == 0) passed++;
        else if (how == 2) skipped++;
        else failed++;
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed != 0 || passed + skipped == 0;
}
#define TEST_MAIN                                                                                                      \
    int main(int argc, char **argv) { return check_main(argc, argv); }

#endif
