/* Folders of this user alone, against a second user who takes their names first and puts links there. The
 * tests with two users need to be root; as another user they are skipped. */
#include "check.h"
#include "files/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VICTIM = 1000, ATTACKER = 65534 };

static char place[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof path[0], "%s/%s", place, name);
    return to;
}

/* A folder such as /tmp. */
static void set_up(void)
{
    strcpy(place, "/tmp/npurt-own-XXXXXX");
    CHECK(mkdtemp(place) != NULL);
    CHECK_EQ(chmod(place, 01777), 0);
    setenv("TMPDIR", place, 1);
    unsetenv("XDG_RUNTIME_DIR");
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    CHECK_EQ(system(command), 0);
}

static void need_root(void)
{
    if (geteuid() != 0) SKIP("two users are needed, which root alone can be");
}

/* Runs `what` as a user in a child; its number. */
static int as(unsigned user, int (*what)(void))
{
    int status;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(user, user, user) || setresuid(user, user, user)) _exit(99);
        _exit(what());
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const char *name_of(unsigned user)
{
    static char name[32];
    snprintf(name, sizeof name, "npurt-%u", user);
    return name;
}

static unsigned entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned n = 0;
    CHECK(folder != NULL);
    for (struct dirent *e; (e = readdir(folder));)
        n += e->d_name[0] != '.';
    closedir(folder);
    return n;
}

static void write_file(const char *path)
{
    const int fd = open(path, O_CREAT | O_WRONLY, 0666);
    CHECK(fd >= 0);
    close(fd);
}

/* ---- one user ------------------------------------------------------------------------------------------------------
 */

TEST(the_users_folder_is_made_for_this_user_alone_and_goes_with_the_last_thing_in_it)
{
    char path[OWN_PATH];
    struct stat info;
    set_up();
    umask(0);
    const int fd = own_base(0, path);
    CHECK(fd >= 0);
    CHECK_STR(path, at(name_of(geteuid())));
    CHECK_EQ(lstat(path, &info), 0);
    CHECK_EQ(info.st_mode & 07777, 0700);
    CHECK_EQ(mkdirat(fd, "one", 0700), 0);
    own_base_leave(path);
    CHECK_EQ(access(path, F_OK), 0);
    CHECK_EQ(unlinkat(fd, "one", AT_REMOVEDIR), 0);
    own_base_leave(path);
    CHECK_EQ(access(path, F_OK), -1);
    CHECK_EQ(mkdirat(fd, "one", 0700), -1); /* what still has it open notices */
    CHECK_EQ(errno, ENOENT);
    close(fd);
    CHECK_EQ(mkdir(at("other"), 0700), 0);
    own_base_leave(at("other")); /* no such name is ours to remove */
    CHECK_EQ(access(at("other"), F_OK), 0);
    tear_down();
}

