/* The ledger for people and for programs. Both end with what has grown (growth.h). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "device.h"
#include "error.h"

struct text {
    char *buffer;
    size_t size, length; /* length as if the buffer were large enough */
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const bool room = t->length < t->size;
    const int n = vsnprintf(room ? t->buffer + t->length : NULL, room ? t->size - t->length : 0, format, list);
    va_end(list);
    if (n > 0) t->length += (size_t)n;
}

/* A JSON string; names are the caller's. */
static void put_string(struct text *t, const char *s)
{
    put(t, "\"");
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            put(t, "\\%c", c);
        else if (c < 0x20)
            put(t, "\\u%04x", c);
        else
            put(t, "%c", c);
    }
    put(t, "\"");
}

static void write_text(const npurt_device *device, struct text *t)
{
    const struct growth *g = &device->growth;
    t->length = ledger_write(&device->ledger, t->buffer, t->size);
    for (uint32_t i = 0; i < g->rows; i++)
        if (g->row[i].grown)
            put(t,
                "grown        %s of %s: in %" PRIu64 " of %" PRIu64 " runs since run %" PRIu64 ", to %" PRIu64
                " (%" PRIu64 " bytes)\n",
                ledger_kind_name(g->row[i].kind), g->row[i].owner, g->row[i].grown, g->runs, g->row[i].first_run,
                g->row[i].count, g->row[i].bytes);
}

static void write_json(const npurt_device *device, struct text *t)
{
    const struct growth *g = &device->growth;
    const npurt_ledger_totals totals = ledger_totals(&device->ledger);
    const char *comma = "";
    if (t->size) t->buffer[0] = '\0';
    put(t, "{\"target\": ");
    put_string(t, device->info.target);
    put(t, ", \"runs\": %" PRIu64 ", \"memory_bytes\": %" PRIu64 ", \"holdings\": [", g->runs, totals.memory_bytes);
    for (int k = 0; k < LEDGER_KINDS; k++)
        for (uint32_t i = 0; i < device->ledger.kind[k].count; i++, comma = ", ") {
            const struct ledger_entry *e = &device->ledger.kind[k].entry[i];
            put(t, "%s{\"kind\": \"%s\", \"handle\": \"0x%" PRIx64 "\", \"bytes\": %" PRIu64 ", \"owner\": ", comma,
                ledger_kind_name((enum ledger_kind)k), e->handle, e->size);
            put_string(t, e->owner);
            put(t, ", \"purpose\": ");
            put_string(t, e->purpose);
            put(t, "}");
        }
    put(t, "], \"grown\": [");
    comma = "";
    for (uint32_t i = 0; i < g->rows; i++) {
        const struct growth_row *r = &g->row[i];
        if (!r->grown) continue;
        put(t, "%s{\"kind\": \"%s\", \"owner\": ", comma, ledger_kind_name(r->kind));
        put_string(t, r->owner);
        put(t, ", \"runs\": %" PRIu64 ", \"first_run\": %" PRIu64 ", \"count\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
            r->grown, r->first_run, r->count, r->bytes);
        comma = ", ";
    }
    put(t, "]}\n");
}

static npurt_status report(npurt_device *handle, const char *call, void (*write)(const npurt_device *, struct text *),
                           char *buffer, size_t size, size_t *needed)
{
    npurt_device *device;
    npurt_status status = device_enter(handle, call, DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    if (!buffer && size)
        return device_leave(device, error_raise(NPURT_ERROR_INVALID_ARGUMENT, "buffer is NULL and size is %zu", size));
    struct text text = {.buffer = buffer, .size = size};
    write(device, &text);
    if (needed) *needed = text.length;
    return device_leave(device, NPURT_OK);
}

npurt_status npurt_device_report(npurt_device *handle, char *buffer, size_t size, size_t *needed)
{
    return report(handle, "npurt_device_report", write_text, buffer, size, needed);
}

npurt_status npurt_device_report_json(npurt_device *handle, char *buffer, size_t size, size_t *needed)
{
    return report(handle, "npurt_device_report_json", write_json, buffer, size, needed);
}
