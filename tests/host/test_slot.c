#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "host/slot.h"

static _Atomic int installing, installs, failures_left;

static void *user(void *slot)
{
    for (;;) {
        enum slot_install what = slot_install_begin(slot, 77);
        if (what == SLOT_INSTALLED) return NULL;
        if (what == SLOT_NO_MEMORY) return slot;
        bool alone = atomic_fetch_add(&installing, 1) == 0;
        usleep(2000);
        bool works = atomic_fetch_sub(&failures_left, 1) <= 0;
        if (works) atomic_fetch_add(&installs, 1);
        atomic_fetch_sub(&installing, 1);
        slot_install_end(slot, 77, works);
        if (!alone) return slot;
    }
}

TEST(of_many_first_users_one_installs_at_a_time_until_one_succeeds)
{
    pthread_t thread[8];
    struct device_slot *slot = slot_get("test", 1);
    atomic_store(&failures_left, 3);
    for (int i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, user, slot);
    for (int i = 0; i < 8; i++) {
        void *wrong;
        pthread_join(thread[i], &wrong);
        CHECK(wrong == NULL);
    }
    CHECK_EQ(atomic_load(&installs), 1);
}

TEST(slots_are_by_provider_and_device_and_installs_by_fingerprint)
{
    CHECK(slot_get("test", 5) == slot_get("test", 5));
    CHECK(slot_get("test", 5) != slot_get("test", 6));
    CHECK(slot_get("test", 5) != slot_get("other", 5));
    CHECK_EQ(slot_install_begin(slot_get("test", 5), 1), SLOT_INSTALL_NOW);
    slot_install_end(slot_get("test", 5), 1, true);
    CHECK_EQ(slot_install_begin(slot_get("test", 5), 1), SLOT_INSTALLED);
    CHECK_EQ(slot_install_begin(slot_get("test", 5), 2), SLOT_INSTALL_NOW);
    slot_install_end(slot_get("test", 5), 2, false);
    CHECK_EQ(slot_install_begin(slot_get("test", 5), 2), SLOT_INSTALL_NOW);
    slot_install_end(slot_get("test", 5), 2, true);
    CHECK_EQ(slot_install_begin(slot_get("test", 6), 1), SLOT_INSTALL_NOW);
    slot_install_end(slot_get("test", 6), 1, false);
}

TEST(fingerprints_that_differ_in_one_bit_are_two)
{
    const uint64_t one = UINT64_C(0x0123456789abcdef);
    CHECK_EQ(slot_install_begin(slot_get("test", 7), one), SLOT_INSTALL_NOW);
    slot_install_end(slot_get("test", 7), one, true);
    for (uint32_t bit = 0; bit < 64; bit++) {
        CHECK_EQ(slot_install_begin(slot_get("test", 7), one ^ UINT64_C(1) << bit), SLOT_INSTALL_NOW);
        slot_install_end(slot_get("test", 7), one ^ UINT64_C(1) << bit, false);
    }
    CHECK_EQ(slot_install_begin(slot_get("test", 7), one), SLOT_INSTALLED);
}

TEST(resets_are_counted_per_device)
{
    const uint64_t before = slot_resets(slot_get("test", 9));
    CHECK_EQ(slot_count_reset(slot_get("test", 9)), before + 1);
    CHECK_EQ(slot_resets(slot_get("test", 9)), before + 1);
    CHECK_EQ(slot_resets(slot_get("test", 10)), 0);
}

/* ---- turns */

static _Atomic int looks, turns_taken;

static bool is_drained(void *context, const struct slot_streams *holder)
{
    (void)context;
    atomic_fetch_add(&looks, 1);
    return holder->core == &looks;
}

static void *next_in_line(void *slot)
{
    const uint64_t ticket = slot_run_begin(slot, is_drained, NULL);

    atomic_fetch_add(&turns_taken, 1);
    slot_run_end(slot, ticket);
    return NULL;
}

/* The streams of a run that is about to be launched are empty too. */
TEST(a_turn_is_not_taken_away_before_its_run_is_launched)
{
    struct device_slot *slot = slot_get("test", 20);
    const struct slot_streams empty = {.core = &looks};
    const uint64_t ticket = slot_run_begin(slot, is_drained, NULL);
    pthread_t thread;

    atomic_store(&looks, 0);
    atomic_store(&turns_taken, 0);
    pthread_create(&thread, NULL, next_in_line, slot);
    usleep(20000); /* many times what is between two looks */
    CHECK_EQ(atomic_load(&turns_taken), 0);
    CHECK_EQ(atomic_load(&looks), 0);
    slot_run_started(slot, ticket, &empty); /* launched, and ended at once, with nobody looking */
    pthread_join(thread, NULL);
    CHECK_EQ(atomic_load(&turns_taken), 1);
    CHECK(atomic_load(&looks) > 0);
    slot_run_end(slot, ticket); /* too late, and no harm */
    next_in_line(slot);
    CHECK_EQ(atomic_load(&turns_taken), 2);
}

TEST(a_turn_lasts_while_its_run_does)
{
    struct device_slot *slot = slot_get("test", 21);
    const struct slot_streams busy = {.core = NULL};
    const uint64_t ticket = slot_run_begin(slot, is_drained, NULL);
    pthread_t thread;

    slot_run_started(slot, ticket, &busy);
    atomic_store(&turns_taken, 0);
    atomic_store(&looks, 0);
    pthread_create(&thread, NULL, next_in_line, slot);
    while (atomic_load(&looks) < 3)
        usleep(200);
    CHECK_EQ(atomic_load(&turns_taken), 0);
    slot_run_end(slot, ticket);
    pthread_join(thread, NULL);
    CHECK_EQ(atomic_load(&turns_taken), 1);
}

TEST_MAIN
