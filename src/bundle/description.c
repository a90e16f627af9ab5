#include "description.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/regular.h"
#include "locate.h"

enum { PATH_SIZE = 128, FILE_LIMIT = 16 << 20 };

static const char *const dtype_name[NPURT_DTYPE_COUNT] = {
    [NPURT_F32] = "f32", [NPURT_F16] = "f16", [NPURT_I32] = "i32",   [NPURT_I16] = "i16",
    [NPURT_I8] = "i8",   [NPURT_U8] = "u8",   [NPURT_BF16] = "bf16", [NPURT_I64] = "i64",
    [NPURT_U64] = "u64", [NPURT_U16] = "u16", [NPURT_U32] = "u32",
};

enum { RUNTIMES = 2 };
static const char *const runtime_name[RUNTIMES] = {
    [NPURT_HOST_BUILD_GRAPH] = "host_build_graph",
    [NPURT_TENSORMAP_AND_RINGBUFFER] = "tensormap_and_ringbuffer",
};

/* One reading; the first refusal stands. */
struct reader {
    const char *text, *file;
    enum description_kind kind;
    npurt_status status;
    char *problem;
    size_t problem_size;
};

static bool refuse(struct reader *r, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(struct reader *r, const char *path, const char *format, ...)
{
    if (r->status != NPURT_OK) return false;
    r->status = NPURT_ERROR_BAD_BINARY;
    int used = snprintf(r->problem, r->problem_size, "%s:%u: %s%s", r->file, locate_line(r->text, path), path,
                        *path ? ": " : "");
    if (used < 0 || (size_t)used >= r->problem_size) return false;
    va_list list;
    va_start(list, format);
    vsnprintf(r->problem + used, r->problem_size - (size_t)used, format, list);
    va_end(list);
    return false;
}

static bool no_memory(struct reader *r)
{
    if (r->status == NPURT_OK) {
        r->status = NPURT_ERROR_OUT_OF_HOST_MEMORY;
        snprintf(r->problem, r->problem_size, "%s: no host memory for it", r->file);
    }
    return false;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* For messages: a path longer than the buffer is cut, and says so. */
static void join(char path[PATH_SIZE], const char *at, const char *key)
{
    if (snprintf(path, PATH_SIZE, "%s%s%s", at, *at ? "." : "", key) >= PATH_SIZE)
        memcpy(path + PATH_SIZE - 4, "...", 4);
}

/* Only these members. `known` ends with NULL. */
static bool object_of(struct reader *r, const json_t *value, const char *at, const char *const *known)
{
    if (!json_is_object(value)) return refuse(r, at, "an object is due here");
    const char *key;
    json_t *ignored;
    json_object_foreach((json_t *)(uintptr_t)value, key, ignored)
    {
        bool found = false;
        char words[160] = "", path[PATH_SIZE];
        for (uint32_t i = 0; known[i]; i++) {
            size_t used = strlen(words);
            snprintf(words + used, sizeof words - used, "%s%s", i ? ", " : "", known[i]);
            found = found || strcmp(known[i], key) == 0;
        }
        join(path, at, key);
        if (!found) return refuse(r, path, "unknown; there are %s", words);
    }
    return true;
}

static bool text_of(struct reader *r, const json_t *object, const char *at, const char *key, const char *absent,
                    const char **out)
{
    char path[PATH_SIZE];
    const json_t *value = json_object_get(object, key);
    join(path, at, key);
    *out = absent;
    if (!value) {
        if (!absent) refuse(r, at, "has no \"%s\"", key);
        return absent != NULL;
    }
    const char *text = json_string_value(value); /* NULL: no string */
    if (!text || !*text) {
        refuse(r, path, "a text is due here");
        return false;
    }
    *out = text;
    return true;
}

/* A name that can be part of a file's name and of an option. */
static bool name_of(struct reader *r, const json_t *object, const char *at, const char **out)
{
    char path[PATH_SIZE];
    if (!text_of(r, object, at, "name", NULL, out)) return false;
    join(path, at, "name");
    if (strlen(*out) > 63) return refuse(r, path, "longer than 63 characters");
    for (const char *c = *out; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return refuse(r, path, "\"%s\": letters, digits and _ only", *out);
    return true;
}

static bool number_of(struct reader *r, const json_t *value, const char *path, uint64_t most, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > most)
        return refuse(r, path, "a whole number from 0 to %" PRIu64 " is due here", most);
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/* The word of `words` that the member is. */
static bool choice_of(struct reader *r, const json_t *object, const char *at, const char *key, const char *const *words,
                      uint32_t count, uint32_t *out)
{
    const char *text;
    char path[PATH_SIZE], all[160] = "";
    if (!text_of(r, object, at, key, NULL, &text)) return false;
    for (uint32_t i = 0; i < count; i++) {
        size_t used = strlen(all);
        if (strcmp(words[i], text) == 0) return (*out = i, true);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
    }
    join(path, at, key);
    return refuse(r, path, "\"%s\" is none of %s", text, all);
}

static bool dtype_of(struct reader *r, const json_t *object, const char *at, npurt_dtype *out)
{
    uint32_t index = 0;
    if (!choice_of(r, object, at, "dtype", dtype_name, NPURT_DTYPE_COUNT, &index)) return false;
    *out = (npurt_dtype)index;
    return true;
}

/* ---- parts --------------------------------------------------------------------------------------------------------
 */

static bool sources_of(struct reader *r, const json_t *object, const char *at, struct description_object *out)
{
    char path[PATH_SIZE];
    const json_t *value = json_object_get(object, "source");
    join(path, at, "source");
    if (!value) return refuse(r, at, "has no \"source\"");
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count == 0 || count > DESCRIPTION_MAX_SOURCES)
        return refuse(r, path, "%zu files; 1 to %d are possible", count, DESCRIPTION_MAX_SOURCES);
    out->source = calloc(count, sizeof *out->source);
    if (!out->source) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        const json_t *file = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_string(file) || json_string_length(file) == 0)
            return refuse(r, path, "a file, or an array of files, is due here");
        out->source[out->source_count++] = json_string_value(file);
    }
    return true;
}

