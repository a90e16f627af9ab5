/* The scheduler's parts alone, each against a model of its own. */
#include "check.h"

#include "aicpu/scheduler.h"
#include "aicpu/shelf.h"
#include "protocol/condition.h"
#include "protocol/fingerprint.h"

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* ---- core_state.h */

TEST(dispatch_numbers_alternate_parity_over_the_wrap_and_stay_below_the_limit)
{
    uint32_t number = DISPATCH_NUMBER_LIMIT - 6;
    for (int i = 0; i < 20; i++) {
        uint32_t next = core_number_after(number);
        CHECK(next >= DISPATCH_NUMBER_FIRST && next < DISPATCH_NUMBER_LIMIT);
        CHECK_EQ(next % 2, 1 - number % 2);
        number = next;
    }
    CHECK(number < 100);
}

/* A core as worker.c is one: it takes DATA_MAIN_BASE when it is free, acknowledges, runs, finishes. */
struct model_core {
    uint32_t dmb, last, cond;
    bool running;
};
static void model_step(struct model_core *m)
{
    if (m->running) {
        m->cond = COND_FIN | m->last;
        m->running = false;
    } else if (m->dmb != m->last) {
        m->last = m->cond = m->dmb;
        m->running = true;
    }
}

/* The scheduler sends when it may and looks when it likes; every block must end once, in order, and not before the
 * model has finished it. */
TEST(every_block_ends_once_and_in_order_however_seldom_cond_is_looked_at)
{
    for (uint32_t seed = 0; seed < 2000; seed++) {
        struct model_core model = {0, 0, seed % 2 ? COND_IDLE : COND_EXITED, false};
        struct core_state core = {.phase = CORE_IDLE,
                                  .next_number = seed % 3 ? DISPATCH_NUMBER_FIRST : DISPATCH_NUMBER_LIMIT - 5};
        uint32_t sent = 0, ended = 0, finished = 0;
        random_state = seed;
        uint32_t eager = 1 + random_below(8), looks = 1 + random_below(8);
        while (ended < 40) {
            if ((core.phase == CORE_IDLE || core.phase == CORE_RUNNING) && sent < 40 && random_below(eager) == 0) {
                if (core.phase == CORE_IDLE) CHECK_EQ(sent, ended);
                model.dmb = core_send(&core, sent, sent * 7);
                sent++;
            }
            if (random_below(2) == 0) {
                bool was_running = model.running;
                model_step(&model);
                finished += was_running && !model.running;
            }
            if (random_below(looks) == 0) {
                struct core_work work[2];
                uint32_t count = core_observe(&core, model.cond, work);
                for (uint32_t i = 0; i < count; i++, ended++) {
                    CHECK_EQ(work[i].task, ended);
                    CHECK_EQ(work[i].block, ended * 7);
                }
                CHECK(ended <= finished);
            }
        }
        CHECK_EQ(core.phase, CORE_IDLE);
    }
}

