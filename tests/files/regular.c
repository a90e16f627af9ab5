/* Files that a user names: read when they are regular files, refused at once with what they are when not. */
#include "check.h"
#include "files/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64], problem[512];

static const char *in(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void set_up(void)
{
    strcpy(folder, "/tmp/npurt-files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    const int fd = open(in("file"), O_CREAT | O_WRONLY, 0600);
    CHECK_EQ(write(fd, "12345", 5), 5);
    close(fd);
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_EQ(system(command), 0);
}

static void refused(const char *path, enum regular expected, const char *what)
{
    char text[256], *data = problem, bytes[5];
    size_t size;
    snprintf(text, sizeof text, "%s: %s", path, what);
    alarm(5); /* a pipe without a writer would never be opened */
    CHECK_EQ(regular_read(path, 100, &data, &size, problem, sizeof problem), expected);
    CHECK(data == NULL);
    CHECK_STR(problem, text);
    CHECK_EQ(regular_fill(path, bytes, 5, problem, sizeof problem), expected);
    CHECK_STR(problem, text);
    alarm(0);
}

TEST(what_is_no_regular_file_is_refused_at_once_and_named)
{
    set_up();
    CHECK_EQ(mkfifo(in("pipe"), 0600), 0);
    refused(in("pipe"), REGULAR_OTHER, "not a regular file but a pipe");
    CHECK_EQ(symlink("pipe", in("link")), 0);
    refused(in("link"), REGULAR_OTHER, "not a regular file but a pipe");
    refused(folder, REGULAR_OTHER, "not a regular file but a folder");
    refused("/dev/zero", REGULAR_OTHER, "not a regular file but a device");
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
    CHECK_EQ(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    refused(in("socket"), REGULAR_OTHER, "not a regular file but a socket");
    close(fd);
    refused(in("none"), REGULAR_ABSENT, "No such file or directory");
    refused(in("file/below"), REGULAR_ABSENT, "Not a directory");
    tear_down();
}

TEST(a_file_is_read_whole_through_a_link_too)
{
    char *data, bytes[6] = "";
    size_t size;
    set_up();
    CHECK_EQ(symlink("file", in("link")), 0);
    CHECK_EQ(regular_read(in("link"), 5, &data, &size, problem, sizeof problem), REGULAR_OK);
    CHECK_EQ(size, 5);
    CHECK_STR(data, "12345");
    free(data);
    CHECK_EQ(regular_fill(in("file"), bytes, 5, problem, sizeof problem), REGULAR_OK);
    CHECK_STR(bytes, "12345");
    tear_down();
}

TEST(a_file_of_another_size_is_refused_with_both_numbers)
{
    char *data, bytes[6];
    size_t size;
    set_up();
    CHECK_EQ(regular_read(in("file"), 4, &data, &size, problem, sizeof problem), REGULAR_TOO_LARGE);
    CHECK_HAS(problem, "file: has 5 bytes; at most 4 are possible");
    CHECK_EQ(regular_fill(in("file"), bytes, 6, problem, sizeof problem), REGULAR_UNREADABLE);
    CHECK_HAS(problem, "file has 5 bytes; the array needs 6");
    CHECK_EQ(regular_fill(in("file"), bytes, 4, problem, sizeof problem), REGULAR_TOO_LARGE);
    tear_down();
}

TEST(an_output_is_a_file_or_a_pipe_that_is_read)
{
    char byte;
    set_up();
    const int made = regular_output(in("new")), again = regular_output(in("file"));
    CHECK(made >= 0 && again >= 0);
    CHECK_EQ(lseek(again, 0, SEEK_END), 0); /* emptied */
    CHECK_EQ(mkfifo(in("pipe"), 0600), 0);
    alarm(5);
    CHECK_EQ(regular_output(in("pipe")), -1);
    CHECK_EQ(errno, EPIPE);
    const int reader = open(in("pipe"), O_RDONLY | O_NONBLOCK), writer = regular_output(in("pipe"));
    CHECK_EQ(write(writer, "x", 1), 1);
    CHECK_EQ(read(reader, &byte, 1), 1);
    CHECK_EQ(fcntl(writer, F_GETFL) & O_NONBLOCK, 0); /* a slow reader is waited for */
    alarm(0);
    CHECK_EQ(regular_output(folder), -1);
    CHECK_EQ(errno, EISDIR);
    close(made), close(again), close(reader), close(writer);
    tear_down();
}

TEST_MAIN
