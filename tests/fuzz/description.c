/* Descriptions of callables and of bundles: what is read is within its bounds and, written as JSON, is read as the
 * same; a refusal begins with the file and a line of the text. The first byte chooses: bit 0, of sources or of a
 * bundle. */
#include "fuzz.h"

#include "bundle/description.h"

static void set_bits(json_t *object, const struct description_scalar *s)
{
    char text[40];
    union {
        uint32_t u;
        float f;
    } real;

    switch (s->dtype) {
    case NPURT_F32:
    case NPURT_BF16:
        real.u = (uint32_t)(s->dtype == NPURT_F32 ? s->bits : s->bits << 16);
        json_object_set_new(object, "value", json_real((double)real.f));
        return;
    case NPURT_I8:
    case NPURT_I16:
    case NPURT_I32:
    case NPURT_I64:
        json_object_set_new(object, "value", json_integer((json_int_t)s->bits));
        return;
    default:
        /* JSON's integers end at 2^63. */
        FUZZ_CHECK(s->bits <= INT64_MAX, "%s is %llu", s->name, (unsigned long long)s->bits);
        snprintf(text, sizeof text, "%llu", (unsigned long long)s->bits);
        json_object_set_new(object, "value", json_integer((json_int_t)s->bits));
    }
}

static json_t *object_file(const struct description_object *o, enum description_kind kind)
{
    json_t *object = json_object(), *sources;

    json_object_set_new(object, "entry", json_string(o->entry));
    if (kind == DESCRIPTION_OF_BUNDLE) {
        FUZZ_CHECK(o->binary[0] && o->binary[0] != '.' && !strchr(o->binary, '/') && strlen(o->binary) <= 255,
                   "binary %s", o->binary);
        json_object_set_new(object, "binary", json_string(o->binary));
    } else {
        FUZZ_CHECK(o->source_count >= 1 && o->source_count <= DESCRIPTION_MAX_SOURCES, "%u sources", o->source_count);
        sources = json_array();
        for (uint32_t i = 0; i < o->source_count; i++)
            json_array_append_new(sources, json_string(o->source[i]));
        json_object_set_new(object, "source", sources);
    }
    return object;
}