TEST(values_of_cond_that_belong_to_nothing_sent_change_nothing)
{
    static const uint32_t strange[] = {0, COND_IDLE, COND_EXITED, COND_FIN, 7, COND_FIN | 7, DMB_EXIT, DMB_IDLE};
    for (unsigned phase = CORE_IDLE; phase <= CORE_STAGED; phase++) {
        struct core_state core = {.phase = CORE_IDLE, .next_number = 101};
        struct core_work work[2];
        if (phase >= CORE_SENT) core_send(&core, 1, 0);
        if (phase >= CORE_RUNNING) CHECK_EQ(core_observe(&core, 101, work), 0);
        if (phase >= CORE_STAGED) core_send(&core, 2, 0);
        CHECK_EQ(core.phase, phase);
        struct core_state before = core;
        for (unsigned i = 0; i < sizeof strange / sizeof strange[0]; i++) {
            CHECK_EQ(core_observe(&core, strange[i], work), 0);
            CHECK_EQ(memcmp(&before, &core, sizeof core), 0);
        }
    }
    /* FIN of the first while the second is due ends the first; the second ends by itself, acknowledged before or not. */
    struct core_state core = {.phase = CORE_IDLE, .next_number = 1};
    struct core_work work[2];
    core_send(&core, 10, 0);
    core_observe(&core, 1, work);
    core_send(&core, 11, 0);
    CHECK_EQ(core_observe(&core, COND_FIN | 1, work), 1);
    CHECK_EQ(work[0].task, 10);
    CHECK_EQ(core.phase, CORE_SENT);
    CHECK_EQ(core_observe(&core, COND_FIN | 1, work), 0); /* once */
    CHECK_EQ(core_observe(&core, COND_FIN | 2, work), 1);
    CHECK_EQ(work[0].task, 11);
    CHECK_EQ(core.phase, CORE_IDLE);
    /* Both ended between two looks. */
    core_send(&core, 12, 0);
    core_observe(&core, 3, work);
    core_send(&core, 13, 0);
    CHECK_EQ(core_observe(&core, COND_FIN | 4, work), 2);
    CHECK_EQ(work[0].task, 12);
    CHECK_EQ(work[1].task, 13);
}

/* ---- ready.h */

TEST(ready_lists_are_first_in_first_out_through_cuts_and_unpops)
{
    enum { TASKS = 300 };
    static struct task_state state[TASKS];
    static uint32_t model[100000];
    uint32_t begin = 50000, end = 50000, unused[TASKS], unused_count = TASKS;
    struct ready_list list;
    ready_init(&list);
    for (uint32_t i = 0; i < TASKS; i++)
        unused[i] = i;
    random_state = 3;
    for (int step = 0; step < 40000; step++) {
        uint32_t action = random_below(8);
        if (action < 4 && unused_count > 0) {
            model[end++] = unused[--unused_count];
            ready_push(&list, state, model[end - 1]);
        } else if (action < 6 && end > begin) {
            uint32_t task = ready_pop(&list, state);
            CHECK_EQ(task, model[begin]);
            unused[unused_count++] = model[begin++];
        } else if (action == 6 && end > begin) {
            ready_unpop(&list, state, ready_pop(&list, state));
        } else if (action == 7 && end > begin) {
            struct ready_list cut;
            uint32_t count = 1 + random_below(end - begin);
            ready_cut(&list, state, count, &cut);
            CHECK_EQ(cut.count, count);
            CHECK(!ready_validate(&cut, state, TASKS));
            while (cut.count > 0) {
                CHECK_EQ(ready_pop(&cut, state), model[begin]);
                unused[unused_count++] = model[begin++];
            }
        }
        CHECK_EQ(list.count, end - begin);
        const char *problem = ready_validate(&list, state, TASKS);
        if (problem) CHECK_FAIL("%s", problem);
        if (end > 99990) break;
    }
    CHECK(end > 60000);
}

/* ---- partitions of a world without cores */

enum { WORLD_TASKS = 2000, WORLD_SCHEDULERS = 4 };
static struct workspace_head head;
static struct workspace_board boards[SHAPE_DUMMY];
static struct scheduler world[WORLD_SCHEDULERS];
static struct task_state states[WORLD_TASKS];
static struct image_task tasks[WORLD_TASKS];

static void make_world(enum image_shape shape, uint32_t blocks)
{
    memset(&head, 0, sizeof head);
    memset(boards, 0, sizeof boards);
    memset(world, 0, sizeof world);
    for (uint32_t i = 0; i < WORLD_TASKS; i++) {
        states[i] = (struct task_state){.subtasks_left = blocks, .link = TASK_NONE};
        tasks[i] = (struct image_task){.block_num = (uint16_t)blocks, .shape = (uint8_t)shape, .core_mask = 1};
    }
    for (uint32_t k = 0; k < WORLD_SCHEDULERS; k++) {
        struct scheduler *s = &world[k];
        s->head = &head;
        s->board = boards;
        s->state = states;
        s->tasks = tasks;
        s->task_count = WORLD_TASKS;
        s->index = k;
        s->count = WORLD_SCHEDULERS;
        s->clusters = 2 * WORLD_SCHEDULERS;
        s->cluster_count = 2;
        s->spmd = blocks > 1;
        for (int i = 0; i < SHAPE_COUNT; i++)
            ready_init(&s->ready[i]);
        for (int i = 0; i < SHAPE_DUMMY; i++)
            s->claim[i].slot = BOARD_NONE;
    }
}

