/* Machine strings. What they must give is written down from docs/reference/machine.md, not taken from the table. */
#include "check.h"
#include "emu/machine.h"

static void parse(const char *text, struct emu_machine *machine)
{
    char problem[256] = "";

    if (emu_machine_parse(text, machine, problem, sizeof problem)) CHECK_FAIL("%s: %s", text, problem);
}

static void refuses(const char *text, const char *word)
{
    struct emu_machine machine;
    char problem[256] = "";

    if (emu_machine_parse(text, &machine, problem, sizeof problem) != -1) CHECK_FAIL("%s is taken", text);
    CHECK_HAS(problem, word);
}

TEST(a2_is_a_910b1)
{
    struct emu_machine m;

    parse("a2", &m);
    CHECK_STR(m.soc, "Ascend910B1");
    CHECK_EQ(m.generation, EMU_A2);
    CHECK_EQ(m.dies, 1);
    CHECK_EQ(m.clusters, 24);
    CHECK_EQ(m.physical_clusters, 25);
    CHECK(m.absent_cluster < 25);
    CHECK_EQ(m.aicpu_occupy, 0xfc);
    CHECK_EQ(m.aicpu_occupy_host, 0xfc);
    CHECK_EQ(m.hbm, 68719476736);
    CHECK_EQ(m.counter_hz, 50000000);
    CHECK_EQ(m.reg_dmb, 0xa0);
    CHECK_EQ(m.reg_cond, 0x4c8);
    CHECK_EQ(m.reg_fast_path, 0x18);
    CHECK_EQ(m.reg_core_stride, 8 << 20);
    CHECK_EQ(m.mode, EMU_MODE_FREE);
    CHECK_EQ(m.engine, EMU_ENGINE_FIBER);
}

TEST(a3_is_one_die_of_a_910_9392)
{
    struct emu_machine m;

    parse("a3:1", &m);
    CHECK_STR(m.soc, "Ascend910_9392");
    CHECK_EQ(m.dies, 2);
    CHECK_EQ(m.die, 1);
    CHECK_EQ(m.clusters, 24);
    CHECK_EQ(m.physical_clusters, 25);
    CHECK_EQ(m.hbm / 1048576 * 10 / 1024, 612); /* 61.3 GiB, just below */
    parse("a3", &m);
    CHECK_EQ(m.die, 0);
}

TEST(a5_is_a_950pr_9599)
{
    struct emu_machine m;

    parse("a5", &m);
    CHECK_STR(m.soc, "Ascend950PR_9599");
    CHECK_EQ(m.dies, 1);
    CHECK_EQ(m.clusters, 36);
    CHECK_EQ(m.physical_clusters, 36);
    CHECK_EQ(m.aicpu_occupy, 0x1f8);
    CHECK_EQ(m.aicpu_occupy_host, 0x1fe);
    CHECK_EQ(m.hbm, 137438953472);
    CHECK_EQ(m.counter_hz, 1000000000);
    CHECK_EQ(m.reg_dmb, 0xd0);
    CHECK_EQ(m.reg_cond, 0x5108);
    CHECK_EQ(m.reg_core_stride, 3 << 20);
}

TEST(options_change_a_machine)
{
    struct emu_machine m;

    parse("a5?hbm=2GiB&clusters=1&aicpus=2&engine=thread&carriers=3&card=left-2", &m);
    CHECK_EQ(m.hbm, 2147483648);
    CHECK_EQ(m.clusters, 1);
    CHECK_EQ(m.aicpu_occupy, 0x18);
    CHECK_EQ(m.aicpu_occupy_host, 0x1e);
    CHECK_EQ(m.aicpu_nominal, 2);
    CHECK_EQ(m.engine, EMU_ENGINE_THREAD);
    CHECK_EQ(m.carriers, 3);
    CHECK_EQ(m.core_fault_poisons, 0);
    CHECK_STR(m.card, "left-2");
    parse("a2?core_fault=poisons", &m);
    CHECK_EQ(m.core_fault_poisons, 1);
    parse("a3:1?hbm=4096KiB&aicpus=14", &m);
    CHECK_EQ(m.hbm, 4194304);
    CHECK_EQ(m.aicpu_occupy, 0xfffc);
    CHECK_EQ(m.die, 1);
    parse("a2?hbm=1048576", &m);
    CHECK_EQ(m.hbm, 1048576);
}

TEST(a_seed_selects_timed_mode_unless_mode_says_otherwise)
{
    struct emu_machine m;

    parse("a5?seed=0", &m);
    CHECK_EQ(m.mode, EMU_MODE_TIMED);
    parse("a5?seed=0x1F", &m);
    CHECK_EQ(m.seed, 31);
    parse("a5?seed=7&mode=free", &m);
    CHECK_EQ(m.mode, EMU_MODE_FREE);
    CHECK_EQ(m.seed, 7);
    parse("a5?mode=free&seed=7", &m);
    CHECK_EQ(m.mode, EMU_MODE_FREE);
    parse("a5?mode=timed", &m);
    CHECK_EQ(m.mode, EMU_MODE_TIMED);
    parse("a5?seed=18446744073709551615", &m);
    CHECK(m.seed == UINT64_MAX);
}

