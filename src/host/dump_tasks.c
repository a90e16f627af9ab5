#include "dump.h"

#include <stdlib.h>
#include "../bundle/description.h"
#include "callable.h"

enum { LIST_TASKS = 2048, LIST_PRODUCERS = 32 };

static const char *const phase_name[] = {
    [RECORD_UNTOLD] = "unknown", [RECORD_IDLE] = "idle",     [RECORD_SENT] = "sent",
    [RECORD_RUNNING] = "running", [RECORD_STAGED] = "staged", [RECORD_ABSENT] = "absent", [RECORD_HELD] = "held",
    [RECORD_GATED] = "gated",
};
static const char *const shape_name[] = {"AIC", "AIV", "MIX", "dummy"};

static int32_t kernel_on(const struct task_facts *t, const struct evidence_core *core)
{
    const unsigned slot = t->shape == SHAPE_MIX || !t->core_mask ? core->slot : (unsigned)__builtin_ctz(t->core_mask);
    return t->kernel[slot];
}

bool dump_block_on(const struct dump *d, int32_t physical_core, bool aiv, struct run_suspect *out)
{
    const struct evidence *e = &d->evidence;
    for (uint32_t i = 0; d->tasks.count && i < e->core_count; i++) {
        const struct evidence_core *core = &e->core[i];
        if (core->physical != physical_core || (aiv && core->type != NPURT_CORE_AIV)) continue;
        for (uint32_t k = 0; k < core->count; k++) {
            const struct dispatch_record *r = &core->last[k].record;
            const int64_t place = r->ended ? TASKS_NOWHERE : d->tasks.find(&d->tasks, r->task);
            struct task_facts t;
            if (place == TASKS_NOWHERE) continue;
            d->tasks.facts(&d->tasks, (uint32_t)place, &t);
            *out = (struct run_suspect){.task = tasks_number(&d->tasks, (uint32_t)place),
                                        .block = r->block,
                                        .physical_core = physical_core,
                                        .acknowledged = 1,
                                        .kernel = kernel_on(&t, core),
                                        .core_type = core->type};
            return true;
        }
    }
    return false;
}

static json_t *age(const struct dump *d, uint32_t stamp)
{
    const double ms = evidence_age_ms(&d->evidence, d->run->device, stamp);
    return ms < 0 ? json_null() : json_real(ms);
}

/* ---- cores */

static json_t *dispatch(const struct dump *d, const struct evidence_core *core, const struct evidence_dispatch *x)
{
    json_t *o = json_object();
    const int64_t place = d->tasks.count ? d->tasks.find(&d->tasks, x->record.task) : TASKS_NOWHERE;
    json_object_set_new(o, "task", json_integer(x->record.task));
    json_object_set_new(o, "block", json_integer(x->record.block));
    if (place != TASKS_NOWHERE) {
        struct task_facts t;
        d->tasks.facts(&d->tasks, (uint32_t)place, &t);
        const int32_t kernel = kernel_on(&t, core);
        json_object_set_new(o, "kernel", json_integer(kernel));
        json_object_set_new(o, "kernel_name", dump_text(callable_kernel_name(d->run->callable, kernel)));
    }
    json_object_set_new(o, "state", json_string(x->record.ended ? "ended"
                                                : x->phase == RECORD_UNTOLD ? "in flight" : phase_name[x->phase]));
    json_object_set_new(o, "sent_ms_ago", age(d, x->record.sent));
    json_object_set_new(o, "ended_ms_ago", x->record.ended ? age(d, x->record.ended) : json_null());
    return o;
}

/* Of a core that has unfinished work and was not told of. */
static const char *state_of(const struct evidence *e, const struct evidence_core *core)
{
    if (!e->readable) return "unknown";
    if (!core->reported) return "never reported";
    if (!core->adopted) return "not adopted";
    if (core->phase == RECORD_UNTOLD && core->count && !core->last[core->count - 1].record.ended) return "in flight";
    return core->phase <= RECORD_GATED ? phase_name[core->phase] : "unknown";
}

void dump_put_cores(json_t *root, const struct dump *d)
{
    const struct evidence *e = &d->evidence;
    json_t *cores = json_array();
    for (uint32_t i = 0; i < e->core_count; i++) {
        const struct evidence_core *core = &e->core[i];
        json_t *o = json_object(), *last = json_array();
        json_object_set_new(o, "core", core->physical < 0 ? json_null() : json_integer(core->physical));
        json_object_set_new(o, "type", json_string(core->type == NPURT_CORE_AIC ? "AIC" : "AIV"));
        json_object_set_new(o, "cluster", json_integer(core->cluster));
        json_object_set_new(o, "state", json_string(state_of(e, core)));
        for (uint32_t k = core->count; k-- > 0;)
            json_array_append_new(last, dispatch(d, core, &core->last[k]));
        json_object_set_new(o, "last", last);
        json_array_append_new(cores, o);
    }
    json_object_set_new(root, "cores", cores);
}