TEST(a_loaded_scheduler_feeds_a_hungry_one_and_no_task_is_lost_or_doubled)
{
    make_world(SHAPE_AIC, 1);
    static uint8_t seen[WORLD_TASKS];
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < WORLD_TASKS; i++)
        ready_push(&world[0].ready[SHAPE_AIC], states, i);
    random_state = 4;
    for (uint32_t done = 0, rounds = 0; done < WORLD_TASKS; rounds++) {
        CHECK(rounds < 100000);
        struct scheduler *s = &world[random_below(WORLD_SCHEDULERS)];
        balance_take(s);
        /* One core each, busy as long as there is a task. */
        s->idle[0].word[0] = s->ready[SHAPE_AIC].count ? 0 : 1;
        if (s->ready[SHAPE_AIC].count) {
            uint32_t task = ready_pop(&s->ready[SHAPE_AIC], states);
            CHECK_EQ(seen[task]++, 0);
            done++;
        }
        balance_share(s);
        const char *problem = ready_validate(&s->ready[SHAPE_AIC], states, WORLD_TASKS);
        if (problem) CHECK_FAIL("%s", problem);
    }
    for (uint32_t k = 0; k < WORLD_SCHEDULERS; k++)
        CHECK_EQ(world[k].ready[SHAPE_AIC].count, 0);
}

static uint32_t shelf_left(enum image_shape shape)
{
    return shelf_count(head.shelf[shape]);
}

TEST(surplus_is_taken_by_who_has_idle_cores_as_many_as_it_has_and_in_order)
{
    make_world(SHAPE_AIV, 1);
    world[2].idle[1].word[0] = 3;
    CHECK(!balance_share(&world[2]));
    CHECK_EQ(head.balance[SHAPE_AIV], 1u << 2);
    for (uint32_t i = 0; i < 10; i++)
        ready_push(&world[1].ready[SHAPE_AIV], states, i);
    balance_share(&world[1]);
    CHECK_EQ(world[1].ready[SHAPE_AIV].count, 0);
    CHECK_EQ(shelf_left(SHAPE_AIV), 10);
    CHECK_EQ(head.balance[SHAPE_AIV], 1u << (16 + 1));
    CHECK_EQ(head.peer[0].inbox, 0);
    CHECK_EQ(head.peer[2].inbox, INBOX_CALL << SHAPE_AIV);
    balance_take(&world[2]);
    CHECK(balance_share(&world[2]));
    CHECK_EQ(world[2].ready[SHAPE_AIV].count, 2);
    CHECK_EQ(world[2].ready[SHAPE_AIV].first, 0);
    CHECK_EQ(shelf_left(SHAPE_AIV), 8);
    world[0].idle[2].word[0] = 1;
    CHECK(balance_share(&world[0])); /* looks without having been called */
    CHECK_EQ(world[0].ready[SHAPE_AIV].count, 1);
    CHECK_EQ(world[0].ready[SHAPE_AIV].first, 2);
    CHECK_EQ(shelf_left(SHAPE_AIV), 7);
}

