/* Named cards: what host processes that name the same one share, and what they do not. */
#include "several/dialogue.h"

#include "driver/cann.h"

enum { MIB = 1 << 20 };

TEST(processes_on_a_card_draw_on_one_budget)
{
    struct guest a, b;
    uint64_t before, block;
    struct reply reply;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1&card=one");
    ASK(&b, "open a5?hbm=64MiB&clusters=1&card=one");
    before = ASK(&b, "left");
    block = ASK(&a, "take %d", 40 * MIB);
    CHECK_EQ(ASK(&b, "left"), before - 40 * MIB);
    CHECK_EQ(ASK(&a, "left"), before - 40 * MIB);
    reply = ask(&b, "take %d", 40 * MIB);
    CHECK_EQ(reply.code, ACL_ERROR_RT_MEMORY_ALLOCATION);
    CHECK_HAS(reply.text, "by this process");
    ASK(&a, "take %d", 1 * MIB); /* the other does not notice */
    CHECK_EQ(ASK(&b, "left"), before - 41 * MIB);
    ASK(&a, "give %" PRIu64, block);
    ASK(&b, "take %d", 40 * MIB);
    CHECK_EQ(ASK(&a, "left"), before - 41 * MIB);
    ASK(&b, "close");
    ASK(&a, "close");
    dismiss(&a);
    CHECK_EQ(party_entries(party_cards), 1);
    dismiss(&b);
    CHECK_EQ(party_entries(party_cards), 0); /* at once */
    party_end();
}

TEST(a_process_that_is_killed_gives_its_memory_back)
{
    struct guest a, b;
    uint64_t before, block;

    party_begin();
    a = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1&card=one");
    before = ASK(&a, "left");
    for (int i = 0; i < 3; i++) {
        b = member();
        ASK(&b, "open a5?hbm=64MiB&clusters=1&card=one");
        ASK(&b, "take %d", 40 * MIB);
        CHECK_EQ(ask(&a, "take %d", 40 * MIB).code, ACL_ERROR_RT_MEMORY_ALLOCATION);
        party_kill(&b);
        CHECK_EQ(ASK(&a, "left"), before);
        block = ASK(&a, "take %d", 40 * MIB);
        ASK(&a, "give %" PRIu64, block);
    }
    party_kill(&a);
    party_end();
}

/* A child has copies of its parent's descriptors; they must not keep the parent on the card. */
TEST(a_child_of_a_killed_process_holds_nothing)
{
    struct guest a, b;
    uint64_t before;
    pid_t child;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1&card=one");
    before = ASK(&a, "left");
    ASK(&b, "open a5?hbm=64MiB&clusters=1&card=one");
    ASK(&b, "take %d", 40 * MIB);
    child = (pid_t)ASK(&b, "fork");
    usleep(20000);
    party_kill(&b);
    CHECK_EQ(ASK(&a, "left"), before);
    dismiss(&a);
    CHECK_EQ(kill(child, 0), 0);
    party_end();
    kill(child, SIGKILL);
}

TEST(a_closed_or_reset_device_gives_its_memory_back)
{
    struct guest a, b;
    uint64_t alone, both;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1&card=one");
    alone = ASK(&a, "left");
    ASK(&b, "open a5?hbm=64MiB&clusters=1&card=one");
    both = ASK(&a, "left");
    CHECK(both < alone); /* a stream of its own costs HBM */
    ASK(&b, "take %d", 30 * MIB);
    ASK(&b, "close");
    CHECK_EQ(ASK(&a, "left"), alone);
    ASK(&b, "set");
    CHECK_EQ(ASK(&a, "left"), both);
    ASK(&b, "take %d", 30 * MIB);
    ASK(&b, "reset");
    CHECK_EQ(ASK(&a, "left"), alone);
    ASK(&b, "set");
    ASK(&b, "take %d", 30 * MIB);
    ASK(&b, "kill"); /* its device process: what it held stays until the reset, as on silicon */
    CHECK_EQ(ask(&b, "take %d", MIB).code, ACL_ERROR_RT_SOCKET_CLOSE);
    CHECK_EQ(ASK(&a, "left"), both - 30 * MIB);
    ASK(&a, "take %d", MIB);
    ASK(&b, "reset");
    CHECK_EQ(ASK(&a, "left"), alone - MIB);
    dismiss(&b);
    dismiss(&a);
    party_end();
}

TEST(a_card_is_one_machine_to_all)
{
    struct guest a, b;
    struct reply reply;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "add a5?hbm=64MiB&card=one");
    reply = ask(&b, "add a5?hbm=65MiB&card=one");
    CHECK_EQ(reply.code, -1);
    CHECK_HAS(reply.text, "\"a5?hbm=64MiB&card=one\"");
    CHECK_HAS(reply.text, "\"a5?hbm=65MiB&card=one\"");
    ASK(&b, "add a5?hbm=65MiB&card=two"); /* another card */
    ASK(&b, "add a5?hbm=64MiB&card=one");
    reply = ask(&a, "add a2?card=two");
    CHECK_EQ(reply.code, -1);
    dismiss(&b);
    ASK(&a, "add a2?card=two"); /* nobody has it any more */
    dismiss(&a);
    party_end();
}

