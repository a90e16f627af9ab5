/* Timed mode: a run is a function of the commands and the seed. */
#include "rounds.h"

TEST(the_same_seed_gives_the_same_trace)
{
    rounds_repeat("a5?seed=7", 3000);
}

TEST(other_seeds_give_other_traces)
{
    uint64_t hash[20];
    char machine[32];
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(machine, sizeof machine, "a2?seed=%u", i);
        hash[i] = rounds_run(machine, 4, 2, 3, 0).hash;
        for (uint32_t j = 0; j < i; j++)
            CHECK(hash[j] != hash[i]);
    }
}

/* One core, one task after the other: each takes its duration, the set-up, a store's and a COND's way, and little else.
 */
TEST(charges_what_the_machine_says)
{
    enum { ROUNDS = 1000, DURATION = 5000 };
    struct outcome run0 = rounds_run("a5?seed=1&clusters=1", 1, 1, 0, DURATION),
                   all = rounds_run("a5?seed=1&clusters=1", 1, 1, ROUNDS, DURATION);
    const uint64_t least = DURATION + 349 + 140 + 180, likely_most = DURATION + 349 + 140 + 2020 + 600;
    uint64_t per_round = (all.ns - run0.ns) / ROUNDS;
    printf("  %" PRIu64 " ns per task of %d ns\n", per_round, DURATION);
    CHECK(per_round >= least);
    CHECK(per_round <= likely_most);
}

TEST(a_time_limit_is_virtual)
{
    rounds_limit_passes("a5?seed=3");
}

TEST(an_endless_kernel_does_not_stop_time)
{
    rounds_beside_endless("a5?seed=3");
}

TEST_MAIN
