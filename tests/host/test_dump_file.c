/* Where dumps go: the folder, the names, how many stay, and what happens when they can not be written. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/dump_file.h"

static char root[64], folder[DUMP_FILE_PATH], path[DUMP_FILE_PATH], problem[640];

static void set_up(void)
{
    snprintf(root, sizeof root, "/tmp/npurt-test-dumps-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    snprintf(folder, sizeof folder, "%s/a/b", root);
    unsetenv("NPURT_DUMPS");
    unsetenv("TMPDIR");
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK_EQ(system(command), 0);
}

static bool write_one(const char *option, unsigned keep, const char *text)
{
    return dump_file_write(option, keep, text, strlen(text), path, problem, sizeof problem);
}

static unsigned files_in(const char *in)
{
    unsigned count = 0;
    DIR *d = opendir(in);
    CHECK(d != NULL);
    for (const struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static void check_content(const char *file, const char *text)
{
    char content[64] = "";
    FILE *f = fopen(file, "r");
    CHECK(f != NULL);
    CHECK_EQ(fread(content, 1, sizeof content - 1, f), strlen(text));
    fclose(f);
    CHECK_STR(content, text);
}

TEST(the_folder_is_made_and_only_this_user_can_read_the_file)
{
    struct stat st;
    set_up();
    CHECK(write_one(folder, 0, "one"));
    CHECK_EQ(strncmp(path, folder, strlen(folder)), 0);
    CHECK_HAS(path, "/npurt-dump-2");
    CHECK_HAS(path, ".json");
    check_content(path, "one");
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    CHECK_EQ(stat(folder, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0700);
    CHECK_EQ(files_in(folder), 1); /* nothing half-made beside it */
    tear_down();
}

TEST(the_newest_stay_and_files_of_others_do_too)
{
    char other[DUMP_FILE_PATH + 16], first[DUMP_FILE_PATH];
    set_up();
    CHECK(write_one(folder, 3, "0"));
    snprintf(first, sizeof first, "%s", path);
    snprintf(other, sizeof other, "%s/mine.json", folder);
    CHECK(close(open(other, O_CREAT | O_WRONLY, 0600)) == 0);
    for (int i = 1; i < 8; i++) {
        char text[2] = {(char)('0' + i), 0};
        usleep(2000); /* names tell milliseconds */
        CHECK(write_one(folder, 3, text));
    }
    CHECK_EQ(files_in(folder), 3 + 1);
    CHECK(access(first, F_OK) != 0);
    CHECK_EQ(access(other, F_OK), 0);
    check_content(path, "7");
    tear_down();
}

/* In another process: `count` dumps; the name of its last in `last`. */
static void write_elsewhere(unsigned count, unsigned keep, char last[DUMP_FILE_PATH])
{
    int pipes[2], status;
    CHECK_EQ(pipe(pipes), 0);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        bool good = true;
        for (unsigned i = 0; i < count; i++)
            good = write_one(folder, keep, "elsewhere") && good;
        _exit(!good || write(pipes[1], path, sizeof path) != sizeof path);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(read(pipes[0], last, DUMP_FILE_PATH), DUMP_FILE_PATH);
    close(pipes[0]);
    close(pipes[1]);
}

TEST(a_busy_process_does_not_push_out_what_others_have_left)
{
    char one[DUMP_FILE_PATH], other[DUMP_FILE_PATH], busy[DUMP_FILE_PATH];
    set_up();
    CHECK(write_one(folder, 4, "one"));
    strcpy(one, path);
    write_elsewhere(1, 1, other);
    write_elsewhere(40, 4, busy);
    CHECK_EQ(files_in(folder), 1 + 1 + 4);
    check_content(one, "one");
    check_content(other, "elsewhere");
    check_content(busy, "elsewhere");
    for (int i = 0; i < 9; i++)
        CHECK(write_one(folder, 4, "one"));
    CHECK(access(one, F_OK) != 0); /* its own oldest went */
    CHECK_EQ(files_in(folder), 4 + 1 + 4);
    tear_down();
}