/* ---- who waits for whom */

static json_t *task_number(const struct dump *d, uint32_t place)
{
    return json_integer(tasks_number(&d->tasks, place));
}

static json_t *places(const struct dump *d, const uint32_t *place, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, task_number(d, place[i]));
    return list;
}

/* Where blocks of a task are: physical cores, and how long the oldest has been there. */
static void put_whereabouts(json_t *o, const struct dump *d, uint32_t place)
{
    const struct evidence *e = &d->evidence;
    json_t *cores = json_array();
    double oldest = -1;
    for (uint32_t i = 0; i < e->core_count; i++)
        for (uint32_t k = 0; k < e->core[i].count; k++) {
            const struct evidence_dispatch *x = &e->core[i].last[k];
            if (x->record.ended || d->tasks.find(&d->tasks, x->record.task) != place) continue;
            const double ms = evidence_age_ms(e, d->run->device, x->record.sent);
            if (ms > oldest) oldest = ms;
            json_array_append_new(cores, json_integer(e->core[i].physical));
        }
    json_object_set_new(o, "cores", cores);
    json_object_set_new(o, "since_ms", oldest < 0 ? json_null() : json_real(oldest));
}

static json_t *roots(const struct dump *d)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < d->waits.root_count; i++) {
        const uint32_t place = d->waits.root[i].place;
        json_t *o = json_object();
        json_object_set_new(o, "task", task_number(d, place));
        json_object_set_new(o, "kind", json_string(waits_kind_name((enum wait_kind)d->waits.kind[place])));
        json_object_set_new(o, "releases_due", json_integer(d->tasks.state[place].fanin_left));
        json_object_set_new(o, "waiting", json_integer(d->waits.root[i].waiting));
        put_whereabouts(o, d, place);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *waiting(const struct dump *d)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < d->waits.listed_count; i++) {
        const uint32_t place = d->waits.listed[i];
        json_t *o = json_object(), *on = json_array();
        uint32_t total = 0;
        for (uint32_t k = d->waits.producer_begin[place]; k < d->waits.producer_begin[place + 1]; k++) {
            if (d->waits.kind[d->waits.producer[k]] == WAIT_DONE) continue;
            if (total++ < LIST_PRODUCERS) json_array_append_new(on, task_number(d, d->waits.producer[k]));
        }
        json_object_set_new(o, "task", task_number(d, place));
        json_object_set_new(o, "on", on);
        json_object_set_new(o, "on_total", json_integer(total));
        json_array_append_new(list, o);
    }
    return list;
}

void dump_put_waits(json_t *root, const struct dump *d)
{
    const struct waits *w = &d->waits;
    if (!d->tasks.count || !w->kind) {
        json_object_set_new(root, "waits", json_null());
        return;
    }
    json_t *o = json_object();
    json_object_set_new(o, "unfinished", json_integer(w->unfinished));
    json_object_set_new(o, "roots", roots(d));
    json_object_set_new(o, "roots_total", json_integer(w->root_total));
    json_object_set_new(o, "waiting", waiting(d));
    json_object_set_new(o, "waiting_total", json_integer(w->waiting_total));
    json_object_set_new(o, "chain", places(d, w->chain, w->chain_count));
    json_object_set_new(o, "chain_length", json_integer(w->chain_length));
    json_object_set_new(o, "cycle", places(d, w->cycle, w->cycle_count));
    json_object_set_new(root, "waits", o);
}

/* ---- tasks */

/* Which tasks are described, until there are LIST_TASKS: those of whom somebody will ask first come first. */
struct chosen {
    uint8_t *in; /* per place */
    uint32_t count, limit;
};

static void choose(struct chosen *c, int64_t place)
{
    if (place < 0 || c->in[place] || c->count == c->limit) return;
    c->in[place] = 1;
    c->count++;
}

static void choose_recorded(struct chosen *c, const struct dump *d, bool ended)
{
    for (uint32_t i = 0; i < d->evidence.core_count; i++)
        for (uint32_t k = d->evidence.core[i].count; k-- > 0;) {
            const struct dispatch_record *r = &d->evidence.core[i].last[k].record;
            if ((r->ended != 0) == ended) choose(c, d->tasks.find(&d->tasks, r->task));
        }
}

static void choose_producers(struct chosen *c, const struct dump *d, const uint8_t *of)
{
    for (uint32_t p = 0; p < d->tasks.count; p++)
        for (uint32_t i = of[p] ? d->waits.producer_begin[p] : d->waits.producer_begin[p + 1];
             i < d->waits.producer_begin[p + 1]; i++)
            choose(c, d->waits.producer[i]);
}