TEST(unnamed_cards_are_private)
{
    struct guest a, b;
    uint64_t left;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1");
    ASK(&b, "open a5?hbm=64MiB&clusters=1");
    left = ASK(&a, "left");
    ASK(&b, "take %d", 40 * MIB);
    CHECK_EQ(ASK(&a, "left"), left);
    CHECK_EQ(party_entries(party_cards), 0);
    dismiss(&a);
    dismiss(&b);
    party_end();
}

TEST(the_dies_of_an_a3_share_files_and_no_memory)
{
    struct guest a, b, c;
    uint64_t left;
    struct reply reply;

    party_begin();
    a = member();
    b = member();
    ASK(&a, "open a3?hbm=64MiB&clusters=1&card=pair");
    ASK(&b, "open a3:1?hbm=64MiB&clusters=1&card=pair");
    left = ASK(&b, "left");
    ASK(&a, "take %d", 40 * MIB);
    CHECK_EQ(ASK(&b, "left"), left);
    reply = ask(&b, "run libpypto_server0.so"); /* not there yet: the call fails in its own device process */
    CHECK_EQ(reply.code, ACL_ERROR_RT_AICPU_EXCEPTION);
    ASK(&b, "reset");
    ASK(&b, "set");
    CHECK_EQ(ASK(&a, "install"), 1);
    CHECK_EQ(ASK(&b, "run libpypto_server0.so"), 5); /* what the other die's process has installed */
    party_kill(&a);
    c = member();
    ASK(&c, "open a3:1?hbm=64MiB&clusters=1&card=pair");
    CHECK_EQ(ASK(&c, "run libpypto_server0.so"), 5); /* it outlives the one who has */
    dismiss(&c);
    dismiss(&b);
    party_end();
}

/* The vendor's server saves the dispatcher in place, once per device process; none may load what another has half
 * written. */
TEST(processes_that_install_at_the_same_time_do_not_disturb_each_other)
{
    enum { GUESTS = 4, INSTALLS = 25 };
    struct guest guest[GUESTS];

    party_begin();
    for (int i = 0; i < GUESTS; i++) {
        guest[i] = member();
        fprintf(guest[i].to, "open a5?hbm=64MiB&clusters=1&card=one\n");
        for (int n = 0; n < INSTALLS; n++)
            fprintf(guest[i].to, "install\nreset\nset\n");
    }
    for (int i = 0; i < GUESTS; i++)
        fflush(guest[i].to);
    for (int i = 0; i < GUESTS; i++)
        for (int n = 0; n < 1 + 3 * INSTALLS; n++) {
            char line[512] = "";
            if (!fgets(line, sizeof line, guest[i].from) || strncmp(line, "0 ", 2) != 0)
                CHECK_FAIL("member %d, answer %d: %s", i, n, line);
        }
    for (int i = 0; i < GUESTS; i++)
        dismiss(&guest[i]);
    party_end();
}

TEST(processes_that_come_and_go_find_a_whole_card)
{
    enum { GUESTS = 4, ROUNDS = 15 };
    struct guest guest[GUESTS];
    uint64_t whole = 0;

    party_begin();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < GUESTS; i++) {
            guest[i] = member();
            fprintf(guest[i].to, "add a5?hbm=64MiB&clusters=1&card=one\n");
            if (i == 0) fprintf(guest[i].to, "open a5?hbm=64MiB&clusters=1&card=one\nleft\n");
            fclose(guest[i].to);
        }
        for (int i = 0; i < GUESTS; i++) {
            char line[512];
            uint64_t value = 0;
            int code = 0, answers = 0, status;
            while (fgets(line, sizeof line, guest[i].from)) {
                if (line[0] < '0' || line[0] > '9' || strstr(line, "passed")) continue; /* of the harness */
                if (sscanf(line, "%d %" SCNu64, &code, &value) != 2 || code) CHECK_FAIL("round %d: %s", round, line);
                answers++;
            }
            CHECK_EQ(answers, i == 0 ? 3 : 1);
            if (i == 0 && whole == 0) whole = value;
            if (i == 0) CHECK_EQ(value, whole);
            CHECK_EQ(waitpid(guest[i].pid, &status, 0), guest[i].pid);
            CHECK_EQ(status, 0);
            fclose(guest[i].from);
        }
    }
    party_end();
}

/* Host and device process at once: nobody is left to tidy up. The next user of any card does. */
TEST(what_is_left_when_all_are_killed_at_once_is_swept)
{
    struct guest a, b;
    char command[128];

    party_begin();
    a = member();
    ASK(&a, "open a5?hbm=64MiB&clusters=1&card=one");
    kill(a.pid, SIGSTOP);
    snprintf(command, sizeof command, "/proc/%d/task/%d/children", (int)a.pid, (int)a.pid);
    FILE *file = fopen(command, "r");
    int child = 0;
    CHECK(file && fscanf(file, "%d", &child) == 1);
    fclose(file);
    kill(child, SIGKILL);
    party_kill(&a);
    CHECK_EQ(party_entries(party_cards), 1);
    b = member();
    ASK(&b, "add a5?card=two");
    CHECK_EQ(party_entries(party_cards), 1);
    dismiss(&b);
    party_end();
}

TEST_MAIN