/* Who is called and has got other work meanwhile tells the next: an idle core does not wait for a busy one. */
TEST(a_call_that_comes_to_a_busy_scheduler_goes_on_to_the_next_hungry_one)
{
    make_world(SHAPE_AIC, 1);
    for (uint32_t k = 2; k < 4; k++) {
        world[k].idle[0].word[0] = 1;
        CHECK(!balance_share(&world[k]));
    }
    ready_push(&world[1].ready[SHAPE_AIC], states, 7);
    balance_share(&world[1]);
    CHECK_EQ(head.peer[2].inbox, INBOX_CALL << SHAPE_AIC);
    CHECK_EQ(head.peer[3].inbox, 0);
    world[2].idle[0].word[0] = 0;
    balance_take(&world[2]);
    CHECK(!balance_share(&world[2]));
    CHECK_EQ(head.peer[3].inbox, INBOX_CALL << SHAPE_AIC);
    balance_take(&world[3]);
    CHECK(balance_share(&world[3]));
    CHECK_EQ(world[3].ready[SHAPE_AIC].first, 7);
    CHECK_EQ(shelf_left(SHAPE_AIC), 0);
}

/* It looked while the list was in another's hands, and found nothing: the rest of the list calls it, be it one task. */
TEST(a_single_task_that_is_put_back_calls_a_hungry_scheduler)
{
    make_world(SHAPE_AIC, 1);
    world[2].idle[0].word[0] = 1;
    CHECK(!balance_share(&world[2]));
    for (uint32_t i = 0; i < 2; i++)
        ready_push(&world[1].ready[SHAPE_AIC], states, i);
    balance_share(&world[1]);
    CHECK_EQ(head.peer[2].inbox, INBOX_CALL << SHAPE_AIC);
    world[3].idle[0].word[0] = 1;
    const uint64_t list = head.shelf[SHAPE_AIC];
    head.shelf[SHAPE_AIC] = 0;
    CHECK(!balance_share(&world[3]));
    head.shelf[SHAPE_AIC] = list;
    balance_take(&world[2]);
    CHECK(balance_share(&world[2]));
    CHECK_EQ(world[2].ready[SHAPE_AIC].count, 1);
    CHECK_EQ(shelf_left(SHAPE_AIC), 1);
    CHECK_EQ(head.peer[3].inbox, INBOX_CALL << SHAPE_AIC);
    balance_take(&world[3]);
    CHECK(balance_share(&world[3]));
    CHECK_EQ(world[3].ready[SHAPE_AIC].first, 1);
}

/* In a run that streams, the orchestrator announces a kind of task before the first of it is ready: a pass that began before
 * that finds out when it matters. */
TEST(a_pass_notices_kinds_of_tasks_that_are_announced_while_it_goes_on)
{
    static struct stream_words words;
    make_world(SHAPE_AIV, 1);
    world[2].words = &words;
    world[2].idle[1].word[0] = 1;
    tasks[5].flags = IMAGE_SYNC_START;
    CHECK(!world[2].sync);
    scheduler_ready(&world[2], 5);
    CHECK(world[2].sync);
    CHECK_EQ(world[2].sync_ready.count, 1);
    /* A peer posts blocks, or offers tasks to stage, and sees no hungry bit yet: the pass that sets it must see them. */
    head.spmd_tasks = head.gated_tasks = 1;
    boards[SHAPE_AIV].count = 1;
    CHECK(balance_share(&world[2]));
    CHECK(world[2].spmd);
    CHECK(world[2].gated);
}

/* Two cores per scheduler: eight tasks are a task for each of them, seven are not. */
TEST(second_tasks_are_taken_while_more_wait_than_all_cores_could_run)
{
    make_world(SHAPE_AIC, 1);
    for (uint32_t k = 0; k < 2; k++)
        world[k].stageable[0].word[0] = 3;
    world[3].idle[0].word[0] = 1;
    balance_share(&world[3]);
    for (uint32_t i = 0; i < 10; i++)
        ready_push(&world[0].ready[SHAPE_AIC], states, i);
    balance_share(&world[0]);
    CHECK(world[0].may_stage[SHAPE_AIC]);
    CHECK_EQ(world[0].ready[SHAPE_AIC].count, 2);
    CHECK_EQ(shelf_left(SHAPE_AIC), 8);
    balance_take(&world[3]);
    balance_share(&world[3]);
    CHECK_EQ(shelf_left(SHAPE_AIC), 7);
    CHECK(!balance_share(&world[1]));
    CHECK(!world[1].may_stage[SHAPE_AIC]);
    CHECK_EQ(world[1].ready[SHAPE_AIC].count, 0);
}

