/* Bugs that runtimes have had, put back: each program passes for the product's and fails here. */
#include "command.h"

enum { SEEDS = 60 };

static struct outcome outcome;

/* A kernel on a thread of its own keeps no scheduler from looking at the clock. The command for a seed, with the bug's program or, when NULL, the product's. */
static void run(const char *what, uint32_t seed, const char *bug)
{
    char line[1024], programs[512] = "";
    if (bug) snprintf(programs, sizeof programs, "%s/%s", PLANTED_PROGRAMS, bug);
    if (strcmp(what, "stream") == 0)
        snprintf(line, sizeof line, "%s 'emu:a5?clusters=4' stream %u 300 %s", PLANTED_RUN, seed, programs);
    else
        snprintf(line, sizeof line, "%s 'emu:a5%s' %s %s", PLANTED_RUN,
                 strcmp(what, "blocks") == 0 ? "" : "?clusters=2&engine=thread", what, programs);
    command_run(line, &outcome);
    if (outcome.status != 0 && (outcome.status != 1 || !bug)) CHECK_FAIL("%s\n%s", line, outcome.text);
}

/* Some seed shows the bug, and the product passes that seed. A graph that runs without its bug showing takes 30 ms. */
static void is_caught(const char *bug, const char *what)
{
    char word[256];
    uint32_t seed = 1;
    for (; seed <= SEEDS; seed++) {
        run(what, seed, bug);
        if (outcome.status == 1) break;
    }
    if (seed > SEEDS) CHECK_FAIL("%s: not found by %u seeds", bug, (unsigned)SEEDS);
    command_line_of(&outcome, "wrong:", word, sizeof word);
    if (!word[0]) command_line_of(&outcome, "failed:", word, sizeof word);
    printf("  %s, seed %u: %s\n", bug, seed, word);
    CHECK(word[0] != 0);
    run(what, seed, NULL);
}

TEST(a_lost_write_after_read_edge)
{
    is_caught("lost_war", "stream");
}

TEST(an_existing_output_without_write_after_write)
{
    is_caught("lost_waw", "stream");
}

TEST(a_slot_reused_while_its_task_runs)
{
    is_caught("retire_unchecked", "stream");
}

TEST(a_list_of_ready_tasks_dropped_from_an_inbox)
{
    is_caught("inbox_dropped", "stream");
}

TEST(sizes_of_outputs_in_32_bits)
{
    is_caught("size_truncated", "large");
}

TEST(a_cluster_out_of_range_behind_tasks_of_48_blocks)
{
    is_caught("cluster_beyond", "blocks");
}

TEST(a_timeout_that_ends_as_success)
{
    is_caught("timeout_is_success", "late");
}

TEST(the_id_of_a_retired_task_taken_for_who_has_its_slot)
{
    is_caught("stale_id", "stale");
}

/* The behaviours of tests/scene/sync_start.c with the bug's program, and with the product's. */
static void fails_to_start_together(const char *bug, const char *behaviour)
{
    char line[1024], word[256];
    snprintf(line, sizeof line, "timeout 60 %s --target 'emu:a5?clusters=6' --timeout-ms 500 --binaries %s/%s '%s' 2>&1", PLANTED_SYNC_START,
             PLANTED_PROGRAMS, bug, behaviour);
    command_run(line, &outcome);
    command_line_of(&outcome, "FAIL ", word, sizeof word);
    printf("  %s: %s\n", bug, word);
    CHECK_EQ(outcome.status, 1);
    CHECK(word[0] != 0);
    snprintf(line, sizeof line, "timeout 60 %s --target 'emu:a5?clusters=6' '%s' 2>&1", PLANTED_SYNC_START, behaviour);
    command_run(line, &outcome);
    if (outcome.status != 0) CHECK_FAIL("%s\n%s", line, outcome.text);
}

TEST(a_start_together_that_waits_in_place_when_the_run_is_aborted)
{
    fails_to_start_together("sync_waits_in_place", "a_run_is_cancelled_while_*");
}

TEST(a_start_together_taken_for_the_one_before)
{
    fails_to_start_together("sync_aba", "blocks_that_wait_*");
}

TEST_MAIN
