#include "locate.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* From the opening quote to behind the closing one. */
static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

static const char *skip_value(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') {
            if (depth == 0) return at; /* the end of what holds a bare number or word */
            depth--;
        }
        if (depth == 0 && *at == ',') return at;
        if (*at) at++;
    } while (*at && (depth > 0 || (*at != ',' && *at != '}' && *at != ']')));
    return at;
}

/* The value of member `key`, `length` long, of the object at `at`; NULL: none. */
static const char *member(const char *at, const char *key, size_t length)
{
    if (*at != '{') return NULL;
    at = skip_space(at + 1);
    while (*at == '"') {
        const char *name = at + 1;
        at = skip_string(at);
        const size_t found = (size_t)(at - name) - 1;
        at = skip_space(at);
        if (*at != ':') return NULL;
        at = skip_space(at + 1);
        if (found == length && memcmp(name, key, length) == 0) return at;
        at = skip_space(skip_value(at));
        if (*at == ',') at = skip_space(at + 1);
    }
    return NULL;
}

static const char *element(const char *at, unsigned long index)
{
    if (*at != '[') return NULL;
    at = skip_space(at + 1);
    while (*at && *at != ']') {
        if (index-- == 0) return at;
        at = skip_space(skip_value(at));
        if (*at == ',') at = skip_space(at + 1);
    }
    return NULL;
}

uint32_t locate_line(const char *text, const char *path)
{
    const char *at = skip_space(text);
    while (*path) {
        const char *next;
        if (*path == '[') {
            char *end;
            next = element(at, strtoul(path + 1, &end, 10));
            path = *end == ']' ? end + 1 : end;
        } else {
            const size_t length = strcspn(path, ".[");
            next = member(at, path, length);
            path += length;
        }
        if (!next) break;
        at = next;
        if (*path == '.') path++;
    }
    uint32_t line = 1;
    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    return line;
}