static bool object_file_of(struct reader *r, const json_t *object, const char *at, struct description_object *out)
{
    if (r->kind == DESCRIPTION_OF_SOURCES) return sources_of(r, object, at, out);
    char path[PATH_SIZE];
    if (!text_of(r, object, at, "binary", NULL, &out->binary)) return false;
    join(path, at, "binary");
    if (strchr(out->binary, '/') || out->binary[0] == '.')
        return refuse(r, path, "\"%s\" is not a file of the bundle's own folder", out->binary);
    if (strlen(out->binary) > NAME_MAX) return refuse(r, path, "no file's name is longer than %d characters", NAME_MAX);
    return true;
}

static const char *file_key(const struct reader *r)
{
    return r->kind == DESCRIPTION_OF_SOURCES ? "source" : "binary";
}

static bool runtime_of(struct reader *r, struct description *d)
{
    uint32_t index = NPURT_HOST_BUILD_GRAPH;
    if (json_object_get(d->root, "runtime") && !choice_of(r, d->root, "", "runtime", runtime_name, RUNTIMES, &index))
        return false;
    d->runtime = (npurt_runtime)index;
    return true;
}

static bool orchestration_of(struct reader *r, struct description *d)
{
    const json_t *value = json_object_get(d->root, "orchestration");
    const char *const known[] = {file_key(r), "entry", NULL};
    d->orchestration.name = "orchestration";
    if (!value) return refuse(r, "", "has no \"orchestration\"");
    return object_of(r, value, "orchestration", known) &&
           text_of(r, value, "orchestration", "entry", "orchestration_entry", &d->orchestration.entry) &&
           object_file_of(r, value, "orchestration", &d->orchestration);
}