/* A dump that a process long gone has left in the minute `age` of 2001. */
static const char *leave(unsigned age, off_t bytes)
{
    static char name[DUMP_FILE_PATH + 80];
    snprintf(name, sizeof name, "%s/npurt-dump-20010101T%02u%02u00.000-77-0badcafe-000000.json", folder, age / 60, age % 60);
    const int fd = open(name, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, bytes), 0); /* sparse */
    close(fd);
    return name;
}

TEST(beyond_256_files_the_oldest_of_other_processes_go)
{
    char oldest[DUMP_FILE_PATH + 80], next[DUMP_FILE_PATH + 80];
    set_up();
    CHECK(write_one(folder, 0, "own"));
    for (unsigned i = 2; i < 300; i++)
        leave(i, 10);
    strcpy(next, leave(1, 10));
    strcpy(oldest, leave(0, 10));
    CHECK(write_one(folder, 0, "newest"));
    CHECK_EQ(files_in(folder), DUMP_FILE_MOST);
    check_content(path, "newest");
    CHECK(access(oldest, F_OK) != 0 && access(next, F_OK) != 0);
    CHECK_EQ(access(leave(299, 10), F_OK), 0);
    tear_down();
}

TEST(beyond_512_mib_a_process_gives_up_its_own_first)
{
    char own[DUMP_FILE_PATH], oldest[DUMP_FILE_PATH + 80], young[DUMP_FILE_PATH + 80];
    set_up();
    CHECK(write_one(folder, 0, "own"));
    strcpy(own, path);
    strcpy(young, leave(2, 200 << 20));
    strcpy(oldest, leave(1, 312 << 20)); /* both together: 512 MiB */
    CHECK(write_one(folder, 0, "newest"));
    CHECK(access(own, F_OK) != 0);
    CHECK(access(oldest, F_OK) != 0); /* it was not enough */
    CHECK_EQ(access(young, F_OK), 0);
    check_content(path, "newest");
    strcpy(own, path);
    CHECK_EQ(truncate(young, (512 << 20) - 9), 0); /* one byte too much beside the two */
    CHECK(write_one(folder, 0, "last")); /* with the older of its own gone the rest fits */
    CHECK(access(own, F_OK) != 0);
    CHECK_EQ(access(young, F_OK), 0);
    tear_down();
}

/* In a folder that users share each counts its own. */
TEST(dumps_of_other_users_and_what_is_no_file_stay)
{
    char theirs[DUMP_FILE_PATH + 80], link[DUMP_FILE_PATH + 80];
    if (geteuid() != 0) SKIP("another user is needed, which root alone can make");
    set_up();
    CHECK(write_one(folder, 1, "own"));
    strcpy(theirs, leave(1, 600 << 20));
    CHECK_EQ(chown(theirs, 65534, 65534), 0);
    strcpy(link, leave(2, 0));
    CHECK_EQ(unlink(link) | symlink(theirs, link), 0);
    CHECK(write_one(folder, 2, "own"));
    CHECK_EQ(files_in(folder), 2 + 2);
    CHECK_EQ(access(theirs, F_OK), 0);
    tear_down();
}

TEST(a_planted_link_beside_a_file_of_a_given_name_is_not_written_to)
{
    char file[DUMP_FILE_PATH], link[DUMP_FILE_PATH + 16], target[DUMP_FILE_PATH];
    set_up();
    snprintf(file, sizeof file, "%s/page.json", root);
    snprintf(link, sizeof link, "%s.%u.tmp", file, (unsigned)getpid()); /* what can be foreseen */
    snprintf(target, sizeof target, "%s/target", root);
    CHECK_EQ(close(open(target, O_CREAT | O_WRONLY, 0600)) | symlink(target, link), 0);
    CHECK(dump_file_write_to(file, "now", 3, problem, sizeof problem));
    check_content(file, "now");
    check_content(target, "");
    CHECK_EQ(symlink(target, strcat(strcpy(link, root), "/way.json")), 0);
    CHECK(dump_file_write_to(link, "now", 3, problem, sizeof problem)); /* the link is replaced, not followed */
    check_content(target, "");
    tear_down();
}

TEST(sixteen_stay_when_nobody_says_how_many)
{
    set_up();
    for (int i = 0; i < 20; i++)
        CHECK(write_one(folder, 0, "x"));
    CHECK_EQ(files_in(folder), 16);
    tear_down();
}

