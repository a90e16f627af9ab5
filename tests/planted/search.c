/* Bugs of order, each planted in an AICPU program of its own: explore mode finds every one within a stated number of
 * seeds, and the command it was found by brings the same run back. Both draws of explore mode and timed mode are
 * compared by how many of their first seeds find something: 4, or PLANTED_SEEDS of the environment. */
#include "command.h"

enum { GRAPH = 1, TASKS = 200, AGAIN = 2, SEEDS = 4 };

static const struct plant {
    const char *name, *what;
    const char *machine;
    uint32_t within; /* seeds, for the draw that finds it more often */
    const char *draw;
} plants[] = {
    {"early", "successors are told one block too early", "a5?clusters=1", 20, "pct:3"},
    {"asleep", "waits without having looked", "a5?clusters=2", 5, "uniform"},
    {"split", "counts down in two steps", "a5?clusters=2", 5, "uniform"},
    {"twice", "claims blocks in two steps", "a5?clusters=6", 10, "uniform"},
};
enum { PLANTS = sizeof plants / sizeof plants[0] };

static struct outcome outcome;

/* Runs it; true when something was found, with what it printed of it in `found`. */
static bool finds(const char *line, char *found, size_t size)
{
    static const char *const words[] = {"wrong:", "failed:", "stood still:"};
    command_run(line, &outcome);
    found[0] = 0;
    if (outcome.status == 0) return false;
    if (outcome.status != 1) CHECK_FAIL("%s\n%s", line, outcome.text);
    for (uint32_t i = 0; i < 3 && !found[0]; i++)
        command_line_of(&outcome, words[i], found, size);
    if (!found[0]) CHECK_FAIL("%s\n%s", line, outcome.text);
    return true;
}

static void write_line(char *line, size_t size, const struct plant *plant, const char *how, uint32_t seed, bool planted)
{
    snprintf(line, size, "%s 'emu:%s&%s&seed=%u' graph %u %u %s%s 2>&1", PLANTED_RUN, plant->machine, how, seed, GRAPH,
             TASKS, planted ? PLANTED_PROGRAMS "/" : "", planted ? plant->name : "");
}

TEST(explore_mode_finds_each_and_repeats_it)
{
    for (uint32_t i = 0; i < PLANTS; i++) {
        char line[1024], found[512], again[512], how[32];
        uint32_t seed = 0;
        snprintf(how, sizeof how, "explore=%s", plants[i].draw);
        do {
            if (++seed > plants[i].within)
                CHECK_FAIL("none of %u seeds found the program that %s", plants[i].within, plants[i].what);
            write_line(line, sizeof line, &plants[i], how, seed, true);
        } while (!finds(line, found, sizeof found));
        printf("  %s (%s), by seed %u:\n    %s\n    %s\n", plants[i].name, plants[i].what, seed, line, found);
        CHECK(strstr(found, "trace 0000000000000000") == NULL);
        for (uint32_t n = 0; n < AGAIN; n++) {
            CHECK(finds(line, again, sizeof again));
            CHECK_STR(again, found);
        }
    }
}

/* A scheduler that waits without having looked fails the run, and is named. */
TEST(an_agent_asleep_beside_work_fails_the_run_by_name)
{
    static const struct plant *const asleep = &plants[1];
    static const char *const ways[] = {"explore=uniform", "explore=pct:3"};
    for (uint32_t way = 0; way < 2; way++) {
        char line[1024], found[512] = "";
        for (uint32_t seed = 1; !strstr(found, "a lost wake-up: AICPU worker"); seed++) {
            if (seed > asleep->within) CHECK_FAIL("%u seeds of %s named no agent: %s", asleep->within, ways[way], found);
            write_line(line, sizeof line, asleep, ways[way], seed, true);
            (void)finds(line, found, sizeof found);
        }
        CHECK(strstr(found, "failed:") && strstr(found, "nothing kicked it, and woken at step"));
    }
}

/* The same orders are right ones for the program as it is. */
TEST(without_its_bug_the_program_passes_the_same_seeds)
{
    for (uint32_t i = 0; i < PLANTS; i++) {
        for (uint32_t seed = 1; seed <= 8; seed++) {
            char line[1024], found[512], how[32];
            snprintf(how, sizeof how, "explore=%s", plants[i].draw);
            write_line(line, sizeof line, &plants[i], how, seed, false);
            if (finds(line, found, sizeof found)) CHECK_FAIL("%s\n%s", line, found);
        }
    }
}

TEST(explore_mode_finds_them_by_more_seeds_than_timed_mode)
{
    static const char *const ways[] = {"explore=uniform", "explore=pct:3", "mode=timed"};
    const char *wanted = getenv("PLANTED_SEEDS");
    const uint32_t seeds = wanted ? (uint32_t)strtoul(wanted, NULL, 10) : SEEDS;
    uint32_t all[3] = {0};
    for (uint32_t i = 0; i < PLANTS; i++) {
        uint32_t found[3] = {0};
        for (uint32_t way = 0; way < 3; way++)
            for (uint32_t seed = 1; seed <= seeds; seed++) {
                char line[1024], text[512];
                write_line(line, sizeof line, &plants[i], ways[way], seed, true);
                found[way] += finds(line, text, sizeof text);
            }
        printf("  %s: of %u seeds uniform finds it by %u, pct:3 by %u, timed mode by %u\n", plants[i].name, seeds,
               found[0], found[1], found[2]);
        for (uint32_t way = 0; way < 3; way++)
            all[way] += found[way];
    }
    CHECK(all[0] + all[1] > 2 * all[2]); /* of few seeds, one draw alone says too little */
}

TEST_MAIN
