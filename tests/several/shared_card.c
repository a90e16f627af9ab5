/* The members of a card, without a device. Several members can live in one process here: what makes a member is an open
 * file. */
#include "check.h"
#include "emu/folder.h"
#include "emu/shared_card.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static char base[64], problem[512];

/* A folder for the cards of one test. */
static void begin(void)
{
    strcpy(base, "/tmp/npurt-several-XXXXXX");
    if (!mkdtemp(base)) CHECK_FAIL("no folder %s", base);
    setenv("NPUEMU_CARDS", base, 1);
}

static void join(struct shared_card *card, const char *name, const char *key, uint64_t hbm)
{
    if (!shared_card_join(card, name, key, hbm, problem, sizeof problem)) CHECK_FAIL("%s", problem);
}

static unsigned entries(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    unsigned n = 0;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return n;
}

/* Nothing is left. */
static void end(void)
{
    CHECK_EQ(entries(base), 0);
    CHECK_EQ(rmdir(base), 0);
}

/* As the kernel does for a member that ends without a word. */
static void vanish(struct shared_card *card)
{
    shared_card_forget(card);
}

TEST(members_draw_on_one_budget_per_die)
{
    struct shared_card a, b;

    begin();
    join(&a, "one", "a3?card=one", 10 * MIB);
    join(&b, "one", "a3?card=one", 10 * MIB);
    CHECK(shared_card_charge(&a, 0, 6 * MIB));
    CHECK(!shared_card_charge(&b, 0, 4 * MIB + 1));
    CHECK(shared_card_charge(&b, 0, 4 * MIB));
    CHECK(!shared_card_charge(&a, 0, 1));
    CHECK(!shared_card_charge(&b, 0, UINT64_MAX));
    CHECK(shared_card_charge(&a, 1, 10 * MIB)); /* the other die has its own */
    CHECK_EQ(shared_card_taken(&a, 0), 10 * MIB);
    CHECK_EQ(shared_card_taken(&b, 1), 10 * MIB);
    shared_card_refund(&a, 0, 6 * MIB);
    CHECK_EQ(shared_card_taken(&b, 0), 4 * MIB);
    CHECK(shared_card_charge(&b, 0, 6 * MIB));
    shared_card_leave(&a);
    CHECK_EQ(shared_card_taken(&b, 1), 0); /* who leaves takes nothing along */
    CHECK_EQ(entries(base), 1);
    shared_card_leave(&b);
    end();
}

TEST(what_the_dead_held_is_free_at_once)
{
    struct shared_card a, b, c;

    begin();
    join(&a, "one", "a5?card=one", 10 * MIB);
    join(&b, "one", "a5?card=one", 10 * MIB);
    CHECK(shared_card_charge(&a, 0, 10 * MIB));
    CHECK(!shared_card_charge(&b, 0, 1));
    vanish(&a);
    CHECK_EQ(shared_card_taken(&b, 0), 0);
    CHECK(shared_card_charge(&b, 0, 10 * MIB));
    join(&c, "one", "a5?card=one", 10 * MIB); /* in the place of the dead */
    CHECK_EQ(c.place, 0);
    CHECK(!shared_card_charge(&c, 0, 1));
    CHECK_EQ(shared_card_taken(&c, 0), 10 * MIB);
    shared_card_leave(&b);
    shared_card_leave(&c);
    end();
}

TEST(another_machine_under_the_same_name_is_refused)
{
    struct shared_card a, b;
    char expected[32];

    begin();
    join(&a, "one", "a5?hbm=1GiB&card=one", 1024 * MIB);
    snprintf(expected, sizeof expected, "process %d", (int)getpid());
    CHECK(!shared_card_join(&b, "one", "a5?card=one", 2048 * (uint64_t)MIB, problem, sizeof problem));
    CHECK_HAS(problem, "\"a5?hbm=1GiB&card=one\"");
    CHECK_HAS(problem, "\"a5?card=one\"");
    CHECK_HAS(problem, expected);
    shared_card_leave(&b); /* of no effect: it is no member */
    join(&b, "two", "a5?card=one", 2048 * (uint64_t)MIB);
    shared_card_leave(&b);
    CHECK_EQ(entries(base), 1);
    shared_card_leave(&a);
    join(&b, "one", "a5?card=one", 2048 * (uint64_t)MIB); /* nobody knows it otherwise any more */
    shared_card_leave(&b);
    end();
}

TEST(files_live_as_long_as_a_member)
{
    struct shared_card a, b, c;
    char path[400];
    int fd;

    begin();
    join(&a, "one", "a5?card=one", MIB);
    snprintf(path, sizeof path, "%s/root/" FOLDER_PREINSTALL "/left.so", a.path);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    close(fd);
    join(&b, "one", "a5?card=one", MIB);
    vanish(&a);
    CHECK_EQ(access(path, F_OK), 0);
    join(&c, "one", "a5?card=one", MIB);
    shared_card_leave(&b);
    CHECK_EQ(access(path, F_OK), 0);
    vanish(&c);
    join(&a, "one", "a5?card=one", MIB); /* after the death of all the card is a new one */
    CHECK_EQ(access(path, F_OK), -1);
    vanish(&a);
    join(&b, "two", "a5?card=two", MIB); /* a join sweeps what the dead have left of other cards */
    CHECK_EQ(entries(base), 1);
    snprintf(path, sizeof path, "%s/root", b.path);
    vanish(&b);
    shared_card_tidy(path); /* and so does a device process whose host is gone */
    end();
}

