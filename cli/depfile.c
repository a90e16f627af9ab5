#include "depfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/regular.h"

/* As make and ninja read a name. */
static void put_name(FILE *to, const char *name)
{
    for (; *name; name++) {
        if (*name == ' ' || *name == '#') fputc('\\', to);
        if (*name == '$') fputc('$', to);
        fputc(*name, to);
    }
}

bool depfile_begin(struct depfile *depfile)
{
    *depfile = (struct depfile){0};
    depfile->stream = open_memstream(&depfile->text, &depfile->size);
    return depfile->stream != NULL;
}

void depfile_add_file(struct depfile *depfile, const char *path)
{
    if (!depfile->stream) return;
    fputs(" \\\n  ", depfile->stream);
    put_name(depfile->stream, path);
}

bool depfile_add_rule(struct depfile *depfile, const char *path)
{
    FILE *rule = fopen(path, "re");
    int before = 0, c;
    if (!rule) return false;
    while ((c = fgetc(rule)) != EOF && !(before == ':' && (c == ' ' || c == '\n')))
        before = c; /* the target */
    fputs(" \\\n ", depfile->stream);
    for (before = 0; (c = fgetc(rule)) != EOF && !(c == '\n' && before != '\\'); before = c)
        fputc(c, depfile->stream); /* up to the rule's end, with the breaks of its lines */
    const bool read = !ferror(rule);
    fclose(rule);
    return read;
}

bool depfile_end(struct depfile *depfile, const char *target, const char *path)
{
    bool written = depfile->stream && fclose(depfile->stream) == 0;
    depfile->stream = NULL;
    if (path && written) {
        const int fd = regular_output(path);
        FILE *to = fd >= 0 ? fdopen(fd, "we") : NULL;
        written = to != NULL;
        if (to) {
            put_name(to, target);
            fprintf(to, ":%s\n", depfile->text);
            written = !ferror(to);
            written = fclose(to) == 0 && written;
        }
    }
    const int error = errno;
    free(depfile->text);
    *depfile = (struct depfile){0};
    errno = error;
    return written;
}