TEST(places_that_do_not_serve_are_passed_over)
{
    char path[OWN_PATH];
    set_up();
    setenv("TMPDIR", "relative", 1);
    CHECK_EQ(own_base(0, path), -1);
    unsetenv("TMPDIR");
    CHECK_EQ(own_base(0, path), -1);
    setenv("TMPDIR", at("none"), 1);
    CHECK_EQ(own_base(0, path), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(mkdir(at("open"), 0700), 0);
    CHECK_EQ(chmod(at("open"), 0777), 0); /* names in it are anybody's */
    setenv("TMPDIR", at("open"), 1);
    CHECK_EQ(own_base(0, path), -1);
    CHECK_EQ(errno, EPERM);
    write_file(at("file"));
    setenv("TMPDIR", at("file"), 1);
    CHECK_EQ(own_base(0, path), -1);
    CHECK_EQ(errno, ENOTDIR);
    setenv("XDG_RUNTIME_DIR", place, 1); /* must be closed to others */
    CHECK_EQ(own_base(1, path), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(mkdir(at("run"), 0700), 0);
    setenv("XDG_RUNTIME_DIR", at("run"), 1);
    const int fd = own_base(1, path);
    CHECK(fd >= 0);
    CHECK_HAS(path, "/run/npurt-");
    close(fd);
    tear_down();
}

TEST(links_files_and_folders_open_to_others_are_not_opened)
{
    char why[64];
    set_up();
    CHECK_EQ(mkdir(at("folder"), 0700), 0);
    CHECK_EQ(symlink("folder", at("link")), 0);
    CHECK_EQ(symlink("nowhere", at("dangling")), 0);
    write_file(at("file"));
    CHECK_EQ(mkdir(at("open"), 0700) | chmod(at("open"), 0770), 0);
    static const char *const name[] = {"link", "dangling", "file", "open"};
    static const char *const said[] = {"is a link", "is a link", "is no folder", "can be written to by others"};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(own_open(AT_FDCWD, at(name[i])), -1);
        CHECK_EQ(errno, EPERM);
        CHECK_EQ(own_make(AT_FDCWD, at(name[i])), -1);
        CHECK_EQ(errno, EPERM);
        own_problem(at(name[i]), why, sizeof why);
        CHECK_STR(why, said[i]);
    }
    const int fd = own_open(AT_FDCWD, at("folder"));
    CHECK(fd >= 0);
    close(fd);
    tear_down();
}

TEST(a_removal_takes_all_that_is_in_it_and_follows_no_link)
{
    set_up();
    CHECK_EQ(mkdir(at("gone"), 0700) | mkdir(at("gone/a"), 0700) | mkdir(at("gone/a/b"), 0700) | mkdir(at("kept"), 0700), 0);
    write_file(at("gone/a/b/file"));
    write_file(at("kept/file"));
    CHECK_EQ(symlink("../kept", at("gone/link")) | symlink("../../kept/file", at("gone/a/link")), 0);
    CHECK_EQ(symlink("kept", at("way")), 0);
    CHECK(!own_remove(AT_FDCWD, at("way")));
    CHECK_EQ(access(at("kept/file"), F_OK), 0);
    const int fd = open(place, O_RDONLY | O_DIRECTORY);
    CHECK(own_remove(fd, "gone"));
    close(fd);
    CHECK_EQ(access(at("gone"), F_OK), -1);
    CHECK_EQ(access(at("kept/file"), F_OK), 0);
    tear_down();
}

TEST(an_open_folder_is_removed_and_the_one_that_has_its_name_now_is_not)
{
    set_up();
    CHECK_EQ(mkdir(at("a"), 0700), 0);
    write_file(at("a/file"));
    const int fd = own_open(AT_FDCWD, at("a"));
    CHECK_EQ(rename(at("a"), at("b")) | mkdir(at("a"), 0700), 0);
    own_remove_open(fd, at("a"));
    CHECK_EQ(entries(at("b")), 0);
    CHECK_EQ(access(at("a"), F_OK), 0);
    CHECK_EQ(rmdir(at("a")) | rename(at("b"), at("a")), 0);
    own_remove_open(fd, at("a"));
    CHECK_EQ(access(at("a"), F_OK), -1);
    close(fd);
    tear_down();
}

/* Another user's exchange in the worst moment: when the removal has seen that an entry is a folder. */
static const char *exchanged, *exchanged_for;

int unlinkat(int folder, const char *name, int flags)
{
    const int result = (int)syscall(SYS_unlinkat, folder, name, flags), why = errno;
    if (result && exchanged && strcmp(name, exchanged) == 0) {
        exchanged = NULL;
        renameat2(folder, name, AT_FDCWD, exchanged_for, RENAME_EXCHANGE);
    }
    errno = why;
    return result;
}

TEST(a_folder_exchanged_for_a_link_while_it_is_removed_leads_nowhere)
{
    set_up();
    CHECK_EQ(mkdir(at("precious"), 0755) | mkdir(at("folder"), 0777) | mkdir(at("folder/d"), 0777), 0);
    write_file(at("precious/file"));
    write_file(at("folder/d/file"));
    CHECK_EQ(symlink("../precious", at("link")), 0);
    char link[256];
    exchanged = "d", exchanged_for = strcpy(link, at("link"));
    CHECK(!own_remove(AT_FDCWD, at("folder")));
    CHECK(exchanged == NULL); /* it was */
    CHECK_EQ(access(at("precious/file"), F_OK), 0);
    CHECK_EQ(access(at("link/file"), F_OK), 0); /* the folder, under the link's name */
    tear_down();
}

/* ---- two users -----------------------------------------------------------------------------------------------------
 */

/* Where the victim's folder is; 0: it could be made, is its own, and what is made in it is too. */
static int base_works(void)
{
    char path[OWN_PATH], name[OWN_NAME];
    struct stat info;
    const int fd = own_base(0, path);
    if (fd < 0) return 1;
    const int made = own_make_random(fd, "root-", name);
    if (made < 0 || fstat(made, &info) || info.st_uid != geteuid() || info.st_mode & 077) return 2;
    if (lstat(path, &info) || info.st_uid != geteuid() || !S_ISDIR(info.st_mode) || info.st_mode & 077) return 3;
    own_remove_open(made, name);
    own_remove(fd, name);
    own_base_leave(path);
    return access(path, F_OK) == 0 ? 4 : 0;
}

static int plant_folder(void)
{
    umask(0);
    return mkdir(at(name_of(VICTIM)), 0777) != 0;
}
static int plant_closed_folder(void)
{
    return mkdir(at(name_of(VICTIM)), 0700) != 0;
}
static int plant_link(void)
{
    umask(0);
    return mkdir(at("trap"), 0777) != 0 || symlink("trap", at(name_of(VICTIM))) != 0;
}
static int plant_link_to_the_victims(void)
{
    return symlink("home", at(name_of(VICTIM))) != 0;
}
static int plant_file(void)
{
    return close(open(at(name_of(VICTIM)), O_CREAT | O_WRONLY, 0666)) != 0;
}

TEST(a_name_that_another_user_has_taken_is_not_used)
{
    static int (*const plant[])(void) = {plant_folder, plant_closed_folder, plant_link, plant_link_to_the_victims,
                                         plant_file};
    need_root();
    for (size_t i = 0; i < sizeof plant / sizeof plant[0]; i++) {
        set_up();
        CHECK_EQ(mkdir(at("home"), 0700) | chown(at("home"), VICTIM, VICTIM), 0);
        CHECK_EQ(as(ATTACKER, plant[i]), 0);
        CHECK_EQ(as(VICTIM, base_works), 0);
        CHECK_EQ(entries(at("home")), 0);
        if (plant[i] == plant_link) CHECK_EQ(entries(at("trap")), 0);
        CHECK_EQ(entries(place), 2 + (plant[i] == plant_link)); /* the victim has left nothing */
        tear_down();
    }
}

static int remove_folder(void)
{
    return own_remove(AT_FDCWD, at("folder")) ? 0 : errno;
}

TEST(a_folder_of_another_user_is_neither_removed_nor_emptied_by_root)
{
    need_root();
    set_up();
    CHECK_EQ(mkdir(at("folder"), 0700), 0);
    write_file(at("folder/file"));
    CHECK_EQ(mkdir(at("mine"), 0700) | mkdir(at("mine/theirs"), 0700), 0);
    write_file(at("mine/theirs/file"));
    CHECK_EQ(chown(at("folder"), ATTACKER, ATTACKER) | chown(at("mine/theirs"), ATTACKER, ATTACKER), 0);
    CHECK_EQ(remove_folder(), EPERM);
    CHECK_EQ(access(at("folder/file"), F_OK), 0);
    CHECK(!own_remove(AT_FDCWD, at("mine")));
    CHECK_EQ(access(at("mine/theirs/file"), F_OK), 0);
    tear_down();
}

static int runtime_folder_of_the_victim(void)
{
    char path[OWN_PATH];
    return own_base(1, path) < 0 ? errno : 0;
}

/* sudo may keep the caller's XDG_RUNTIME_DIR. */
TEST(root_does_not_use_the_runtime_folder_of_a_user)
{
    need_root();
    set_up();
    CHECK_EQ(mkdir(at("run"), 0700) | chown(at("run"), VICTIM, VICTIM), 0);
    setenv("XDG_RUNTIME_DIR", at("run"), 1);
    CHECK_EQ(runtime_folder_of_the_victim(), EPERM);
    CHECK_EQ(as(ATTACKER, runtime_folder_of_the_victim), EPERM);
    CHECK_EQ(as(VICTIM, runtime_folder_of_the_victim), 0);
    tear_down();
}

TEST_MAIN