/* A load after which a core is idle does not end the pass: what is known to lie on the shelf is fetched at once. */
TEST(idle_cores_fetch_from_a_shelf_that_had_something)
{
    make_world(SHAPE_AIV, 1);
    world[2].idle[1].word[0] = 3;
    for (uint32_t i = 0; i < 5; i++)
        ready_push(&world[1].ready[SHAPE_AIV], states, i);
    CHECK(!balance_share(&world[2]));
    balance_share(&world[1]);
    CHECK_EQ(shelf_left(SHAPE_AIV), 5);
    CHECK(!balance_fetch(&world[2])); /* it was not told yet */
    balance_take(&world[2]);
    CHECK(balance_fetch(&world[2]));
    CHECK_EQ(world[2].ready[SHAPE_AIV].count, 2);
    CHECK_EQ(world[2].ready[SHAPE_AIV].first, 0);
    CHECK_EQ(shelf_left(SHAPE_AIV), 3);
    CHECK(!balance_fetch(&world[2])); /* it has some of its own */
    CHECK(!balance_fetch(&world[1])); /* it has no idle core */
    CHECK_EQ(shelf_left(SHAPE_AIV), 3);
}

/* One core that runs a kernel, one task that waits: it stays where another core may have it, unless the kernel is quick, or
 * more tasks wait than all cores could run. */
TEST(a_second_task_is_staged_where_nobody_loses_by_it)
{
    static struct dispatch_payload payload[2];
    static struct core_record record;
    static struct kernel_entry kernel;
    static uint32_t registers[16];
    for (int why = 0; why < 3; why++) {
        make_world(SHAPE_AIC, 1);
        struct scheduler *s = &world[0];
        tasks[5].kernel[0] = 0;
        s->kernels = &kernel;
        s->core[0] = (struct core_state){.registers = (uintptr_t)registers,
                                         .payload = payload,
                                         .record = &record,
                                         .next_number = 100,
                                         .phase = CORE_RUNNING};
        s->stageable[0].word[0] = 1;
        s->quick[0].word[0] = why == 1;
        s->may_stage[SHAPE_AIC] = why == 2;
        ready_push(&s->ready[SHAPE_AIC], states, 5);
        dispatch_stage(s);
        CHECK_EQ(s->core[0].phase, why ? CORE_STAGED : CORE_RUNNING);
        CHECK_EQ(s->ready[SHAPE_AIC].count, why == 0);
        CHECK_EQ(registers[0], why ? 100 : 0);
    }
}

/* ---- shelf.h */

TEST(a_shelf_keeps_order_and_loses_nothing)
{
    enum { TASKS = 64 };
    static struct task_state state[TASKS];
    static uint32_t model[1 << 18];
    uint32_t begin = 1 << 17, end = 1 << 17, unused[TASKS], unused_count = TASKS;
    uint64_t shelf = 0;
    for (uint32_t i = 0; i < TASKS; i++)
        unused[i] = i;
    random_state = 11;
    for (int step = 0; step < 20000; step++) {
        struct ready_list list, cut;
        ready_init(&list);
        if (random_below(2) && unused_count > 0) { /* behind what is there */
            for (uint32_t n = 1 + random_below(unused_count); n > 0; n--) {
                model[end++] = unused[--unused_count];
                ready_push(&list, state, model[end - 1]);
            }
            shelf_put(&shelf, state, list, false);
        } else if (shelf_take(&shelf, shelf, &list)) {
            CHECK_EQ(list.count, end - begin);
            CHECK(!ready_validate(&list, state, TASKS));
            ready_cut(&list, state, 1 + random_below(list.count), &cut);
            while (cut.count > 0) {
                CHECK_EQ(ready_pop(&cut, state), model[begin]);
                unused[unused_count++] = model[begin++];
            }
            if (list.count > 0 && random_below(2) && unused_count > 0) { /* somebody was faster */
                struct ready_list other;
                ready_init(&other);
                model[end++] = unused[--unused_count];
                ready_push(&other, state, model[end - 1]);
                shelf_put(&shelf, state, other, false);
            }
            if (list.count > 0) shelf_put(&shelf, state, list, true);
        }
        CHECK_EQ(shelf_count(shelf), end - begin);
    }
    CHECK(end > (1 << 17) + 20000);
}