static json_t *kernels_of(const struct description *d, enum description_kind kind)
{
    json_t *array = json_array();

    FUZZ_CHECK(d->kernel_count <= NPURT_MAX_KERNELS, "%u kernels", d->kernel_count);
    for (uint32_t i = 0; i < d->kernel_count; i++) {
        json_t *object = object_file(&d->kernel[i], kind);
        FUZZ_CHECK(d->kernel[i].id < NPURT_MAX_KERNELS && strlen(d->kernel[i].name) < 64, "kernel %u", i);
        for (uint32_t j = 0; j < i; j++)
            FUZZ_CHECK(d->kernel[j].id != d->kernel[i].id && strcmp(d->kernel[j].name, d->kernel[i].name) != 0,
                       "kernels %u and %u", i, j);
        json_object_set_new(object, "id", json_integer(d->kernel[i].id));
        json_object_set_new(object, "name", json_string(d->kernel[i].name));
        json_object_set_new(object, "core", json_string(d->kernel[i].core == NPURT_CORE_AIC ? "aic" : "aiv"));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *params_of(const struct description *d)
{
    json_t *array = json_array();

    FUZZ_CHECK(d->param_count <= NPURT_CALL_MAX_TENSORS, "%u params", d->param_count);
    for (uint32_t i = 0; i < d->param_count; i++) {
        const npurt_param *p = &d->param[i].param;
        json_t *object = json_object(), *shape = json_array();
        FUZZ_CHECK(p->ndims <= NPURT_MAX_DIMS && (uint32_t)p->dtype < NPURT_DTYPE_COUNT, "param %u", i);
        json_object_set_new(object, "name", json_string(d->param[i].name));
        json_object_set_new(object, "access",
                            json_string(p->access == NPURT_ACCESS_INPUT   ? "input"
                                        : p->access == NPURT_ACCESS_INOUT ? "inout"
                                                                          : "output"));
        json_object_set_new(object, "dtype", json_string(description_dtype_name(p->dtype)));
        for (uint32_t k = 0; k < p->ndims; k++)
            json_array_append_new(shape, json_integer(p->shape[k]));
        if (p->ndims) json_object_set(object, "shape", shape);
        json_decref(shape);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *scalars_of(const struct description *d)
{
    json_t *array = json_array();

    FUZZ_CHECK(d->scalar_count <= NPURT_CALL_MAX_SCALARS, "%u scalars", d->scalar_count);
    for (uint32_t i = 0; i < d->scalar_count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(d->scalar[i].name));
        json_object_set_new(object, "dtype", json_string(description_dtype_name(d->scalar[i].dtype)));
        if (d->scalar[i].has_value) set_bits(object, &d->scalar[i]);
        json_array_append_new(array, object);
    }
    return array;
}

static char *write_out(const struct description *d, enum description_kind kind)
{
    json_t *root = json_object();

    json_object_set_new(root, "format", json_integer(DESCRIPTION_FORMAT));
    if (kind == DESCRIPTION_OF_BUNDLE) json_object_set_new(root, "api", json_integer(NPURT_API_VERSION));
    json_object_set_new(root, "name", json_string(d->name));
    json_object_set_new(root, "orchestration", object_file(&d->orchestration, kind));
    json_object_set_new(root, "kernels", kernels_of(d, kind));
    json_object_set_new(root, "params", params_of(d));
    json_object_set_new(root, "scalars", scalars_of(d));
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text) abort();
    json_decref(root);
    return text;
}

/* "c.json:LINE: …" with a line that the text has. */
static void check_refusal(const char *problem, const char *text, size_t size)
{
    unsigned line = 0, lines = 1;
    int at = 0;

    fuzz_sentence(problem, 400);
    FUZZ_CHECK(sscanf(problem, "c.json:%u: %n", &line, &at) == 1 && at > 0, "%s does not begin with a line", problem);
    FUZZ_CHECK(problem[at] || strlen(problem) == 399, "%s says nothing", problem);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    FUZZ_CHECK(line >= 1 && line <= lines, "line %u of %u: %s", line, lines, problem);
}

/* Every value of a scalar, written as the number it is, gives the same bits. */
static void try_scalar(const char *text, npurt_dtype dtype)
{
    uint64_t bits = 0, again = 0;
    char written[40];

    if (!description_scalar_bits(dtype, text, &bits)) return;
    if (dtype == NPURT_F32 || dtype == NPURT_BF16) {
        union {
            uint32_t u;
            float f;
        } real = {.u = (uint32_t)(dtype == NPURT_F32 ? bits : bits << 16)};
        FUZZ_CHECK(bits >> (dtype == NPURT_F32 ? 32 : 16) == 0, "%s is %llx", text, (unsigned long long)bits);
        if (real.f != real.f) return;
        snprintf(written, sizeof written, "%.9g", (double)real.f);
    } else if (dtype == NPURT_U8 || dtype == NPURT_U16 || dtype == NPURT_U32 || dtype == NPURT_U64) {
        snprintf(written, sizeof written, "%llu", (unsigned long long)bits);
    } else {
        snprintf(written, sizeof written, "%lld", (long long)bits);
    }
    FUZZ_CHECK(description_scalar_bits(dtype, written, &again), "%s was %s, which is refused", written, text);
    FUZZ_CHECK(bits == again, "%s is %llx, %s is %llx", text, (unsigned long long)bits, written,
               (unsigned long long)again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const uint32_t how = (uint32_t)fuzz_number(&in, 1);
    const enum description_kind kind = how & 1 ? DESCRIPTION_OF_BUNDLE : DESCRIPTION_OF_SOURCES;
    struct description d, again;
    char problem[400];
    size_t length;
    char *text = fuzz_block(&in, in.left, &length);
    const npurt_status status = description_parse(text, length, "c.json", kind, &d, problem, sizeof problem);

    fuzz_verdict(status == NPURT_OK);
    if (status == NPURT_OK) {
        char *first = write_out(&d, kind), *second;
        FUZZ_CHECK(description_parse(first, strlen(first), "c.json", kind, &again, problem, sizeof problem) == NPURT_OK,
                   "%s\n%s", first, problem);
        second = write_out(&again, kind);
        FUZZ_CHECK(strcmp(first, second) == 0, "%s\n%s", first, second);
        description_release(&again);
        free(first);
        free(second);
    } else {
        FUZZ_CHECK(status == NPURT_ERROR_BAD_BINARY, "status %d", status);
        FUZZ_CHECK(!d.root && !d.text && !d.kernel && !d.param && !d.scalar && !d.kernel_count, "something is left");
        check_refusal(problem, text, length);
        if (length < 40 && !memchr(text, 0, length)) {
            char word[40];
            memcpy(word, text, length);
            word[length] = 0;
            try_scalar(word, (npurt_dtype)(how >> 1) % NPURT_DTYPE_COUNT);
        }
    }
    description_release(&d);
    free(text);
    return 0;
}
