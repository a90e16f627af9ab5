/* Cells: boxes of a template's tensors that the body accesses exactly so each time, and that have no byte in common.
 *
 * What a body does to such a box is known when it has been recorded: which of its tasks wait for whom from around the
 * body (op_tensor.border), and who has written and read it in the end. So a replay looks each cell up in the tensor map
 * once, and not even that when the buffer's regions have not changed since the last use, and tells the map the outcome
 * once, however many of its tasks access it. That gives the very edges that the
 * accesses one after the other would have, as long as the map has nothing else that meets a cell: an access of
 * another box around the body makes its tensor one whose accesses go through the map, for the use at hand.
 *
 * That the cells of a tensor are apart is seen in the map, when each of them is there and nothing else meets it: after
 * the recording, or after a later use if something else was there then.
 */
#include "template_op.h"

#include <string.h>

/* A tracked access of the body to one of the template's tensors. */
struct step {
    uint32_t at;   /* of its op_tensor in the memory */
    uint16_t task; /* place in the body */
    uint8_t writes;
};

static struct op_tensor *step_tensor(const struct templates *t, const struct step *step)
{
    return (struct op_tensor *)(t->memory + step->at);
}

/* Lists the accesses in the order of submission, when `steps` is not NULL; returns how many there are. */
static uint32_t list_steps(const struct templates *t, const struct template_body *body, struct step *steps)
{
    uint32_t count = 0, task = 0;
    for (uint32_t at = body->ops; at < body->ops_end; at += ((const struct op *)(t->memory + at))->size) {
        struct op *op = (struct op *)(t->memory + at);
        if (op->kind != OP_TASK) continue;
        const uint32_t arguments = op_argument_count(op);
        for (uint32_t i = 0; i < arguments; i++) {
            /* a predicate's element is looked up before the tensors */
            const uint32_t argument = op->has_predicate ? (i + op->tensor_count) % arguments : i;
            const struct op_tensor *x = &op_tensors(op)[argument];
            if (x->source != SOURCE_TENSOR || !x->tracked) continue;
            if (steps)
                steps[count] = (struct step){.at = (uint32_t)((const uint8_t *)x - t->memory),
                                             .task = (uint16_t)task,
                                             .writes = x->access != NPURT_ACCESS_INPUT};
            count++;
        }
        task++;
    }
    return count;
}

static bool is_of(const struct template_cell *cell, const struct op_tensor *x)
{
    const struct box_view a = box_view_of(&cell->box), b = box_view_of(&x->box);
    return cell->tensor == x->index && box_equal(&a, &b);
}

/* Gives each access its cell. table[mask + 1] is zeroed. */
static uint32_t name_cells(const struct templates *t, const struct step *steps, uint32_t count,
                           struct template_cell *cells, uint32_t *table, uint32_t mask)
{
    uint32_t cell_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct op_tensor *x = step_tensor(t, &steps[i]);
        uint64_t key = (x->box.lo * 31 + x->box.hi) * 31 + x->box.run + x->index;
        uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
        while (table[at] && !is_of(&cells[table[at] - 1], x))
            at = (at + 1) & mask;
        if (!table[at]) {
            cells[cell_count] = (struct template_cell){.tensor = x->index, .writer = CELL_UNWRITTEN, .region = MAP_NONE};
            cells[cell_count].box = x->box;
            table[at] = ++cell_count;
        }
        x->cell = (uint16_t)table[at];
    }
    return cell_count;
}

/* Each cell's last writer, and whom from around the body each access waits for: behind the first that writes the cell,
 * nobody. A reader before that waits for the cell's writer, and so spares its own writer from waiting for that. */
static void find_borders(const struct templates *t, const struct step *steps, uint32_t count,
                         struct template_cell *cells)
{
    for (uint32_t i = 0; i < count; i++) {
        struct op_tensor *x = step_tensor(t, &steps[i]);
        struct template_cell *cell = &cells[x->cell - 1];
        if (cell->writer != CELL_UNWRITTEN)
            x->border = 0;
        else if (!steps[i].writes)
            x->border = MAP_WAIT_WRITER;
        else
            x->border = cell->count > 0 ? MAP_WAIT_READERS : MAP_WAIT_WRITER | MAP_WAIT_READERS;
        if (steps[i].writes)
            cell->writer = steps[i].task;
        else
            cell->count++;
    }
}

