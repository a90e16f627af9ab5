/* What an open device costs while nothing runs. */
#include <stdio.h>
#include <unistd.h>

#include "card.h"
#include "check.h"

static struct card card;

/* CPU time of the device process so far, ns. */
static uint64_t cpu_time(void)
{
    char path[64];
    unsigned long user = 0, system = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", card.process);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        user = ~0ul;
    if (f) fclose(f);
    return (user + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t resident(void)
{
    char path[64];
    unsigned long total = 0, pages = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/statm", card.process);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%lu %lu", &total, &pages) != 2) pages = ~0ul;
    if (f) fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

TEST(costs_under_half_a_percent_of_a_cpu_when_idle)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 6, .place = 1};
    card_open(&card, "a5");
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    uint64_t address = card_control(&card, &control, 36);
    struct fixture_args args = {.address = address};
    card_core(&card, 0, 1, 36, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 6, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_sync(&card, 1, 5000), 0);
    sleep(1);
    uint64_t before = cpu_time();
    sleep(4);
    uint64_t used = cpu_time() - before;
    printf("  %.1f ms of CPU in 4 s, %.1f MiB resident\n", 1e-6 * (double)used, (double)resident() / 1048576);
    CHECK(used <= 20000000);
    CHECK_EQ(card_close(&card), 0);
}

TEST_MAIN