TEST(blocks_are_claimed_once_each_by_whoever_has_room)
{
    enum { BLOCKS = 37, SPMD = 3 * BOARD_SLOTS };
    static uint8_t claimed[SPMD][BLOCKS];
    memset(claimed, 0, sizeof claimed);
    make_world(SHAPE_AIC, BLOCKS);
    random_state = 9;
    for (uint32_t posted = 0, done = 0, rounds = 0; done < SPMD * BLOCKS; rounds++) {
        CHECK(rounds < 100000);
        struct scheduler *s = &world[random_below(WORLD_SCHEDULERS)];
        struct claim *claim = &s->claim[SHAPE_AIC];
        if (claim->slot == BOARD_NONE && posted < SPMD && random_below(3) == 0)
            board_post(s, SHAPE_AIC, posted++, random_below(9));
        if (claim->next == claim->end && !board_claim(s, SHAPE_AIC, random_below(9))) continue;
        CHECK(claim->next < claim->end && claim->end <= BLOCKS);
        for (; claim->next < claim->end; done++)
            CHECK_EQ(claimed[claim->task][claim->next++]++, 0);
    }
    CHECK_EQ(boards[SHAPE_AIC].count, 0);
    for (int i = 0; i < BOARD_SLOTS; i++)
        CHECK_EQ((uint32_t)boards[SHAPE_AIC].slot[i].word, SLOT_FREE);
}

TEST(a_full_board_leaves_the_task_to_its_owner)
{
    make_world(SHAPE_AIC, 4);
    for (uint32_t i = 0; i < BOARD_SLOTS + 1; i++)
        board_post(&world[i % 2], SHAPE_AIC, i, 1);
    CHECK_EQ(boards[SHAPE_AIC].count, BOARD_SLOTS);
    CHECK_EQ(world[1].claim[SHAPE_AIC].task, BOARD_SLOTS);
    CHECK_EQ(world[1].claim[SHAPE_AIC].next, 0);
    CHECK_EQ(world[1].claim[SHAPE_AIC].end, 4);
    CHECK_EQ(world[1].claim[SHAPE_AIC].slot, BOARD_NONE);
}

TEST(a_task_for_which_its_owner_has_cores_is_not_shown)
{
    make_world(SHAPE_AIC, 4);
    board_post(&world[0], SHAPE_AIC, 7, 4);
    CHECK_EQ(boards[SHAPE_AIC].count, 0);
    CHECK_EQ(world[0].claim[SHAPE_AIC].end, 4);
    CHECK_EQ(world[0].claim[SHAPE_AIC].slot, BOARD_NONE);
}