/* Who reads each cell after its last writer, oldest first; into `readers` when the cells have their places there. */
static void find_readers(const struct templates *t, const struct step *steps, uint32_t count,
                         struct template_cell *cells, uint32_t cell_count, uint16_t *readers)
{
    for (uint32_t i = 0; i < cell_count; i++) {
        cells[i].count = 0;
        cells[i].region = MAP_NONE; /* here the reader found last */
    }
    for (uint32_t i = 0; i < count; i++) {
        struct template_cell *cell = &cells[step_tensor(t, &steps[i])->cell - 1];
        const uint16_t task = steps[i].task;
        /* the writer needs not wait for itself */
        if (steps[i].writes || (cell->writer != CELL_UNWRITTEN && task <= cell->writer) || cell->region == task) continue;
        if (readers) readers[cell->first + cell->count] = task;
        cell->count++;
        cell->region = task;
    }
}

void template_cells_find(struct templates *t, struct template_body *body)
{
    const uint32_t count = list_steps(t, body, NULL);
    uint32_t slots = 2;
    while (slots < 2 * count)
        slots *= 2;
    /* kept: cells and their readers; for now, at the end of the memory: the list and the table */
    const uint64_t views = body->tensor_count * sizeof(struct template_view);
    const uint64_t kept = views + count * (sizeof(struct template_cell) + sizeof(uint16_t)) + 8;
    const uint64_t scratch = count * sizeof(struct step) + slots * sizeof(uint32_t);
    if (count == 0 || count >= UINT16_MAX || kept + scratch > TEMPLATE_MEMORY - t->used) return;
    struct step *steps = (struct step *)(t->memory + TEMPLATE_MEMORY - count * sizeof(struct step));
    uint32_t *table = (uint32_t *)steps - slots;
    memset(table, 0, slots * sizeof *table);
    list_steps(t, body, steps);
    body->views = t->used;
    memset(template_views(t, body), 0, views);
    body->cells = t->used + (uint32_t)views;
    struct template_cell *cells = template_cells(t, body);
    const uint32_t cell_count = name_cells(t, steps, count, cells, table, slots - 1);
    find_borders(t, steps, count, cells);
    find_readers(t, steps, count, cells, cell_count, NULL);
    uint32_t readers = 0;
    for (uint32_t i = 0; i < cell_count; i++) {
        cells[i].first = readers;
        readers += cells[i].count;
        body->celled |= UINT64_C(1) << cells[i].tensor;
    }
    find_readers(t, steps, count, cells, cell_count, template_readers(t, body, cell_count));
    body->cell_count = cell_count;
    body->reader_count = readers;
    body->access_count = count;
    t->used = body->cells + (uint32_t)((cell_count * sizeof *cells + readers * sizeof(uint16_t) + 7) & ~UINT64_C(7));
}

/* ---- in a replay */

static bool overlap(const struct template_tensor *a, const struct template_tensor *b, bool bytes)
{
    if (a->buffer != b->buffer) return false;
    const struct box box_a = box_moved(&a->box, a->base), box_b = box_moved(&b->box, b->base);
    const struct box_view of_a = box_view_of(&box_a), of_b = box_view_of(&box_b);
    return of_a.lo < of_b.hi && of_b.lo < of_a.hi && (!bytes || box_meets(&of_a, &of_b));
}

/* Most have buffers of their own, which a word of hashed addresses shows. */
uint64_t template_shared_tensors(const struct templates *t, uint64_t tensors, bool bytes)
{
    uint64_t seen = 0, shared = 0;
    for (uint64_t left = tensors; left; left &= left - 1) {
        const uint32_t i = (uint32_t)__builtin_ctzll(left);
        const uint64_t bit = UINT64_C(1) << (t->tensor[i].buffer->addr * UINT64_C(0x9e3779b97f4a7c15) >> 58);
        if (seen & bit)
            for (uint64_t before = tensors & ((UINT64_C(1) << i) - 1); before; before &= before - 1) {
                const uint32_t k = (uint32_t)__builtin_ctzll(before);
                if (overlap(&t->tensor[i], &t->tensor[k], bytes)) shared |= UINT64_C(1) << i | UINT64_C(1) << k;
            }
        seen |= bit;
    }
    return shared;
}

static struct box box_now(const struct templates *t, const struct template_cell *cell)
{
    return box_moved(&cell->box, template_shift(&t->tensor[cell->tensor]));
}

static uint64_t first_byte(const struct template_tensor *x)
{
    return x->base + x->tensor.start_offset * npurt_dtype_size((npurt_dtype)x->tensor.dtype);
}