static bool kernel_of(struct reader *r, const json_t *value, const char *at, struct description *d)
{
    static const char *const core[] = {"aic", "aiv"};
    const char *const known[] = {"id", "name", "core", "entry", "duration_ns", file_key(r), NULL};
    struct description_object *k = &d->kernel[d->kernel_count];
    char path[PATH_SIZE];
    const json_t *duration = json_object_get(value, "duration_ns");
    uint64_t id = 0, duration_ns = 0;
    uint32_t index = 0;
    if (!object_of(r, value, at, known) || !name_of(r, value, at, &k->name)) return false;
    join(path, at, "id");
    if (!json_object_get(value, "id")) return refuse(r, at, "has no \"id\"");
    if (!number_of(r, json_object_get(value, "id"), path, NPURT_MAX_KERNELS - 1, &id)) return false;
    k->id = (uint32_t)id;
    for (uint32_t i = 0; i < d->kernel_count; i++) {
        if (d->kernel[i].id == k->id)
            return refuse(r, path, "%u is the id of \"%s\" already", k->id, d->kernel[i].name);
        if (strcmp(d->kernel[i].name, k->name) == 0) {
            join(path, at, "name");
            return refuse(r, path, "two kernels are named \"%s\"", k->name);
        }
    }
    d->kernel_count++; /* what object_file_of allocates is released with it */
    if (!choice_of(r, value, at, "core", core, 2, &index)) return false;
    k->core = index == 0 ? NPURT_CORE_AIC : NPURT_CORE_AIV;
    join(path, at, "duration_ns");
    if (duration && !number_of(r, duration, path, UINT32_MAX, &duration_ns)) return false;
    k->duration_ns = (uint32_t)duration_ns;
    return text_of(r, value, at, "entry", "kernel_entry", &k->entry) && object_file_of(r, value, at, k);
}

/* A number from 0, of an output. Absent: 0. */
static bool tolerance_of(struct reader *r, const json_t *value, const char *at, const char *name, npurt_access access,
                         double *tolerance)
{
    const json_t *number = json_object_get(value, name);
    char path[PATH_SIZE];
    *tolerance = number && json_is_number(number) ? json_number_value(number) : 0;
    join(path, at, name);
    if (number && (!json_is_number(number) || *tolerance < 0)) return refuse(r, path, "a number from 0 is due here");
    if (number && access == NPURT_ACCESS_INPUT) return refuse(r, path, "an input is not compared");
    return true;
}

static bool param_of(struct reader *r, const json_t *value, const char *at, struct description *d)
{
    static const char *const word[] = {"input", "output", "inout"};
    static const npurt_access access[] = {NPURT_ACCESS_INPUT, NPURT_ACCESS_OUTPUT_EXISTING, NPURT_ACCESS_INOUT};
    static const char *const known[] = {"name", "access", "dtype", "shape", "atol", "rtol", NULL};
    struct description_param *p = &d->param[d->param_count];
    char path[PATH_SIZE];
    uint32_t index = 0;
    if (!object_of(r, value, at, known) || !name_of(r, value, at, &p->name) ||
        !choice_of(r, value, at, "access", word, 3, &index) || !dtype_of(r, value, at, &p->param.dtype))
        return false;
    p->param.access = access[index];
    for (uint32_t i = 0; i < d->param_count; i++)
        if (strcmp(d->param[i].name, p->name) == 0) return refuse(r, at, "two params are named \"%s\"", p->name);
    const json_t *shape = json_object_get(value, "shape");
    join(path, at, "shape");
    if (shape && (!json_is_array(shape) || json_array_size(shape) < 1 || json_array_size(shape) > NPURT_MAX_DIMS))
        return refuse(r, path, "an array of 1 to %d extents is due here; 0 accepts any extent", NPURT_MAX_DIMS);
    p->param.ndims = (uint32_t)json_array_size(shape);
    for (uint32_t i = 0; i < p->param.ndims; i++) {
        uint64_t extent = 0;
        if (!number_of(r, json_array_get(shape, i), path, UINT32_MAX, &extent)) return false;
        p->param.shape[i] = (uint32_t)extent;
    }
    if (!tolerance_of(r, value, at, "atol", p->param.access, &p->absolute_tolerance) ||
        !tolerance_of(r, value, at, "rtol", p->param.access, &p->relative_tolerance))
        return false;
    d->param_count++;
    return true;
}

