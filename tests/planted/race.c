/* ThreadSanitizer sees device programs: a race planted in the AICPU program, and one in a kernel, is reported by
 * name; the same graphs without the plant run clean, on two carriers that both work, and on threads. */
#include "command.h"

/* Reports go to the common output; a process that found something says so by its exit status too. */
#define OPTIONS "TSAN_OPTIONS='halt_on_error=0:exitcode=66:second_deadlock_stack=1' "
#define RACE    "WARNING: ThreadSanitizer: data race"

static const char *const fiber = "emu:a5?engine=fiber&carriers=2", *const thread = "emu:a5?engine=thread";
static struct outcome outcome;

static void run(const char *target, const char *rest)
{
    char line[1024];
    snprintf(line, sizeof line, OPTIONS "%s '%s' %s 2>&1", PLANTED_RUN, target, rest);
    command_run(line, &outcome);
    if (outcome.status == 2) CHECK_FAIL("%s\n%s", line, outcome.text);
}

static void runs_clean(const char *target, const char *rest)
{
    char line[256];
    run(target, rest);
    if (strstr(outcome.text, "ThreadSanitizer")) CHECK_FAIL("%s", outcome.text);
    CHECK_EQ(outcome.status, 0);
    CHECK(command_line_of(&outcome, "right:", line, sizeof line)[0] != 0);
    printf("  %s: %s\n", target, line);
}

static void reports(const char *target, const char *rest, const char *name)
{
    run(target, rest);
    if (!strstr(outcome.text, RACE)) CHECK_FAIL("no race was reported: %s", outcome.text);
    if (!strstr(outcome.text, name)) CHECK_FAIL("the report does not name %s: %s", name, outcome.text);
}

/* The two busiest threads of the device process, in ms. */
static void busiest(uint64_t most[2])
{
    char line[4096];
    const char *at = command_line_of(&outcome, "threads:", line, sizeof line) + strlen("threads:");
    most[0] = most[1] = 0;
    for (char *end; *at == ' '; at = end + strlen(" ms")) {
        uint64_t ms = strtoull(at, &end, 10);
        if (ms > most[0]) {
            most[1] = most[0];
            most[0] = ms;
        } else if (ms > most[1]) {
            most[1] = ms;
        }
    }
}

TEST(a_large_graph_is_run_by_both_carriers_without_a_race)
{
    uint64_t most[2];
    runs_clean(fiber, "graph 1 4000");
    busiest(most);
    printf("  carriers worked %" PRIu64 " ms and %" PRIu64 " ms\n", most[0], most[1]);
    CHECK(most[1] * 10 >= most[0]);
}

TEST(a_large_graph_runs_on_threads_without_a_race)
{
    runs_clean(thread, "graph 1 2000");
}

TEST(a_graph_built_on_the_device_runs_without_a_race)
{
    uint64_t most[2];
    runs_clean(fiber, "stream 1 4000");
    busiest(most);
    printf("  carriers worked %" PRIu64 " ms and %" PRIu64 " ms\n", most[0], most[1]);
    CHECK(most[1] * 10 >= most[0]);
    runs_clean(thread, "stream 1 2000");
}

TEST(a_race_of_schedulers_is_reported)
{
    reports(fiber, "graph 1 4000 " PLANTED_PROGRAMS "/plain", "plain_looks");
}

TEST(a_race_of_schedulers_is_reported_on_threads)
{
    reports(thread, "graph 1 4000 " PLANTED_PROGRAMS "/plain", "plain_looks");
}

TEST(a_race_of_kernels_without_an_edge_is_reported)
{
    reports(fiber, "word 4000 untracked", "count_in_word");
}

TEST(a_race_of_kernels_without_an_edge_is_reported_on_threads)
{
    reports(thread, "word 1000 untracked", "count_in_word");
}

TEST(the_same_kernels_with_their_edges_do_not_race)
{
    runs_clean(fiber, "word 4000 tracked");
    runs_clean(thread, "word 1000 tracked");
}

TEST_MAIN
