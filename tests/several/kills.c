/* Four processes at work on one named card, of which one is killed with -9 every second: the others never err, and the
 * card's HBM is whole at the end.
 *
 *     several_kills [SECONDS]        10 when it is not given
 */
#include "several/dialogue.h"

#include <poll.h>

enum { WORKERS = 4 };

static unsigned seconds = 10;

static struct guest worker(const char *target, unsigned seed)
{
    char number[16], text[256];
    char *arguments[] = {WORKER, text, number, NULL};

    snprintf(text, sizeof text, "%s", target);
    snprintf(number, sizeof number, "%u", seed);
    return party_start(arguments);
}

/* A worker says "open" and then nothing as long as all is well. */
static void expect_open(struct guest *guest)
{
    char line[512] = "";

    if (!fgets(line, sizeof line, guest->from) || strcmp(line, "open\n") != 0)
        CHECK_FAIL("a worker does not work: %s", line);
}

static void expect_silence(struct guest *guest)
{
    struct pollfd said = {.fd = fileno(guest->from), .events = POLLIN};
    char line[512] = "";

    if (poll(&said, 1, 0) == 0) return;
    (void)!fgets(line, sizeof line, guest->from);
    CHECK_FAIL("a worker that nobody killed: %s", line);
}

static void kill_and_replace(const char *machine)
{
    struct guest guest[WORKERS], observer = member();
    char target[256];
    uint64_t whole, random = 1;
    unsigned seed = 0, kills = 0;
    time_t end;

    ASK(&observer, "open %s", machine);
    whole = ASK(&observer, "left");
    snprintf(target, sizeof target, "emu:%s", machine);
    for (int i = 0; i < WORKERS; i++)
        guest[i] = worker(target, seed++);
    for (int i = 0; i < WORKERS; i++)
        expect_open(&guest[i]);
    CHECK(ASK(&observer, "left") < whole);
    end = time(NULL) + (time_t)seconds;
    while (time(NULL) < end) {
        int victim;
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        usleep(900000 + (useconds_t)(random >> 32) % 200000); /* at any point of its work */
        victim = (int)(random >> 40) % WORKERS;
        for (int i = 0; i < WORKERS; i++)
            expect_silence(&guest[i]);
        party_kill(&guest[victim]);
        kills++;
        guest[victim] = worker(target, seed++);
        expect_open(&guest[victim]);
    }
    for (int i = 0; i < WORKERS; i++)
        expect_silence(&guest[i]);
    for (int i = 0; i < WORKERS; i++) {
        int status;
        fclose(guest[i].to);
        CHECK_EQ(waitpid(guest[i].pid, &status, 0), guest[i].pid);
        if (status) expect_silence(&guest[i]);
        CHECK_EQ(status, 0);
        fclose(guest[i].from);
    }
    CHECK_EQ(ASK(&observer, "left"), whole);
    CHECK(kills >= seconds * 2 / 3);
    dismiss(&observer);
    printf("  %u kills in %u s\n", kills, seconds);
}

TEST(processes_killed_on_a_shared_card_do_not_disturb_the_others)
{
    party_begin();
    kill_and_replace("a5?clusters=4&hbm=2GiB&card=kills");
    party_end();
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9') {
        seconds = (unsigned)strtoul(argv[1], NULL, 10);
        argc--, argv++;
    }
    return check_main(argc, argv);
}
