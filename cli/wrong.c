#include "wrong.h"
#include "field.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 16 }; /* blocks in the text */

struct block {
    uint64_t row, column, rows, columns; /* where it begins, and its extents */
};

static struct block block_at(const struct comparison *c, uint32_t i, uint32_t j)
{
    uint64_t rows = 1;
    for (uint32_t d = 0; d + 1 < c->ndims; d++)
        rows *= c->shape[d];
    struct block b = {i * c->block_rows, j * c->block_columns, c->block_rows, c->block_columns};
    if (b.rows > rows - b.row) b.rows = rows - b.row;
    if (b.columns > c->columns - b.column) b.columns = c->columns - b.column;
    return b;
}

/* The index in all dimensions, with `between` between the numbers. */
static void print_index(const struct comparison *c, uint64_t element, const char *between)
{
    uint64_t index[NPURT_MAX_DIMS];
    for (uint32_t d = c->ndims; d-- > 0; element /= c->shape[d])
        index[d] = element % c->shape[d];
    for (uint32_t d = 0; d < c->ndims; d++)
        printf("%s%" PRIu64, d ? between : "", index[d]);
}

void wrong_text(const struct wrong_output *wrong)
{
    const struct comparison *c = &wrong->found;
    uint32_t shown = 0, blocks = 0;
    printf("    %s[", wrong->name);
    print_index(c, c->first, ", ");
    printf("] is the first of %" PRIu64 ": got %s, wanted %s\n", c->wrong, c->got, c->wanted);
    for (uint32_t i = 0; i < COMPARISON_BLOCKS; i++)
        for (uint32_t j = 0; j < COMPARISON_BLOCKS; j++) {
            if (!c->in_block[i][j] || ++blocks > SHOWN) continue;
            const struct block b = block_at(c, i, j);
            printf("      ");
            if (c->ndims > 1) printf("rows %" PRIu64 " to %" PRIu64 ", ", b.row, b.row + b.rows - 1);
            printf("%s %" PRIu64 " to %" PRIu64 ": %" PRIu64 " of %" PRIu64 " wrong\n",
                   c->ndims > 1 ? "columns" : "elements", b.column, b.column + b.columns - 1, c->in_block[i][j],
                   b.rows * b.columns);
            shown++;
        }
    if (blocks > shown) printf("      and %u more blocks\n", blocks - shown);
}

/* A number as JSON has it; NaN and infinities as strings. */
static void json_value(const char *name, const char *text)
{
    if (strpbrk(text, "ni")) { /* nan, inf */
        printf(",");
        field_string(name, text);
    } else {
        printf(",\"%s\":%s", name, text);
    }
}

void wrong_json(const struct wrong_output *wrong)
{
    const struct comparison *c = &wrong->found;
    bool first = true;
    printf("{");
    field_string("name", wrong->name);
    field_number("mismatches", true, c->wrong);
    printf(",\"index\":[");
    print_index(c, c->first, ",");
    printf("]");
    json_value("got", c->got);
    json_value("wanted", c->wanted);
    printf(",\"blocks\":[");
    for (uint32_t i = 0; i < COMPARISON_BLOCKS; i++)
        for (uint32_t j = 0; j < COMPARISON_BLOCKS; j++) {
            if (!c->in_block[i][j]) continue;
            const struct block b = block_at(c, i, j);
            printf("%s{\"row\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"column\":%" PRIu64 ",\"columns\":%" PRIu64
                   ",\"mismatches\":%" PRIu64 "}",
                   first ? "" : ",", b.row, b.rows, b.column, b.columns, c->in_block[i][j]);
            first = false;
        }
    printf("]}");
}
