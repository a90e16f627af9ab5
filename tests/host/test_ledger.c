#include "check.h"
#include "host/ledger.h"

static void add(struct ledger *l, enum ledger_kind kind, uint64_t handle, uint64_t size, const char *owner,
                const char *what)
{
    CHECK(ledger_reserve(l, kind));
    ledger_add(l, kind, handle, size, owner, what);
}

TEST(an_address_inside_an_allocation_finds_it_and_one_between_finds_none)
{
    struct ledger l = {0};
    for (uint64_t i = 0; i < 100; i++)
        add(&l, LEDGER_MEMORY, 0x10000 + (i * 37 % 100) * 0x1000, 0x800, "user", "x");
    CHECK(ledger_validate(&l) == NULL);
    CHECK(ledger_memory_at(&l, 0xffff) == NULL);
    for (uint64_t i = 0; i < 100; i++) {
        const uint64_t at = 0x10000 + i * 0x1000;
        CHECK_EQ(ledger_memory_at(&l, at)->handle, at);
        CHECK_EQ(ledger_memory_at(&l, at + 0x7ff)->handle, at);
        CHECK(ledger_memory_at(&l, at + 0x800) == NULL);
    }
    ledger_fini(&l);
}

TEST(totals_follow_adds_and_removes)
{
    struct ledger l = {0};
    CHECK(ledger_is_empty(&l));
    add(&l, LEDGER_MEMORY, 100, 10, "run", "a");
    add(&l, LEDGER_MEMORY, 50, 20, "run", "b");
    add(&l, LEDGER_STREAM, 7, 0, "device", "AICore stream");
    CHECK_EQ(ledger_totals(&l).memory_bytes, 30);
    CHECK_EQ(ledger_totals(&l).streams, 1);
    CHECK(ledger_remove(&l, LEDGER_MEMORY, 100));
    CHECK(!ledger_remove(&l, LEDGER_MEMORY, 100));
    CHECK(!ledger_remove(&l, LEDGER_STREAM, 50));
    CHECK_EQ(ledger_totals(&l).memory_bytes, 20);
    CHECK(ledger_remove(&l, LEDGER_STREAM, 7));
    CHECK(ledger_remove(&l, LEDGER_MEMORY, 50));
    CHECK(ledger_is_empty(&l));
    ledger_fini(&l);
}

TEST(the_report_is_cut_at_the_buffer_and_tells_its_full_length)
{
    struct ledger l = {0};
    char all[400], part[40];
    add(&l, LEDGER_MEMORY, 0x7e8000000000, 512, "user", "weights");
    add(&l, LEDGER_REGISTRATION, 0x10, 0, "device", "AICore program");
    size_t length = ledger_write(&l, all, sizeof all);
    CHECK_EQ(length, strlen(all));
    CHECK_HAS(all, "512 bytes  user: weights");
    CHECK_HAS(all, "registration");
    CHECK_EQ(ledger_write(&l, part, sizeof part), length);
    CHECK_EQ(strlen(part), sizeof part - 1);
    CHECK(strncmp(part, all, sizeof part - 1) == 0);
    CHECK_EQ(ledger_write(&l, NULL, 0), length);
    ledger_abandon(&l);
    ledger_write(&l, all, sizeof all);
    CHECK_HAS(all, "reclaimed by the reset");
    ledger_clear(&l);
    CHECK(ledger_is_empty(&l));
    ledger_fini(&l);
}

TEST(the_validator_sees_overlap_and_disorder)
{
    struct ledger l = {0};
    add(&l, LEDGER_MEMORY, 100, 10, "run", "a");
    add(&l, LEDGER_MEMORY, 105, 10, "run", "b");
    CHECK_STR(ledger_validate(&l), "two allocations overlap");
    l.kind[LEDGER_MEMORY].entry[1].handle = 90;
    CHECK_STR(ledger_validate(&l), "entries are not sorted by handle");
    ledger_fini(&l);
}

TEST_MAIN
