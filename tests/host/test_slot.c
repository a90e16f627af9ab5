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

TEST(resets_are_counted_per_device)
{
    const uint64_t before = slot_resets(slot_get("test", 9));
    CHECK_EQ(slot_count_reset(slot_get("test", 9)), before + 1);
    CHECK_EQ(slot_resets(slot_get("test", 9)), before + 1);
    CHECK_EQ(slot_resets(slot_get("test", 10)), 0);
}

TEST_MAIN
