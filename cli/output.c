#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void output_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest free number: fd */
}

bool output_end(void)
{
    const bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before) return true;
    /* The error of an earlier write is gone; most stay as they are, so that the flush meets it again. */
    fprintf(stderr, "npurt: standard output can not be written%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
    return false;
}

const char *paint(FILE *to, enum paint paint)
{
    static const char *const sequence[] = {[PAINT_GOOD] = "\033[32m",
                                           [PAINT_BAD] = "\033[1;31m",
                                           [PAINT_WEAK] = "\033[2m",
                                           [PAINT_HEADING] = "\033[1m",
                                           [PAINT_END] = "\033[0m"};
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    if ((none && *none) || !term || !*term || strcmp(term, "dumb") == 0 || !isatty(fileno(to))) return "";
    return sequence[paint];
}
