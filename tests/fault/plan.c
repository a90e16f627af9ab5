/* Fault plans as words: what is taken, what is refused and with which words, and when an event happens. */
#include "check.h"
#include "emu/machine.h"

#include <sys/stat.h>
#include <unistd.h>

static void parse(const char *text, struct fault_plan *plan)
{
    char problem[512] = "";

    if (fault_plan_parse(text, strlen(text), plan, problem, sizeof problem)) CHECK_FAIL("%s: %s", text, problem);
}

static void refuses(const char *text, const char *word)
{
    struct fault_plan plan;
    char problem[512] = "";

    if (fault_plan_parse(text, strlen(text), &plan, problem, sizeof problem) != -1) CHECK_FAIL("%s is taken", text);
    CHECK_HAS(problem, word);
}

/* The occasions from 1 to `most` at which an event of the kind happens, as a string of digits. */
static const char *happens(struct fault_plan *plan, enum fault_kind kind, uint32_t core, uint32_t task, uint32_t most)
{
    static char digits[16];
    size_t used = 0;

    for (uint32_t i = 1; i <= most; i++)
        if (fault_occasion(plan, kind, core, task)) digits[used++] = (char)('0' + i);
    digits[used] = 0;
    return digits;
}

TEST(an_event_happens_once_at_its_nth_occasion)
{
    struct fault_plan plan;

    parse("alloc-fails", &plan);
    CHECK_STR(happens(&plan, FAULT_ALLOC_FAILS, FAULT_ANY, FAULT_ANY, 9), "1");
    parse("alloc-fails:nth=3", &plan);
    CHECK_STR(happens(&plan, FAULT_ALLOC_FAILS, FAULT_ANY, FAULT_ANY, 9), "3");
    CHECK_STR(happens(&plan, FAULT_COPY_FAILS, FAULT_ANY, FAULT_ANY, 9), "");
    CHECK(fault_due(&plan, FAULT_COPY_FAILS) == NULL);
}

TEST(times_repeats_and_0_is_for_good)
{
    struct fault_plan plan;

    parse("copy-fails:nth=2:times=3", &plan);
    CHECK_STR(happens(&plan, FAULT_COPY_FAILS, FAULT_ANY, FAULT_ANY, 9), "234");
    parse("copy-fails:times=0:nth=7", &plan);
    CHECK_STR(happens(&plan, FAULT_COPY_FAILS, FAULT_ANY, FAULT_ANY, 9), "789");
}

TEST(core_and_task_choose_which_occasions_count)
{
    struct fault_plan plan;

    parse("core-spins:task=204:core=5:nth=2", &plan);
    CHECK_STR(happens(&plan, FAULT_CORE_SPINS, 5, 203, 9), "");
    CHECK_STR(happens(&plan, FAULT_CORE_SPINS, 4, 204, 9), "");
    CHECK_STR(happens(&plan, FAULT_CORE_SPINS, 5, 204, 9), "2");
}

TEST(events_of_one_kind_each_count_every_occasion)
{
    struct fault_plan plan;

    parse("alloc-fails:nth=2,alloc-fails:nth=4:times=2,stream-exhaustion", &plan);
    CHECK_EQ(plan.count, 3);
    CHECK_STR(happens(&plan, FAULT_ALLOC_FAILS, FAULT_ANY, FAULT_ANY, 9), "245");
}

TEST(own_keys_have_defaults_and_values)
{
    struct fault_plan plan;

    parse("slow-first-launch,slow-first-launch:ms=77,cond-delayed:us=9,install-truncated:bytes=0", &plan);
    CHECK_EQ(plan.event[0].value, 1400);
    CHECK_EQ(plan.event[1].value, 77);
    CHECK_EQ(plan.event[2].value, 9);
    CHECK_EQ(plan.event[3].value, 0);
}

TEST(bad_words_are_named_with_the_known_ones)
{
    refuses("core-melts", "unknown fault \"core-melts\"; known are alloc-fails, ");
    refuses("core-melts", ", core-spins, ");
    refuses("core-melts", ", and random");
    refuses("alloc-fails:on=3", "alloc-fails has no key \"on\"; it has nth, times");
    refuses("alloc-fails:core=3", "alloc-fails has no key \"core\"");
    refuses("cond-delayed:ms=3", "it has nth, times, core, us");
    refuses("alloc-fails:nth", "\"nth\" is not KEY=NUMBER");
    refuses("alloc-fails:nth=", "nth= is not a number");
    refuses("alloc-fails:nth=x", "nth=x is not a number");
    refuses("alloc-fails:nth=-1", "nth=-1 is not a number");
    refuses("alloc-fails:nth=4294967295", "not a number");
    refuses("alloc-fails:nth=18446744073709551617", "not a number");
    refuses("alloc-fails:nth=0", "nth counts from 1");
    refuses("alloc-fails:nth=1:nth=1", "given twice");
    refuses("alloc-fails:", "\"\" is not KEY=NUMBER");
    refuses("", "event 1 of the plan is empty");
    refuses("alloc-fails,", "event 2 of the plan is empty");
    refuses("random:count=9", "at most 8 events");
    refuses("random:count=0", "count=0");
    refuses("device-status:code=507", "code=507 is none of 107022, 507010");
    refuses("random,random", "given twice");
    refuses("random:nth=2", "random has no key \"nth\"; it has count");
    refuses("random:count=8,alloc-fails", "at most 8 events");
    refuses("copy-fails,copy-fails,copy-fails,copy-fails,copy-fails,copy-fails,copy-fails,copy-fails,drain-lies",
            "fault drain-lies is one too many; a fault plan has at most 8 events");
    refuses("@", "without the name of a file");
    refuses("@/nowhere/plan", "/nowhere/plan: No such file");
    refuses("@/dev/zero", "faults=@/dev/zero: not a regular file but a device");
}