static void choose_all(struct chosen *c, const struct dump *d, const struct outcome *outcome, uint8_t *first)
{
    const struct waits *w = &d->waits;
    const uint32_t suspects = outcome && outcome->answered ? outcome->result.suspect_count : 0;
    for (uint32_t i = 0; i < suspects && i < RUN_MAX_SUSPECTS; i++)
        choose(c, d->tasks.find(&d->tasks, outcome->result.suspect[i].task));
    choose_recorded(c, d, false);
    for (uint32_t i = 0; i < w->root_count; i++)
        choose(c, w->root[i].place);
    for (uint32_t i = 0; i < w->cycle_count; i++)
        choose(c, w->cycle[i]);
    for (uint32_t i = 0; i < w->chain_count; i++)
        choose(c, w->chain[i]);
    for (uint32_t i = 0; i < w->listed_count; i++)
        choose(c, w->listed[i]);
    for (uint32_t p = 0; p < d->tasks.count; p++)
        first[p] = c->in[p];
    choose_producers(c, d, first);
    choose_recorded(c, d, true);
    /* Nothing is known of any of them: the whole graph, as far as it goes. */
    for (uint32_t p = 0; p < d->tasks.count && !w->kind; p++)
        choose(c, p);
}

static json_t *tensor(const struct dump *d, const npurt_tensor *t)
{
    json_t *o = json_object(), *shape = json_array(), *strides = json_array();
    const uint32_t ndims = t->ndims <= NPURT_MAX_DIMS ? t->ndims : NPURT_MAX_DIMS;
    json_object_set_new(o, "address", dump_hex(t->addr + t->start_offset * npurt_dtype_size((npurt_dtype)t->dtype)));
    json_object_set_new(o, "buffer", dump_hex(t->addr));
    json_object_set_new(o, "buffer_bytes", json_integer((json_int_t)t->size));
    json_object_set_new(o, "dtype", json_string(description_dtype_name((npurt_dtype)t->dtype)));
    for (uint32_t i = 0; i < ndims; i++) {
        json_array_append_new(shape, json_integer(t->shape[i]));
        json_array_append_new(strides, json_integer(t->strides[i]));
    }
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "strides", strides);
    const int64_t owner = t->owner == NPURT_TASK_NONE ? TASKS_NOWHERE : d->tasks.owner(&d->tasks, t->owner);
    json_object_set_new(o, "owner",
                        owner == TASKS_NOWHERE ? json_null() : task_number(d, (uint32_t)owner));
    return o;
}

static void put_arguments(json_t *o, const struct dump *d, const struct task_facts *t)
{
    json_t *tensors = json_array(), *scalars = json_array();
    for (uint32_t i = 0; i < t->tensor_count && t->tensor; i++)
        json_array_append_new(tensors, tensor(d, &t->tensor[i]));
    for (uint32_t i = 0; i < t->scalar_count && t->tensor; i++)
        json_array_append_new(scalars, dump_hex(t->scalar[i]));
    json_object_set_new(o, "tensors", tensors);
    json_object_set_new(o, "scalars", scalars);
}

static json_t *task(const struct dump *d, uint32_t place)
{
    json_t *o = json_object(), *kernels = json_array();
    struct task_facts t;
    d->tasks.facts(&d->tasks, place, &t);
    json_object_set_new(o, "task", json_integer((json_int_t)t.id));
    json_object_set_new(o, "shape", json_string(t.shape <= SHAPE_DUMMY ? shape_name[t.shape] : "unknown"));
    json_object_set_new(o, "blocks", json_integer(t.block_num));
    for (unsigned slot = 0; slot < 3; slot++)
        if (t.core_mask >> slot & 1) json_array_append_new(kernels, json_integer(t.kernel[slot]));
    json_object_set_new(o, "kernels", kernels);
    json_object_set_new(o, "state",
                        json_string(d->waits.kind ? waits_kind_name((enum wait_kind)d->waits.kind[place]) : "unknown"));
    const uint32_t begin = d->waits.producer_begin[place], total = d->waits.producer_begin[place + 1] - begin;
    json_object_set_new(o, "producers",
                        places(d, d->waits.producer + begin, total < LIST_PRODUCERS ? total : LIST_PRODUCERS));
    json_object_set_new(o, "producers_total", json_integer(total));
    uint32_t consumers;
    (void)d->tasks.consumers(&d->tasks, place, &consumers);
    json_object_set_new(o, "consumers_total", json_integer(consumers));
    put_arguments(o, d, &t);
    return o;
}

void dump_put_tasks(json_t *root, const struct dump *d, const struct outcome *outcome)
{
    json_t *list = json_array();
    struct chosen chosen = {.in = calloc((size_t)d->tasks.count + 1, 1), .limit = LIST_TASKS};
    uint8_t *first = calloc((size_t)d->tasks.count + 1, 1);
    if (chosen.in && first && d->tasks.count) choose_all(&chosen, d, outcome, first);
    for (uint32_t p = 0; p < d->tasks.count && chosen.in; p++)
        if (chosen.in[p]) json_array_append_new(list, task(d, p));
    free(chosen.in);
    free(first);
    json_object_set_new(root, "tasks_total", json_integer(d->tasks.count ? d->tasks.total : d->run->timing.tasks));
    json_object_set_new(root, "tasks", list);
}