TEST(a_card_that_has_members_is_not_tidied_away)
{
    struct shared_card a;
    char root[256];

    begin();
    join(&a, "one", "a5?card=one", MIB);
    snprintf(root, sizeof root, "%s/root", a.path);
    shared_card_tidy(root);
    CHECK_EQ(access(root, F_OK), 0);
    shared_card_leave(&a);
    shared_card_tidy(root); /* gone already: nothing to do */
    end();
}

TEST(the_member_after_the_last_place_is_refused)
{
    static struct shared_card member[SHARED_CARD_MEMBERS];
    struct shared_card more;

    begin();
    for (int i = 0; i < SHARED_CARD_MEMBERS; i++)
        join(&member[i], "one", "a5?card=one", SHARED_CARD_MEMBERS);
    CHECK(!shared_card_join(&more, "one", "a5?card=one", SHARED_CARD_MEMBERS, problem, sizeof problem));
    CHECK_HAS(problem, "256 processes");
    for (int i = 0; i < SHARED_CARD_MEMBERS; i++)
        CHECK(shared_card_charge(&member[i], 0, 1));
    CHECK(!shared_card_charge(&member[7], 0, 1));
    vanish(&member[100]);
    CHECK(shared_card_charge(&member[7], 0, 1));
    join(&more, "one", "a5?card=one", SHARED_CARD_MEMBERS);
    for (int i = 0; i < SHARED_CARD_MEMBERS; i++)
        if (i != 100) vanish(&member[i]);
    CHECK_EQ(shared_card_taken(&more, 0), 0);
    shared_card_leave(&more);
    end();
}

TEST(a_folder_that_others_can_write_to_is_not_used)
{
    struct shared_card card;

    begin();
    CHECK_EQ(chmod(base, 0777), 0);
    CHECK(!shared_card_join(&card, "one", "a5?card=one", MIB, problem, sizeof problem));
    CHECK_HAS(problem, base);
    setenv("NPUEMU_CARDS", "here", 1);
    CHECK(!shared_card_join(&card, "one", "a5?card=one", MIB, problem, sizeof problem));
    CHECK_HAS(problem, "NPUEMU_CARDS=here");
    end();
}

TEST(a_table_that_was_never_finished_is_begun_anew)
{
    struct shared_card card;
    char path[256];
    int fd;

    begin();
    snprintf(path, sizeof path, "%s/card-one", base);
    CHECK_EQ(mkdir(path, 0700), 0); /* killed here … */
    join(&card, "one", "a5?card=one", MIB);
    vanish(&card);
    CHECK_EQ(truncate(strcat(path, "/table"), 0), 0); /* … or here … */
    join(&card, "one", "a5?card=one", MIB);
    CHECK(shared_card_charge(&card, 0, MIB));
    vanish(&card);
    fd = open(path, O_WRONLY);
    CHECK_EQ(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0), 8); /* … or by another version */
    close(fd);
    join(&card, "one", "a5?card=one", MIB);
    CHECK_EQ(shared_card_taken(&card, 0), 0);
    shared_card_leave(&card);
    end();
}

/* ---- killed at any moment --------------------------------------------------------------------------------------- */

/* Joins, charges, refunds and leaves for ever. What is right must hold for it whatever happens to the others. */
static void child(unsigned number)
{
    uint64_t random = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    struct shared_card card;

    for (unsigned turn = 0;; turn++) {
        uint64_t held = 0;
        char text[512];
        if (!shared_card_join(&card, "one", "a5?card=one", 8 * MIB, text, sizeof text)) {
            fprintf(stderr, "child %u, turn %u: %s\n", number, turn, text);
            _exit(1);
        }
        for (int i = 0; i < 8; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            uint64_t bytes = 1 + random % (3 * MIB);
            if (shared_card_charge(&card, 0, bytes)) held += bytes;
            uint64_t all = shared_card_taken(&card, 0);
            if (all < held || all > 8 * MIB) {
                fprintf(stderr, "child %u holds %" PRIu64 ", all together %" PRIu64 "\n", number, held, all);
                _exit(2);
            }
            if (random & 1) shared_card_refund(&card, 0, held), held = 0;
        }
        if (random & 2) shared_card_leave(&card);
        shared_card_forget(&card);
    }
}

static pid_t start(unsigned number)
{
    pid_t pid = fork();

    if (pid == 0) child(number);
    return pid;
}

TEST(members_killed_at_any_moment_leave_the_card_whole)
{
    enum { CHILDREN = 4, KILLS = 400 };
    struct shared_card card;
    pid_t pid[CHILDREN];
    uint64_t random = 88172645463325252;
    int status;

    begin();
    for (unsigned i = 0; i < CHILDREN; i++)
        pid[i] = start(i);
    for (unsigned kills = 0; kills < KILLS; kills++) {
        unsigned i = kills % CHILDREN;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        usleep((useconds_t)(random % 4000));
        kill(pid[i], SIGKILL);
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        if (!WIFSIGNALED(status)) CHECK_FAIL("a child found something wrong after %u kills", kills);
        pid[i] = start(kills + CHILDREN);
    }
    join(&card, "one", "a5?card=one", 8 * MIB);
    for (unsigned i = 0; i < CHILDREN; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], &status, 0);
        CHECK(WIFSIGNALED(status));
    }
    CHECK_EQ(shared_card_taken(&card, 0), 0);
    CHECK(shared_card_charge(&card, 0, 8 * MIB));
    shared_card_leave(&card);
    end();
}

TEST_MAIN
