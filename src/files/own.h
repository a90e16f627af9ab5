/* Folders of this user alone, and their removal.
 *
 * Names below a folder that others can write to (/dev/shm, /tmp) may be taken by another user, as a trap. So nothing
 * below such a folder is believed by its name: a folder is opened relative to a descriptor and never through a link, and
 * it is used only when its owner is this process's effective user and nobody else can write to it. From then on work goes
 * through the descriptor, which means the same folder whatever happens to names. `name` is one component everywhere, so
 * O_NOFOLLOW keeps every link out. docs/reference/security.md has the whole.
 *
 * Descriptors are close-on-exec and the caller's. Thread-safe; none of it may be called in a signal handler.
 */
#ifndef FILES_OWN_H
#define FILES_OWN_H

#include <stdbool.h>
#include <stddef.h>

enum { OWN_NAME = 64, OWN_PATH = 192 };

/* Opens the folder `name` below `at`; AT_FDCWD with a path: links are followed but in its last component. -1 with errno;
 * EPERM: it is another user's, others can write to it, or it is no folder. */
int own_open(int at, const char *name);
/* The same; the folder is made first when nothing has the name. */
int own_make(int at, const char *name);
/* Makes a folder PREFIX + 12 drawn characters that was not there. */
int own_make_random(int at, const char *prefix, char name[OWN_NAME]);

/* Why own_open refuses `path`: "belongs to user 65534", "is a link", "can be written to by others". */
void own_problem(const char *path, char *text, size_t size);

/* Removes the folder `name` below `at` with all that is in it, if it is this user's. It follows no link, leaves what is of
 * another user or file system, and stays where a name does not go. false: errno. */
bool own_remove(int at, const char *name);
/* The same of a folder that is open, which had this path when it was made: by the descriptor, and the name only when it
 * still means that folder. */
void own_remove_open(int fd, const char *path);

/* This user's folder for files that last as long as a process: npurt-UID in place `which` of OWN_BASES: $TMPDIR,
 * $XDG_RUNTIME_DIR, /dev/shm, /tmp; made when it is not there. Where another user has taken that name it is one with a
 * drawn name. The variables mean nothing to a program that runs with more rights than its caller. -1 with errno: this
 * place is not set, can not be written to or is not safe; the next may do. `path` is filled for messages and for
 * own_base_leave. */
enum { OWN_BASES = 4 };
int own_base(unsigned which, char path[OWN_PATH]);
/* Removes such a folder when nothing is in it. */
void own_base_leave(const char *path);

#endif