/* In a ring of slots the task's place is another task's as soon as it has completed: claims may not look there. */
TEST(a_claim_lives_without_the_task_table)
{
    make_world(SHAPE_MIX, 4);
    board_post(&world[0], SHAPE_MIX, 7, 1);
    for (int k = 0; k < WORLD_SCHEDULERS; k++)
        world[k].tasks = NULL;
    CHECK(board_claim(&world[1], SHAPE_MIX, 2));
    CHECK_EQ(world[1].claim[SHAPE_MIX].task, 7);
    CHECK_EQ(world[1].claim[SHAPE_MIX].next, 1);
    CHECK_EQ(world[1].claim[SHAPE_MIX].end, 3);
    world[0].claim[SHAPE_MIX].next = world[1].claim[SHAPE_MIX].next = 3;
    world[0].claim[SHAPE_MIX].end = 3;
    CHECK(board_at_hand(&world[0], SHAPE_MIX));
    CHECK(board_claim(&world[0], SHAPE_MIX, 9));
    CHECK_EQ(world[0].claim[SHAPE_MIX].next, 3);
    CHECK_EQ(world[0].claim[SHAPE_MIX].end, 4);
    CHECK(!board_at_hand(&world[1], SHAPE_MIX));
    CHECK(!board_claim(&world[1], SHAPE_MIX, 1));
}

/* Claimers that had read a slot before it was freed and taken for another task. */
TEST(a_word_read_before_its_slot_was_taken_again_claims_nothing)
{
    make_world(SHAPE_AIC, 4);
    board_post(&world[0], SHAPE_AIC, 7, 1);
    uint64_t stale = boards[SHAPE_AIC].slot[0].word;
    CHECK(board_claim(&world[1], SHAPE_AIC, 3));
    board_post(&world[2], SHAPE_AIC, 8, 1);
    CHECK_EQ((uint32_t)boards[SHAPE_AIC].slot[0].word, (uint32_t)stale);
    CHECK(boards[SHAPE_AIC].slot[0].word != stale);
}

TEST(small_graphs_have_one_scheduler)
{
    CHECK_EQ(scheduler_count(0, 6, 36), 1);
    CHECK_EQ(scheduler_count(TASKS_PER_SCHEDULER * 2 - 1, 6, 36), 1);
    CHECK_EQ(scheduler_count(TASKS_PER_SCHEDULER * 2, 6, 36), 2);
    CHECK_EQ(scheduler_count(100000, 6, 36), 6);
    CHECK_EQ(scheduler_count(100000, 6, 2), 2);
    CHECK_EQ(scheduler_count(100000, 1, 36), 1);
}

/* ---- fingerprint.h */

static size_t make_elf(uint8_t *elf, uint32_t align, const char *note_name, uint32_t type, uint32_t id_size)
{
    memset(elf, 0, 512);
    memcpy(elf, "\177ELF\2\1\1", 7);
    elf[32] = 64; /* e_phoff */
    elf[54] = 56; /* e_phentsize */
    elf[56] = 1;  /* e_phnum */
    uint8_t *segment = elf + 64;
    segment[0] = 4; /* PT_NOTE */
    segment[8] = 128;
    segment[32] = (uint8_t)(64 + id_size);
    segment[48] = (uint8_t)align;
    /* Another note first. */
    memcpy(elf + 128, "\4\0\0\0\10\0\0\0\5\0\0\0GNU\0........", 24);
    uint8_t *note = elf + 128 + 24;
    note[0] = (uint8_t)(strlen(note_name) + 1);
    note[4] = (uint8_t)id_size;
    note[8] = (uint8_t)type;
    strcpy((char *)note + 12, note_name);
    for (uint32_t i = 0; i < id_size; i++)
        note[16 + i] = (uint8_t)(0x10 + i);
    return 300;
}

TEST(the_fingerprint_is_the_build_id_and_otherwise_the_hash_of_all_bytes)
{
    static uint8_t elf[512];
    const uint64_t id = UINT64_C(0x1716151413121110);
    CHECK_EQ(fingerprint_of(elf, make_elf(elf, 4, "GNU", 3, 20)), id);
    CHECK_EQ(fingerprint_of(elf, make_elf(elf, 8, "GNU", 3, 8)), id);
    size_t size = make_elf(elf, 4, "GNU", 3, 7);
    CHECK_EQ(fingerprint_of(elf, size), fingerprint_fnv1a(elf, size));
    size = make_elf(elf, 4, "GNX", 3, 20);
    CHECK_EQ(fingerprint_of(elf, size), fingerprint_fnv1a(elf, size));
    size = make_elf(elf, 4, "GNU", 1, 20);
    CHECK_EQ(fingerprint_of(elf, size), fingerprint_fnv1a(elf, size));
    CHECK_EQ(fingerprint_of("foobar", 6), UINT64_C(0x85944171f73967e8)); /* the published test vector of FNV-1a */
    CHECK_EQ(fingerprint_of("", 0), UINT64_C(0xcbf29ce484222325));
}

