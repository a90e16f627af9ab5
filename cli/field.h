/* Fields of a JSON object on standard output. (A json_… of ours would stand in for one of jansson.) All but field_string
 * begin with the comma before them. */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include <stdbool.h>
#include <stdint.h>

/* "name":"value" */
void field_string(const char *name, const char *value);
/* The value, or null: a number that is not known, one that is `none`, an empty text. */
void field_number(const char *name, bool known, uint64_t value);
void field_unless(const char *name, int64_t value, int64_t none);
void field_text(const char *name, const char *value);

#endif