TEST(explore_says_how_explore_mode_draws)
{
    struct emu_machine m;

    parse("a5?mode=explore&seed=7", &m);
    CHECK_EQ(m.mode, EMU_MODE_EXPLORE);
    CHECK_EQ(m.pct_depth, 0);
    CHECK_EQ(m.seed, 7);
    parse("a5?seed=7&explore=pct:3", &m);
    CHECK_EQ(m.mode, EMU_MODE_EXPLORE);
    CHECK_EQ(m.pct_depth, 3);
    parse("a5?explore=uniform", &m);
    CHECK_EQ(m.mode, EMU_MODE_EXPLORE);
    CHECK_EQ(m.pct_depth, 0);
    refuses("a5?explore=", "explore= is neither uniform nor pct:D with D from 1 to 64");
    refuses("a5?explore=pct", "explore=pct is");
    refuses("a5?explore=pct:", "explore=pct: is");
    refuses("a5?explore=pct:0", "explore=pct:0 is");
    refuses("a5?explore=pct:65", "explore=pct:65 is");
    refuses("a5?explore=pct:3x", "explore=pct:3x is");
    refuses("a5?mode=timed&explore=uniform", "explore= says how mode=explore draws");
    refuses("a5?explore=uniform&mode=free", "another mode");
}

TEST(every_bad_word_is_named)
{
    refuses("", "unknown machine \"\"");
    refuses("a4", "\"a4\"");
    refuses("a5x", "\"a5x\"");
    refuses("A5", "\"A5\"");
    refuses("a5:1", "\"1\"");
    refuses("a3:2", "\"2\"");
    refuses("a3:", "die \"\"");
    refuses("a3:x?hbm=1GiB", "\"x\"");
    refuses("a5?", "\"\"");
    refuses("a5?hbm", "\"hbm\"");
    refuses("a5?ram=1GiB", "\"ram\"");
    refuses("a5?hbm=1GB", "hbm=1GB");
    refuses("a5?hbm=", "hbm=");
    refuses("a5?hbm=0", "hbm=0");
    refuses("a5?hbm=1048577", "hbm=1048577");
    refuses("a5?hbm=257GiB", "hbm=257GiB");
    refuses("a5?hbm=99999999999999999999", "hbm=9999");
    refuses("a5?hbm=17179869184GiB", "hbm=17179869184GiB");
    refuses("a5?clusters=0", "clusters=0");
    refuses("a5?clusters=37", "clusters=37");
    refuses("a2?clusters=25", "clusters=25");
    refuses("a5?clusters=-1", "clusters=-1");
    refuses("a5?aicpus=14", "aicpus=14");
    refuses("a5?engine=threads", "engine=threads");
    refuses("a5?mode=explored", "mode=explore");
    refuses("a5?seed=abc", "seed=abc");
    refuses("a5?seed=1.5", "seed=1.5");
    refuses("a5?seed=", "seed=");
    refuses("a5?carriers=65", "carriers=65");
    refuses("a5?core_fault=maybe", "core_fault=maybe");
    refuses("a5?card=", "card=");
    refuses("a5?card=a/b", "'/'");
    refuses("a5?card=abcdefghijabcdefghijabcdefghijab", "card=abc");
    refuses("a5?seed=1&seed=2", "seed is given twice");
    refuses("a5?hbm=1GiB&", "\"\"");
    refuses("a5?hbm=1GiB&&seed=1", "\"\"");
}

TEST(a_short_problem_buffer_is_not_overrun)
{
    struct emu_machine machine;
    char problem[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    CHECK_EQ(emu_machine_parse("a5?hbm=oops", &machine, problem, 4), -1);
    CHECK_EQ(problem[3], 0);
    CHECK_EQ(problem[4], 5);
    CHECK_EQ(emu_machine_parse("a5?hbm=oops", &machine, NULL, 0), -1);
}

TEST(register_windows_of_a2_lie_8_mib_apart)
{
    struct emu_machine m;

    parse("a2", &m);
    CHECK_EQ(emu_machine_subcores(&m), 75);
    CHECK_EQ(emu_machine_reg_base(&m, 0) - EMU_REG_WINDOWS, 0);
    CHECK_EQ(emu_machine_reg_base(&m, 24) - EMU_REG_WINDOWS, 24 * 0x800000);
    CHECK_EQ(emu_machine_reg_base(&m, 25) - EMU_REG_WINDOWS, 0x100000); /* cluster 0, AIV0 */
    CHECK_EQ(emu_machine_reg_base(&m, 26) - EMU_REG_WINDOWS, 0x200000); /* cluster 0, AIV1 */
    CHECK_EQ(emu_machine_reg_base(&m, 74) - EMU_REG_WINDOWS, 24 * 0x800000 + 0x200000);
}

TEST(register_windows_of_a5_lie_3_mib_apart_per_die)
{
    struct emu_machine m;

    parse("a5", &m);
    CHECK_EQ(emu_machine_subcores(&m), 108);
    CHECK_EQ(emu_machine_reg_base(&m, 17) - EMU_REG_WINDOWS, 17 * 0x300000);
    CHECK_EQ(emu_machine_reg_base(&m, 18) - EMU_REG_WINDOWS, 0x100000); /* die 0, its first AIV */
    CHECK_EQ(emu_machine_reg_base(&m, 53) - EMU_REG_WINDOWS, 17 * 0x300000 + 0x200000);
    CHECK_EQ(emu_machine_reg_base(&m, 54) - EMU_REG_WINDOWS, 18 * 0x300000); /* die 1, its first AIC */
    CHECK_EQ(emu_machine_reg_base(&m, 72) - EMU_REG_WINDOWS, 18 * 0x300000 + 0x100000);
    CHECK_EQ(emu_machine_reg_base(&m, 107) - EMU_REG_WINDOWS, 35 * 0x300000 + 0x200000);
}

TEST(no_two_sub_cores_share_a_register_window)
{
    static const char *const name[] = {"a2", "a3", "a5"};

    for (size_t n = 0; n < 3; n++) {
        struct emu_machine m;
        parse(name[n], &m);
        for (uint32_t i = 0; i < emu_machine_subcores(&m); i++)
            for (uint32_t j = 0; j < i; j++)
                CHECK(emu_machine_reg_base(&m, i) != emu_machine_reg_base(&m, j));
    }
}

TEST_MAIN
