#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/locate.h"
#include "files/regular.h"

enum { FORMAT_VERSION = 1, FILE_LIMIT = 256 << 20, PATH_SIZE = 128 };

/* ---- what must be where: one row per member. "[]" stands for every element of an array. */

enum { OBJECT = 1, ARRAY = 2, TEXT = 4, NUMBER = 8, REAL = 16, BOOLEAN = 32, NOTHING = 64 };

static const struct row {
    const char *path;
    unsigned types;
} row[] = {
    {"kind", TEXT},
    {"written", TEXT},
    {"npurt", TEXT},
    {"process", NUMBER},
    {"error", OBJECT | NOTHING},
    {"error.status", TEXT},
    {"error.message", TEXT},
    {"error.hint", TEXT | NOTHING},
    {"error.fallout", TEXT | NOTHING},
    {"error.call", TEXT | NOTHING},
    {"error.driver_code", NUMBER | NOTHING},
    {"error.driver_name", TEXT | NOTHING},
    {"error.task", NUMBER | NOTHING},
    {"device", OBJECT},
    {"device.target", TEXT},
    {"device.soc", TEXT},
    {"device.generation", TEXT},
    {"device.clusters", NUMBER},
    {"device.aicpu_threads", NUMBER},
    {"device.state", TEXT},
    {"device.read", BOOLEAN},
    {"device.not_read_because", TEXT | NOTHING},
    {"options", OBJECT},
    {"options.scheduler_timeout_ms", NUMBER},
    {"options.op_timeout_ms", NUMBER},
    {"options.sync_timeout_ms", NUMBER},
    {"ledger", OBJECT},
    {"ledger.memory_bytes", NUMBER},
    {"ledger.memory_blocks", NUMBER},
    {"run", OBJECT | NOTHING},
    {"run.callable", TEXT},
    {"run.launched_by", TEXT},
    {"run.number", NUMBER},
    {"run.age_ms", REAL},
    {"run.clusters", NUMBER},
    {"run.outcome", OBJECT | NOTHING},
    {"run.schedulers", ARRAY},
    {"run.schedulers[].told", BOOLEAN},
};
/* The rest is there with "run" only. */
static const struct row run_row[] = {
    {"kernels", ARRAY},
    {"kernels[].kernel", NUMBER},
    {"kernels[].name", TEXT},
    {"kernels[].symbol", TEXT},
    {"kernels[].type", TEXT},
    {"waits", OBJECT | NOTHING},
    {"waits.unfinished", NUMBER},
    {"waits.roots", ARRAY},
    {"waits.roots[].task", NUMBER},
    {"waits.roots[].kind", TEXT},
    {"waits.roots[].releases_due", NUMBER},
    {"waits.roots[].waiting", NUMBER},
    {"waits.roots[].cores", ARRAY},
    {"waits.roots[].cores[]", NUMBER},
    {"waits.roots[].since_ms", REAL | NOTHING},
    {"waits.roots_total", NUMBER},
    {"waits.waiting", ARRAY},
    {"waits.waiting[].task", NUMBER},
    {"waits.waiting[].on", ARRAY},
    {"waits.waiting[].on[]", NUMBER},
    {"waits.waiting[].on_total", NUMBER},
    {"waits.waiting_total", NUMBER},
    {"waits.chain", ARRAY},
    {"waits.chain[]", NUMBER},
    {"waits.chain_length", NUMBER},
    {"waits.cycle", ARRAY},
    {"waits.cycle[]", NUMBER},
    {"cores", ARRAY},
    {"cores[].core", NUMBER | NOTHING},
    {"cores[].type", TEXT},
    {"cores[].cluster", NUMBER},
    {"cores[].state", TEXT},
    {"cores[].last", ARRAY},
    {"cores[].last[].task", NUMBER},
    {"cores[].last[].block", NUMBER},
    {"cores[].last[].state", TEXT},
    {"cores[].last[].sent_ms_ago", REAL | NOTHING},
    {"cores[].last[].ended_ms_ago", REAL | NOTHING},
    {"tasks_total", NUMBER},
    {"tasks", ARRAY},
    {"tasks[].task", NUMBER},
    {"tasks[].shape", TEXT},
    {"tasks[].blocks", NUMBER},
    {"tasks[].kernels", ARRAY},
    {"tasks[].kernels[]", NUMBER},
    {"tasks[].state", TEXT},
    {"tasks[].producers", ARRAY},
    {"tasks[].producers[]", NUMBER},
    {"tasks[].producers_total", NUMBER},
    {"tasks[].tensors", ARRAY},
    {"tasks[].tensors[].address", TEXT},
    {"tasks[].tensors[].buffer", TEXT},
    {"tasks[].tensors[].buffer_bytes", NUMBER},
    {"tasks[].tensors[].dtype", TEXT},
    {"tasks[].tensors[].shape", ARRAY},
    {"tasks[].tensors[].shape[]", NUMBER},
    {"tasks[].tensors[].strides", ARRAY},
    {"tasks[].tensors[].strides[]", NUMBER},
    {"tasks[].tensors[].owner", NUMBER | NOTHING},
    {"tasks[].scalars", ARRAY},
    {"tasks[].scalars[]", TEXT},
};