TEST(any_bytes_have_a_fingerprint)
{
    for (uint32_t seed = 0; seed < 200000; seed++) {
        uint8_t elf[512];
        random_state = seed;
        size_t size = make_elf(elf, 4, "GNU", 3, 20);
        for (int i = 0; i < 4; i++)
            elf[random_below(i % 2 ? 200 : 300)] = (uint8_t)random_below(256);
        size = random_below((uint32_t)size + 1);
        uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a byte too far */
        memcpy(exact, elf, size);
        uint64_t value = fingerprint_of(exact, size);
        free(exact);
        if (size < 64 + 56) CHECK_EQ(value, fingerprint_fnv1a(elf, size));
    }
}

/* ---- condition.c */

enum { WAITING = 2 * CONDITION_PASS + 88 };

static struct condition_slab waiting[WAITING];
static uint32_t condition_word[WAITING];

TEST(a_pass_looks_at_so_many_conditions_and_the_next_goes_on_behind_them)
{
    static struct scheduler s;
    struct task_state state = {.subtasks_left = 1 + WAITING, .conditions = WAITING};
    const struct image_task task = {.block_num = WAITING, .core_mask = 1};
    memset(&head, 0, sizeof head);
    s = (struct scheduler){.head = &head,
                           .state = &state,
                           .tasks = &task,
                           .task_count = 1,
                           .waiting_first = &waiting[0],
                           .waiting_last = &waiting[WAITING - 1],
                           .waiting_count = WAITING,
                           .looks_due = WAITING};
    for (uint32_t i = 0; i < WAITING; i++) {
        waiting[i].head.count = 1;
        waiting[i].entry[0] =
            (struct condition){.address = (uint64_t)(uintptr_t)&condition_word[i], .expected = 1, .type = CONDITION_COUNTER};
        waiting[i].next = i + 1 < WAITING ? (uint64_t)(uintptr_t)&waiting[i + 1] : 0;
    }
    condition_poll(&s, CONDITION_PASS);
    CHECK_EQ(s.looks_due, WAITING - CONDITION_PASS);
    CHECK(s.waiting_first == &waiting[CONDITION_PASS] && s.waiting_last == &waiting[CONDITION_PASS - 1]);
    CHECK(condition_validate(&s) == NULL);

    condition_word[0] = 1;                  /* has been looked at: it is for the next round */
    condition_word[CONDITION_PASS + 9] = 1; /* has not */
    condition_poll(&s, CONDITION_PASS);
    CHECK_EQ(s.looks_due, 88);
    CHECK_EQ(s.waiting_count, WAITING - 1);
    CHECK_EQ(state.subtasks_left, WAITING);
    condition_poll(&s, CONDITION_PASS);
    CHECK_EQ(s.looks_due, 0);
    CHECK_EQ(s.waiting_count, WAITING - 1);
    CHECK(s.waiting_first == &waiting[0] && s.waiting_last == &waiting[WAITING - 1]);
    CHECK(condition_validate(&s) == NULL);

    s.looks_due = s.waiting_count;
    condition_poll(&s, CONDITION_SLICE);
    CHECK_EQ(s.looks_due, WAITING - 1 - CONDITION_SLICE);
    CHECK_EQ(s.waiting_count, WAITING - 2);
    CHECK_EQ(state.conditions, WAITING - 2);
    CHECK(condition_validate(&s) == NULL);
}

TEST_MAIN