TEST(the_variable_is_weaker_than_the_option_and_off_is_off)
{
    char other[DUMP_FILE_PATH];
    set_up();
    snprintf(other, sizeof other, "%s/variable", root);
    setenv("NPURT_DUMPS", other, 1);
    CHECK(write_one(folder, 0, "x"));
    CHECK_EQ(strncmp(path, folder, strlen(folder)), 0);
    CHECK(write_one(NULL, 0, "x"));
    CHECK_EQ(strncmp(path, other, strlen(other)), 0);
    CHECK(!write_one("off", 0, "x"));
    CHECK_STR(problem, "");
    CHECK(!dump_file_wanted("off"));
    setenv("NPURT_DUMPS", "off", 1);
    CHECK(!dump_file_wanted(NULL));
    CHECK(!write_one(NULL, 0, "x"));
    CHECK(dump_file_wanted(folder));
    CHECK(write_one(folder, 0, "x"));
    tear_down();
}

TEST(by_default_it_is_a_folder_of_this_user_in_tmpdir)
{
    char expected[DUMP_FILE_PATH];
    set_up();
    setenv("TMPDIR", root, 1);
    snprintf(expected, sizeof expected, "%s/npurt-dumps-%u/", root, (unsigned)geteuid());
    CHECK(write_one(NULL, 0, "x"));
    CHECK_EQ(strncmp(path, expected, strlen(expected)), 0);
    tear_down();
}

/* In a folder that everybody can write to, somebody else may have made that name, or let it lead elsewhere. */
TEST(a_default_folder_that_is_a_link_or_open_to_others_is_passed_over)
{
    char trap[DUMP_FILE_PATH], target[DUMP_FILE_PATH];
    set_up();
    setenv("TMPDIR", root, 1);
    snprintf(trap, sizeof trap, "%s/npurt-dumps-%u", root, (unsigned)geteuid());
    snprintf(target, sizeof target, "%s/elsewhere", root);
    CHECK_EQ(mkdir(target, 0700), 0);
    CHECK_EQ(symlink(target, trap), 0);
    CHECK(write_one(NULL, 0, "x"));
    CHECK(strncmp(path, root, strlen(root)) != 0);
    CHECK_EQ(files_in(target), 0);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(unlink(trap), 0);
    CHECK_EQ(mkdir(trap, 0700), 0);
    CHECK_EQ(chmod(trap, 0777), 0);
    CHECK(write_one(NULL, 0, "x"));
    CHECK(strncmp(path, root, strlen(root)) != 0);
    CHECK_EQ(unlink(path), 0);
    tear_down();
}

TEST(a_folder_that_can_not_be_is_named_with_the_reason)
{
    set_up();
    CHECK(!write_one("/dev/null/dumps", 0, "x"));
    CHECK_HAS(problem, "/dev/null/dumps");
    CHECK_HAS(problem, "Not a directory");
    char deep[DUMP_FILE_PATH + 32];
    memset(deep, 'd', sizeof deep - 1);
    deep[0] = '/';
    deep[sizeof deep - 1] = 0;
    CHECK(!write_one(deep, 0, "x"));
    CHECK_HAS(problem, "too long");
    tear_down();
}

TEST(beyond_the_limit_on_file_sizes_nothing_is_written_and_no_signal_ends_the_program)
{
    struct rlimit old, limit;
    set_up();
    CHECK(write_one(folder, 0, "first"));
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 4;
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const bool written = write_one(folder, 0, "12345");
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
    CHECK(!written);
    CHECK_HAS(problem, "File too large");
    CHECK_EQ(files_in(folder), 1);
    tear_down();
}

TEST(a_file_of_a_given_name_is_replaced_whole)
{
    char file[DUMP_FILE_PATH];
    set_up();
    snprintf(file, sizeof file, "%s/page.json", root);
    CHECK(dump_file_write_to(file, "long before", 11, problem, sizeof problem));
    CHECK(dump_file_write_to(file, "now", 3, problem, sizeof problem));
    check_content(file, "now");
    CHECK_EQ(files_in(root), 1);
    snprintf(file, sizeof file, "%s/none/page.json", root);
    CHECK(!dump_file_write_to(file, "now", 3, problem, sizeof problem));
    CHECK_HAS(problem, file);
    tear_down();
}

TEST_MAIN