/* One check; the first complaint stands. */
struct check {
    const char *text, *file;
    char *problem;
    size_t size;
};

static bool refuse(const struct check *c, const char *at, const char *what)
{
    snprintf(c->problem, c->size, "%s:%u: %s%s%s", c->file, locate_line(c->text, at), at, *at ? " " : "", what);
    return false;
}

static unsigned type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return OBJECT;
    case JSON_ARRAY:
        return ARRAY;
    case JSON_STRING:
        return TEXT;
    case JSON_INTEGER:
        return NUMBER | REAL;
    case JSON_REAL:
        return REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return BOOLEAN;
    case JSON_NULL:
        break;
    }
    return NOTHING;
}

static bool expect(const struct check *c, const char *at, const json_t *value, unsigned types)
{
    static const char *const name[] = {"an object", "an array", "a text", "a whole number", "a number", "true or false"};
    if (type_of(value) & types) return true;
    char what[64] = "is not what is due there";
    for (unsigned i = 0; i < sizeof name / sizeof *name; i++)
        if (types & ~(unsigned)NOTHING & 1u << i) snprintf(what, sizeof what, "is not %s", name[i]);
    return refuse(c, at, what);
}

/* Checks what `rest` names below `value`, which lies at `at`. */
static bool check_path(const struct check *c, const json_t *value, const char *at, const char *rest, unsigned types)
{
    char path[PATH_SIZE], key[48];
    if (!*rest) return expect(c, at, value, types);
    if (json_is_null(value)) return true; /* as its own row allows */
    if (*rest == '[') {
        for (size_t i = 0; i < json_array_size(value); i++) {
            snprintf(path, sizeof path, "%s[%zu]", at, i);
            if (!check_path(c, json_array_get(value, i), path, rest + 2, types)) return false;
        }
        return true;
    }
    if (*rest == '.') rest++;
    const size_t length = strcspn(rest, ".[");
    if (!json_is_object(value)) return refuse(c, at, "is not an object");
    snprintf(key, sizeof key, "%.*s", (int)length, rest);
    const json_t *member = json_object_get(value, key);
    if (!member) {
        char what[80];
        snprintf(what, sizeof what, "has no \"%s\"", key);
        return refuse(c, at, what);
    }
    snprintf(path, sizeof path, "%s%s%s", at, *at ? "." : "", key);
    return check_path(c, member, path, rest + length, types);
}

static bool check_rows(const struct check *c, const json_t *root, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!check_path(c, root, "", rows[i].path, rows[i].types)) return false;
    return true;
}

static bool check_all(const struct check *c, const json_t *root)
{
    const json_t *format = json_object_get(root, "format"), *version = json_object_get(root, "version");
    if (!json_is_string(format) || strcmp(json_string_value(format), "npurt-dump") != 0) {
        snprintf(c->problem, c->size, "%s:1: not a dump of npurt: \"format\" is not \"npurt-dump\"", c->file);
        return false;
    }
    if (!json_is_integer(version) || json_integer_value(version) != FORMAT_VERSION) {
        snprintf(c->problem, c->size, "%s:%u: a dump of another version than %d; use the npurt that wrote it", c->file,
                 locate_line(c->text, "version"), FORMAT_VERSION);
        return false;
    }
    return check_rows(c, root, row, sizeof row / sizeof *row) &&
           (json_is_null(json_object_get(root, "run")) ||
            check_rows(c, root, run_row, sizeof run_row / sizeof *run_row));
}

/* ---- reading */

json_t *dump_load(const char *path, char *problem, size_t size)
{
    size_t length;
    json_error_t error;
    char *text;
    if (regular_read(path, FILE_LIMIT, &text, &length, problem, size) != REGULAR_OK) return NULL;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(problem, size, "%s:%d: not a whole JSON document: %s", path, error.line, error.text);
    } else if (!check_all(&(struct check){text, path, problem, size}, root)) {
        json_decref(root);
        root = NULL;
    }
    free(text);
    return root;
}