static bool scalar_of(struct reader *r, const json_t *value, const char *at, struct description *d)
{
    static const char *const known[] = {"name", "dtype", "value", NULL};
    struct description_scalar *s = &d->scalar[d->scalar_count];
    char path[PATH_SIZE], text[40];
    if (!object_of(r, value, at, known) || !name_of(r, value, at, &s->name) || !dtype_of(r, value, at, &s->dtype))
        return false;
    for (uint32_t i = 0; i < d->scalar_count; i++)
        if (strcmp(d->scalar[i].name, s->name) == 0) return refuse(r, at, "two scalars are named \"%s\"", s->name);
    const json_t *given = json_object_get(value, "value");
    join(path, at, "value");
    if (given && !json_is_number(given)) return refuse(r, path, "a number is due here");
    if (json_is_integer(given))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(given));
    else if (given)
        snprintf(text, sizeof text, "%.17g", json_real_value(given));
    s->has_value = given != NULL;
    if (given && !description_scalar_bits(s->dtype, text, &s->bits))
        return refuse(r, path, "%s is no value of %s", text, dtype_name[s->dtype]);
    d->scalar_count++;
    return true;
}

/* Every element of array `key`, which may be absent, through `one`. *array receives memory for all of them. */
static bool each(struct reader *r, struct description *d, const char *key, size_t most, void **array, size_t size,
                 bool (*one)(struct reader *, const json_t *, const char *, struct description *))
{
    const json_t *value = json_object_get(d->root, key);
    if (!value) return true;
    if (!json_is_array(value)) return refuse(r, key, "an array is due here");
    if (json_array_size(value) > most)
        return refuse(r, key, "%zu are too many; at most %zu", json_array_size(value), most);
    *array = calloc(json_array_size(value) + 1, size);
    if (!*array) return no_memory(r);
    for (size_t i = 0; i < json_array_size(value); i++) {
        char at[PATH_SIZE];
        snprintf(at, sizeof at, "%s[%zu]", key, i);
        if (!one(r, json_array_get(value, i), at, d)) return false;
    }
    return true;
}

/* The API version of the headers that the bundle's orchestration was built with. */
static bool api_of(struct reader *r, const json_t *root)
{
    const json_t *value = json_object_get(root, "api");
    uint64_t version = 0;
    if (!value)
        return refuse(r, "",
                      "has no \"api\": built by an npurt from before API version 1; this one has API version %d. "
                      "Build it again",
                      NPURT_API_VERSION);
    if (!number_of(r, value, "api", UINT32_MAX, &version)) return false;
    if (version < NPURT_API_OLDEST || version > NPURT_API_VERSION)
        return refuse(r, "api", "built with API version %" PRIu64 "; this npurt serves versions %d to %d", version,
                      NPURT_API_OLDEST, NPURT_API_VERSION);
    return true;
}

static bool whole(struct reader *r, struct description *d)
{
    const bool bundle = r->kind == DESCRIPTION_OF_BUNDLE;
    const char *const known[] = {
        "format", "name", "runtime", "orchestration", "kernels", "params", "scalars", bundle ? "api" : NULL, NULL};
    const json_t *format = json_object_get(d->root, "format");
    if (!json_is_object(d->root)) return refuse(r, "", "an object is due here");
    /* First of all: what another format means by its members is not for us to judge. */
    if (bundle && !format) return refuse(r, "", "has no \"format\": not a built bundle");
    if (format && (!json_is_integer(format) || json_integer_value(format) != DESCRIPTION_FORMAT))
        return refuse(r, "format", "this npurt knows format %d only", DESCRIPTION_FORMAT);
    if (bundle && !api_of(r, d->root)) return false;
    return object_of(r, d->root, "", known) && name_of(r, d->root, "", &d->name) && runtime_of(r, d) &&
           orchestration_of(r, d) &&
           each(r, d, "kernels", NPURT_MAX_KERNELS, (void **)&d->kernel, sizeof *d->kernel, kernel_of) &&
           each(r, d, "params", NPURT_CALL_MAX_TENSORS, (void **)&d->param, sizeof *d->param, param_of) &&
           each(r, d, "scalars", NPURT_CALL_MAX_SCALARS, (void **)&d->scalar, sizeof *d->scalar, scalar_of);
}

/* ---- entries ------------------------------------------------------------------------------------------------------
 */

