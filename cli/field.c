#include "field.h"

#include <inttypes.h>
#include <stdio.h>

void field_string(const char *name, const char *value)
{
    printf("\"%s\":\"", name);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20)
            printf("\\u%04x", *c);
        else
            putchar(*c);
    }
    printf("\"");
}

void field_number(const char *name, bool known, uint64_t value)
{
    if (known)
        printf(",\"%s\":%" PRIu64, name, value);
    else
        printf(",\"%s\":null", name);
}

void field_unless(const char *name, int64_t value, int64_t none)
{
    if (value != none)
        printf(",\"%s\":%" PRId64, name, value);
    else
        printf(",\"%s\":null", name);
}

void field_text(const char *name, const char *value)
{
    printf(",");
    if (value[0])
        field_string(name, value);
    else
        printf("\"%s\":null", name);
}