/* Finds the cells of the tensors in the map; returns the tensors of whose cells another region is in the way, and in
 * *absent those of whose cells some have none. */
static uint64_t look_up(struct graph *g, const struct template_body *body, uint64_t tensors, uint64_t *absent)
{
    struct templates *t = g->templates;
    struct template_cell *cells = template_cells(t, body);
    uint64_t crossed = 0;
    *absent = 0;
    for (uint64_t left = tensors; left; left &= left - 1) /* what cells say is of this use from now on */
        template_views(t, body)[__builtin_ctzll(left)].buffer = NULL;
    for (uint32_t i = 0; i < body->cell_count; i++) {
        const uint64_t bit = UINT64_C(1) << cells[i].tensor;
        if (!(tensors & ~crossed & bit)) continue;
        const struct box box = box_now(t, &cells[i]);
        if (!tensor_map_alone(&g->map, t->tensor[cells[i].tensor].buffer, &box, &cells[i].region)) crossed |= bit;
        if (cells[i].region == MAP_NONE) *absent |= bit;
    }
    return crossed;
}

/* Tensors of whose cells it is known which regions they have: the last use was of the same tensor, and its buffer has had the
 * same regions since. */
static uint64_t known(const struct graph *g, const struct template_body *body, uint64_t tensors)
{
    const struct templates *t = g->templates;
    const struct template_view *views = template_views(t, body);
    uint64_t found = 0;
    for (uint64_t left = tensors; left; left &= left - 1) {
        const uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (views[i].buffer == t->tensor[i].buffer && views[i].first == first_byte(&t->tensor[i]) &&
            tensor_map_unchanged(&g->map, views[i].buffer, views[i].stamp))
            found |= UINT64_C(1) << i;
    }
    return found;
}

static void remember(struct graph *g, const struct template_body *body, uint64_t tensors)
{
    struct templates *t = g->templates;
    for (uint64_t left = tensors; left; left &= left - 1) {
        const uint32_t i = (uint32_t)__builtin_ctzll(left);
        template_views(t, body)[i] = (struct template_view){.buffer = t->tensor[i].buffer,
                                                            .first = first_byte(&t->tensor[i]),
                                                            .stamp = tensor_map_stamp(&g->map, t->tensor[i].buffer)};
    }
}

void template_cells_begin(struct graph *g, struct template_body *body)
{
    struct templates *t = g->templates;
    uint64_t absent;
    t->apart = 0;
    if (body->apart == 0 || !tensor_map_finds_all(&g->map)) return;
    const uint64_t apart = body->apart & ~template_shared_tensors(t, body->celled, false);
    /* from now on no region goes, also when accesses have to go through the map: each is to a cell and adds a reader at most */
    if (apart == 0 || !tensor_map_room(&g->map, body->cell_count, body->reader_count + body->access_count)) return;
    const uint64_t new = apart & ~known(g, body, apart);
    t->apart = new ? apart & ~look_up(g, body, new, &absent) : apart;
}

/* What the body has done to the cells. */
static void settle(struct graph *g, const struct template_body *body)
{
    const struct templates *t = g->templates;
    struct template_cell *cells = template_cells(t, body);
    const uint16_t *readers = template_readers(t, body, body->cell_count);
    for (uint32_t i = 0; i < body->cell_count; i++) {
        struct template_cell *cell = &cells[i];
        if (!(t->apart >> cell->tensor & 1)) continue;
        if (cell->region == MAP_NONE) {
            const struct box box = box_now(t, cell);
            cell->region = tensor_map_add(&g->map, t->tensor[cell->tensor].buffer, &box);
        }
        if (cell->writer != CELL_UNWRITTEN) tensor_map_write(&g->map, cell->region, t->number[cell->writer]);
        for (uint32_t k = 0; k < cell->count; k++)
            tensor_map_read(&g->map, cell->region, t->number[readers[cell->first + k]]);
    }
}

void template_cells_end(struct graph *g, struct template_body *body)
{
    struct templates *t = g->templates;
    uint64_t absent;
    if (t->apart) {
        settle(g, body);
        remember(g, body, t->apart);
        t->apart = 0;
    }
    const uint64_t open = body->celled & ~body->apart;
    if (open == 0) return;
    const uint64_t crossed = look_up(g, body, open, &absent);
    body->apart |= open & ~crossed & ~absent;
}