npurt_status description_parse(const char *text, size_t size, const char *path, enum description_kind kind,
                               struct description *out, char *problem, size_t problem_size)
{
    json_error_t error;
    *out = (struct description){0};
    out->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!out->root) {
        snprintf(problem, problem_size, "%s:%d: %s", path, error.line > 0 ? error.line : 1, error.text);
        return NPURT_ERROR_BAD_BINARY;
    }
    struct reader r = {.file = path, .kind = kind, .problem = problem, .problem_size = problem_size};
    r.text = out->text = strndup(text, size); /* ended by a NUL; json_loadb has refused any inside */
    if (!out->text)
        no_memory(&r);
    else
        whole(&r, out);
    if (r.status != NPURT_OK) description_release(out);
    return r.status;
}

npurt_status description_load(const char *path, enum description_kind kind, struct description *out, char *problem,
                              size_t problem_size)
{
    static const npurt_status status_of[] = {[REGULAR_ABSENT] = NPURT_ERROR_MISSING_BINARY,
                                             [REGULAR_OTHER] = NPURT_ERROR_IO,
                                             [REGULAR_TOO_LARGE] = NPURT_ERROR_IO,
                                             [REGULAR_UNREADABLE] = NPURT_ERROR_IO,
                                             [REGULAR_NO_MEMORY] = NPURT_ERROR_OUT_OF_HOST_MEMORY};
    char *text;
    size_t size;
    *out = (struct description){0};
    const enum regular read = regular_read(path, FILE_LIMIT, &text, &size, problem, problem_size);
    if (read != REGULAR_OK) return status_of[read];
    const npurt_status status = description_parse(text, size, path, kind, out, problem, problem_size);
    free(text);
    return status;
}

void description_release(struct description *description)
{
    for (uint32_t i = 0; i < description->kernel_count; i++)
        free(description->kernel[i].source);
    free(description->orchestration.source);
    free(description->kernel);
    free(description->param);
    free(description->scalar);
    json_decref(description->root);
    free(description->text);
    *description = (struct description){0};
}

uint32_t description_line(const struct description *description, const char *path)
{
    return locate_line(description->text, path);
}

const char *description_runtime_name(npurt_runtime runtime)
{
    return (uint32_t)runtime < RUNTIMES ? runtime_name[runtime] : "?";
}

bool description_runtime_find(const char *name, npurt_runtime *runtime)
{
    for (uint32_t i = 0; i < RUNTIMES; i++)
        if (strcmp(runtime_name[i], name) == 0) return (*runtime = (npurt_runtime)i, true);
    return false;
}

const char *description_dtype_name(npurt_dtype dtype)
{
    return (uint32_t)dtype < NPURT_DTYPE_COUNT ? dtype_name[dtype] : "?";
}

/* ---- scalars ------------------------------------------------------------------------------------------------------
 */

static bool real_bits(npurt_dtype dtype, const char *text, uint64_t *bits)
{
    char *end;
    errno = 0;
    union {
        float f;
        uint32_t u;
    } x = {.f = strtof(text, &end)};
    if (end == text || *end || (errno == ERANGE && isinf(x.f))) return false;
    if (dtype == NPURT_F32)
        *bits = x.u;
    else {
        /* bf16: the upper half, rounded to nearest even, as npurt_f32_to_bf16 does */
        *bits = isnan(x.f) ? (x.u >> 16) | 0x40 : (x.u + 0x7fffu + ((x.u >> 16) & 1)) >> 16;
    }
    return true;
}

bool description_scalar_bits(npurt_dtype dtype, const char *text, uint64_t *bits)
{
    char *end;
    if (dtype == NPURT_F32 || dtype == NPURT_BF16) return real_bits(dtype, text, bits);
    const uint32_t width = 8 * npurt_dtype_size(dtype);
    if (dtype == NPURT_F16 || width == 0) return false; /* f16 scalars: no conversion here, give u16 bits */
    errno = 0;
    if (dtype == NPURT_I8 || dtype == NPURT_I16 || dtype == NPURT_I32 || dtype == NPURT_I64) {
        const long long x = strtoll(text, &end, 0);
        const int64_t most = (int64_t)(UINT64_MAX >> (65 - width));
        if (x > most || x < -most - 1) return false;
        *bits = (uint64_t)x; /* sign-extended: a kernel may read it at any width */
    } else {
        const unsigned long long x = strtoull(text, &end, 0);
        if (strchr(text, '-') || x > UINT64_MAX >> (64 - width)) return false;
        *bits = x;
    }
    return errno == 0 && end != text && *end == 0;
}