TEST(a_pipe_without_a_writer_is_no_plan)
{
    char path[64], word[160];

    snprintf(path, sizeof path, "@/tmp/npurt-test-plan-%d", (int)getpid());
    CHECK_EQ(mkfifo(path + 1, 0600), 0);
    snprintf(word, sizeof word, "faults=%s: not a regular file but a pipe", path);
    alarm(5);
    refuses(path, word);
    alarm(0);
    unlink(path + 1);
}

TEST(a_plan_may_be_a_file)
{
    static const char text[] =
        "# the record of a bad night\nalloc-fails:nth=3 , copy-fails\n\n\tcore-spins:task=2 # twice\r\n";
    char path[] = "/tmp/npurt-plan-XXXXXX", name[64];
    struct fault_plan plan;
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, text, sizeof text - 1), sizeof text - 1);
    snprintf(name, sizeof name, "@%s", path);
    parse(name, &plan);
    CHECK_EQ(plan.count, 3);
    CHECK_EQ(plan.event[0].nth, 3);
    CHECK_EQ(plan.event[1].kind, FAULT_COPY_FAILS);
    CHECK_EQ(plan.event[2].task, 2);
    CHECK_EQ(pwrite(fd, "core-melts", 10, 0), 10);
    close(fd);
    refuses(name, "core-melts");
    unlink(path);
}

TEST(a_machine_string_carries_a_plan)
{
    struct emu_machine machine;
    char problem[600] = "";

    CHECK_EQ(emu_machine_parse("a3:1?hbm=2GiB&faults=core-silent:core=5,alloc-fails:nth=3&seed=7", &machine, problem,
                               sizeof problem),
             0);
    CHECK_EQ(machine.faults.count, 2);
    CHECK_EQ(machine.faults.event[0].core, 5);
    CHECK_EQ(machine.seed, 7);
    CHECK_EQ(machine.die, 1);
    CHECK_EQ(emu_machine_parse("a5", &machine, problem, sizeof problem), 0);
    CHECK_EQ(machine.faults.kinds, 0);
    CHECK_EQ(emu_machine_parse("a5?faults=x&seed=1", &machine, problem, sizeof problem), -1);
    CHECK_HAS(problem, "unknown fault \"x\"");
}

TEST(a_random_plan_is_a_function_of_the_seed)
{
    struct emu_machine first, again;
    char problem[512], text[64], a[400], b[400], before[400] = "";
    uint32_t seen = 0, same = 0;

    for (uint32_t seed = 0; seed < 500; seed++) {
        snprintf(text, sizeof text, "a5?faults=random:count=3&seed=%u", seed);
        CHECK_EQ(emu_machine_parse(text, &first, problem, sizeof problem), 0);
        snprintf(text, sizeof text, "a5?seed=%u&faults=random:count=3", seed);
        CHECK_EQ(emu_machine_parse(text, &again, problem, sizeof problem), 0);
        fault_plan_write(&first.faults, a, sizeof a);
        fault_plan_write(&again.faults, b, sizeof b);
        CHECK_STR(a, b);
        CHECK_EQ(first.faults.count, 3);
        same += strcmp(a, before) == 0;
        strcpy(before, a);
        seen |= first.faults.kinds;
    }
    CHECK_EQ(same, 0);
    CHECK_EQ(seen, (1u << FAULT_KINDS) - 1 - (1u << FAULT_HOST_DIES)); /* all of them, but the one that kills us */
}

TEST(a_written_plan_gives_the_plan)
{
    struct fault_plan plan, again;
    char text[400];

    parse("core-spins:task=2,slow-first-launch:ms=9,aicpu-overlaunch:workers=2,alloc-fails:nth=3:times=0", &plan);
    fault_plan_write(&plan, text, sizeof text);
    parse(text, &again);
    CHECK(memcmp(&plan, &again, sizeof plan) == 0);
}

TEST(occasions_of_another_copy_are_taken_over)
{
    struct fault_plan plan, copy;

    parse("alloc-fails:nth=3,copy-fails", &plan);
    copy = plan;
    CHECK_STR(happens(&copy, FAULT_ALLOC_FAILS, FAULT_ANY, FAULT_ANY, 2), "");
    fault_plan_merge(&plan, &copy);
    CHECK_STR(happens(&plan, FAULT_ALLOC_FAILS, FAULT_ANY, FAULT_ANY, 1), "1");
}

TEST_MAIN
