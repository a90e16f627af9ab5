#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/own.h"

/* 0: not there, 1: an empty folder, 2: a folder with `mark`, -1: something else, -2: of another user, or a link: what
 * stands there is removed, and must not be other things by then. */
static int standing(const char *path, const char *mark)
{
    struct stat info;
    if (lstat(path, &info) != 0) return errno == ENOENT ? 0 : -1;
    if (S_ISLNK(info.st_mode) || info.st_uid != geteuid()) return -2;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder && fd >= 0) close(fd);
    if (!folder) return -1;
    int found = 1;
    for (struct dirent *entry; found != 2 && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        found = strcmp(entry->d_name, mark) == 0 ? 2 : -1;
    }
    closedir(folder);
    return found;
}

bool folder_begin(const char *output, const char *mark, char *making, size_t size)
{
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/')
        length--;
    int written = snprintf(making, size, "%.*s", (int)length, output); /* a link with a slash behind it is its target */
    const int there = written > 0 && (size_t)written < size ? standing(making, mark) : 0;
    if (there < 0) {
        fprintf(stderr, "npurt build: %s is there and is %s; it stays as it is\n", output,
                there == -1 ? "no bundle" : "a link, or another user's");
        return false;
    }
    written = snprintf(making, size, "%.*s.XXXXXX", (int)length, output);
    if (written > 0 && (size_t)written < size && mkdtemp(making) && chmod(making, 0755) == 0) return true;
    fprintf(stderr, "npurt build: no folder can be made beside %s: %s\n", output, strerror(errno));
    return false;
}

bool folder_move(const char *making, const char *output)
{
    /* rename() replaces an empty folder; a full one changes places with the new one. */
    if (rename(making, output) == 0) return true;
    if ((errno == ENOTEMPTY || errno == EEXIST) &&
        renameat2(AT_FDCWD, making, AT_FDCWD, output, RENAME_EXCHANGE) == 0) {
        folder_remove(making);
        return true;
    }
    fprintf(stderr, "npurt build: %s can not be put in place: %s\n", output, strerror(errno));
    return false;
}

/* By the descriptor: in a folder that others can write to, the name may mean another folder by now. */
void folder_remove(const char *path)
{
    const int fd = own_open(AT_FDCWD, path);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder && fd >= 0) close(fd);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        unlinkat(fd, entry->d_name, 0); /* refuses folders, "." and ".." among them */
    closedir(folder);
    rmdir(path);
}
