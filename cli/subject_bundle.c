/* A bundle as a subject: arguments come from the words of the command. */
#include "subject.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "array_file.h"
#include "bundle/description.h"

struct own {
    struct description description;
    npurt_call_tensor tensor[NPURT_CALL_MAX_TENSORS];
    npurt_param param[NPURT_CALL_MAX_TENSORS];
    void *initial[NPURT_CALL_MAX_TENSORS];                    /* INOUT: as given */
    void *wanted[NPURT_CALL_MAX_TENSORS];                     /* --check */
    const char *word[RUN_WORD_KINDS][NPURT_CALL_MAX_TENSORS]; /* of param or scalar i, behind its name; NULL: none */
    uint64_t scalar[NPURT_CALL_MAX_SCALARS];
    struct comparison found[NPURT_CALL_MAX_TENSORS]; /* of the last check */
};

static npurt_status refuse(char *problem, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static npurt_status refuse(char *problem, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(problem, size, format, list);
    va_end(list);
    return NPURT_ERROR_INVALID_ARGUMENT;
}

/* ---- words: NAME=VALUE, to the argument of the name ----------------------------------------------------------------
 */

static bool named(const char *name, const char *word, size_t length)
{
    return strlen(name) == length && memcmp(name, word, length) == 0;
}

static npurt_status take_word(struct own *own, const struct run_word *w, char *problem, size_t size)
{
    const struct description *d = &own->description;
    const bool scalar = w->kind == RUN_WORD_SCALAR;
    const size_t length = strcspn(w->text, "=");
    const uint32_t count = scalar ? d->scalar_count : d->param_count;
    uint32_t index = count;
    char names[256] = "";
    for (uint32_t i = 0; i < count; i++) {
        const char *name = scalar ? d->scalar[i].name : d->param[i].name;
        size_t used = strlen(names);
        if (named(name, w->text, length)) index = i;
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", name);
    }
    const char *option = run_word_option(w->kind);
    if (w->text[length] != '=' || w->text[length + 1] == 0)
        return refuse(problem, size, "%s %s: NAME=VALUE is due; there are %s", option, w->text, names);
    if (index == count)
        return refuse(problem, size, "%s %s: no %s has this name; there are %s", option, w->text,
                      scalar ? "scalar" : "param", names);
    if (own->word[w->kind][index]) return refuse(problem, size, "%s %s: it was given before", option, w->text);
    const npurt_access access = scalar ? NPURT_ACCESS_INPUT : d->param[index].param.access;
    if (w->kind == RUN_WORD_INPUT && access == NPURT_ACCESS_OUTPUT_EXISTING)
        return refuse(problem, size, "%s %s: it is an output", option, w->text);
    if ((w->kind == RUN_WORD_OUTPUT || w->kind == RUN_WORD_CHECK) && access == NPURT_ACCESS_INPUT)
        return refuse(problem, size, "%s %s: it is an input", option, w->text);
    own->word[w->kind][index] = w->text + length + 1;
    return NPURT_OK;
}

/* ---- arguments -----------------------------------------------------------------------------------------------------
 */

static bool is_file(const char *input)
{
    return input && strcmp(input, "zeros") != 0 && strcmp(input, "random") != 0;
}

/* "128x256" */
static bool parse_shape(const char *text, npurt_call_tensor *t)
{
    t->ndims = 0;
    while (t->ndims < NPURT_MAX_DIMS) {
        char *end;
        errno = 0;
        unsigned long extent = strtoul(text, &end, 10);
        if (end == text || *text < '0' || *text > '9' || errno || extent == 0 || extent > UINT32_MAX) return false;
        t->shape[t->ndims++] = (uint32_t)extent;
        if (*end == 0) return true;
        if (*end != 'x') return false;
        text = end + 1;
    }
    return false;
}

/* Open extents from the header of a .npy file. */
static npurt_status take_npy_shape(npurt_call_tensor *t, const struct description_param *p,
                                   const struct array_file *file, char *problem, size_t size)
{
    if (p->param.ndims && file->npy.ndims != p->param.ndims)
        return refuse(problem, size, "param %s: %s has %u dimensions; the description says %u", p->name, file->path,
                      file->npy.ndims, p->param.ndims);
    t->ndims = file->npy.ndims;
    for (uint32_t d = 0; d < t->ndims; d++)
        if (t->shape[d] == 0 || p->param.ndims == 0) t->shape[d] = file->npy.shape[d];
    return NPURT_OK;
}

/* The declared shape; open extents follow from the argument's file, its input or what it must be. */
static npurt_status shape_of(struct own *own, uint32_t i, const struct array_file *file, const struct array_file *check,
                             char *problem, size_t size)
{
    const struct description_param *p = &own->description.param[i];
    npurt_call_tensor *t = &own->tensor[i];
    *t = (npurt_call_tensor){.dtype = p->param.dtype, .ndims = p->param.ndims};
    memcpy(t->shape, p->param.shape, sizeof t->shape);
    const char *given = own->word[RUN_WORD_SHAPE][i];
    if (given)
        return parse_shape(given, t) ? NPURT_OK
                                     : refuse(problem, size, "--shape %s=%s: extents as in 128x256 are due, at most %d",
                                              p->name, given, NPURT_MAX_DIMS);
    uint32_t open = 0, which = 0;
    uint64_t bytes, rest = npurt_dtype_size(t->dtype);
    if (t->ndims == 0) t->ndims = 1, t->shape[0] = 0;
    for (uint32_t d = 0; d < t->ndims; d++) {
        if (t->shape[d] == 0)
            open++, which = d;
        else if (__builtin_mul_overflow(rest, t->shape[d], &rest))
            return refuse(problem, size, "param %s: its shape is larger than memory", p->name);
    }
    if (open == 0) return NPURT_OK;
    if (!file->path) file = check;
    if (file->path && file->is_npy) return take_npy_shape(t, p, file, problem, size);
    if (open > 1 || !file->path)
        return refuse(problem, size, "param %s: its declared shape is open; give --shape %s=…", p->name, p->name);
    bytes = file->bytes;
    if (bytes == 0 || rest == 0 || bytes % rest != 0 || bytes / rest > UINT32_MAX)
        return refuse(problem, size, "param %s: %s has %llu bytes, which is no multiple of %llu", p->name, file->path,
                      (unsigned long long)bytes, (unsigned long long)rest);
    t->shape[which] = (uint32_t)(bytes / rest);
    return NPURT_OK;
}

/* The elements of a file, which must be of the tensor's type and shape as far as it tells them. */
static npurt_status read_file(const struct array_file *file, const npurt_call_tensor *t, const char *name, void *to,
                              uint64_t bytes, char *problem, size_t size)
{
    const struct npy *npy = &file->npy;
    if (file->is_npy && npy->dtype != t->dtype)
        return refuse(problem, size, "param %s: %s holds '%s', %s; the description says %s, '%s'", name, file->path,
                      npy_descr(npy->dtype), description_dtype_name(npy->dtype), description_dtype_name(t->dtype),
                      npy_descr(t->dtype));
    bool same = npy->ndims == t->ndims;
    for (uint32_t d = 0; file->is_npy && same && d < t->ndims; d++)
        same = npy->shape[d] == t->shape[d];
    if (file->is_npy && !same) {
        char is[80] = "", due[80] = "";
        for (uint32_t d = 0; d < npy->ndims; d++)
            snprintf(is + strlen(is), sizeof is - strlen(is), "%s%u", d ? "x" : "", npy->shape[d]);
        for (uint32_t d = 0; d < t->ndims; d++)
            snprintf(due + strlen(due), sizeof due - strlen(due), "%s%u", d ? "x" : "", t->shape[d]);
        return refuse(problem, size, "param %s: %s has shape %s, and the argument %s", name, file->path, is, due);
    }
    if (file->bytes != bytes) {
        snprintf(problem, size, "%s has %llu bytes; the array needs %llu", file->path, (unsigned long long)file->bytes,
                 (unsigned long long)bytes);
        return NPURT_ERROR_IO;
    }
    return array_file_read(file, to, bytes, problem, size) ? NPURT_OK : NPURT_ERROR_IO;
}

/* Argument i from its files, which are open when there are any. */
static npurt_status fill_from(struct own *own, uint32_t i, const struct array_file *file,
                              const struct array_file *check_file, char *problem, size_t size)
{
    const struct description_param *p = &own->description.param[i];
    npurt_call_tensor *t = &own->tensor[i];
    const char *input = own->word[RUN_WORD_INPUT][i];
    npurt_status status = shape_of(own, i, file, check_file, problem, size);
    if (status != NPURT_OK) return status;
    uint64_t bytes = npurt_dtype_size(t->dtype);
    for (uint32_t d = 0; d < t->ndims; d++)
        if (__builtin_mul_overflow(bytes, t->shape[d], &bytes) || bytes > SIZE_MAX / 2)
            return refuse(problem, size, "param %s: its shape is larger than memory", p->name);
    own->param[i] = p->param;
    if (p->param.access != NPURT_ACCESS_OUTPUT_EXISTING && !input)
        return refuse(problem, size, "param %s: give --input %s=FILE, =zeros or =random", p->name, p->name);
    t->host = calloc(1, bytes);
    if (p->param.access == NPURT_ACCESS_INOUT) own->initial[i] = malloc(bytes);
    if (check_file->path) own->wanted[i] = malloc(bytes);
    if (!t->host || (p->param.access == NPURT_ACCESS_INOUT && !own->initial[i]) ||
        (check_file->path && !own->wanted[i])) {
        refuse(problem, size, "no host memory for param %s, %llu bytes", p->name, (unsigned long long)bytes);
        return NPURT_ERROR_OUT_OF_HOST_MEMORY;
    }
    if (file->path) status = read_file(file, t, p->name, t->host, bytes, problem, size);
    if (status != NPURT_OK) return status;
    if (input && strcmp(input, "random") == 0) array_random(t->dtype, t->host, example_tensor_elements(t), i);
    if (own->initial[i]) memcpy(own->initial[i], t->host, bytes);
    return check_file->path ? read_file(check_file, t, p->name, own->wanted[i], bytes, problem, size) : NPURT_OK;
}

static npurt_status fill(struct own *own, uint32_t i, char *problem, size_t size)
{
    const char *input = own->word[RUN_WORD_INPUT][i], *check = own->word[RUN_WORD_CHECK][i];
    struct array_file file = {0}, check_file = {0};
    npurt_status status = NPURT_ERROR_IO;
    if ((!is_file(input) || array_file_open(input, &file, problem, size)) &&
        (!check || array_file_open(check, &check_file, problem, size)))
        status = fill_from(own, i, &file, &check_file, problem, size);
    array_file_close(&file);
    array_file_close(&check_file);
    return status;
}

static npurt_status fill_scalar(struct own *own, uint32_t i, char *problem, size_t size)
{
    const struct description_scalar *s = &own->description.scalar[i];
    const char *word = own->word[RUN_WORD_SCALAR][i];
    own->scalar[i] = s->bits;
    if (!word && !s->has_value) return refuse(problem, size, "scalar %s: give --scalar %s=VALUE", s->name, s->name);
    if (word && !description_scalar_bits(s->dtype, word, &own->scalar[i]))
        return refuse(problem, size, "--scalar %s=%s: no value of %s", s->name, word, description_dtype_name(s->dtype));
    return NPURT_OK;
}

/* ---- the subject ---------------------------------------------------------------------------------------------------
 */

static npurt_status prepare(struct subject *subject, char *problem, size_t size)
{
    struct own *own = subject->own;
    struct description *d = &own->description;
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s/%s", subject->options->bundle, DESCRIPTION_FILE);
    npurt_status status = description_load(file, DESCRIPTION_OF_BUNDLE, d, problem, size);
    if (status != NPURT_OK) return status;
    subject->name = d->name;
    subject->runtime = subject->options->runtime_given ? subject->options->runtime : d->runtime;
    if (subject->options->ring_given && subject->runtime != NPURT_TENSORMAP_AND_RINGBUFFER)
        return refuse(problem, size, "--ring is for %s; the bundle's runtime is %s",
                      description_runtime_name(NPURT_TENSORMAP_AND_RINGBUFFER),
                      description_runtime_name(subject->runtime));
    for (uint32_t i = 0; status == NPURT_OK && i < subject->options->word_count; i++)
        status = take_word(own, &subject->options->word[i], problem, size);
    for (uint32_t i = 0; status == NPURT_OK && i < d->param_count; i++)
        status = fill(own, i, problem, size);
    for (uint32_t i = 0; status == NPURT_OK && i < d->scalar_count; i++)
        status = fill_scalar(own, i, problem, size);
    for (uint32_t i = 0; i < d->param_count; i++)
        subject->checked = subject->checked || own->wanted[i];
    subject->args = (npurt_call_args){.tensors = own->tensor,
                                      .tensor_count = d->param_count,
                                      .scalars = own->scalar,
                                      .scalar_count = d->scalar_count};
    memcpy(subject->args.ring, subject->options->ring, sizeof subject->args.ring);
    subject->param = own->param;
    return status;
}

static npurt_status load(struct subject *subject, npurt_device *device, npurt_callable **out)
{
    return npurt_callable_load_bundle_as(device, subject->options->bundle, subject->runtime, out);
}

static void restore(struct subject *subject)
{
    struct own *own = subject->own;
    for (uint32_t i = 0; i < own->description.param_count; i++) {
        const uint64_t bytes = example_tensor_bytes(&own->tensor[i]);
        if (own->initial[i])
            memcpy(own->tensor[i].host, own->initial[i], bytes);
        else if (own->param[i].access == NPURT_ACCESS_OUTPUT_EXISTING)
            memset(own->tensor[i].host, 0xff, bytes);
    }
}

static int64_t check(struct subject *subject, double *max_abs_error)
{
    const struct run_options *options = subject->options;
    struct own *own = subject->own;
    int64_t wrong = 0;
    *max_abs_error = 0;
    for (uint32_t i = 0; i < own->description.param_count; i++) {
        const struct description_param *p = &own->description.param[i];
        const struct tolerance tolerance = {options->atol_given ? options->atol : p->absolute_tolerance,
                                            options->rtol_given ? options->rtol : p->relative_tolerance};
        comparison_begin(&own->found[i], &own->tensor[i]);
        if (!own->wanted[i]) continue;
        array_compare(own->tensor[i].dtype, own->tensor[i].host, own->wanted[i],
                      example_tensor_elements(&own->tensor[i]), tolerance, &own->found[i]);
        wrong += (int64_t)own->found[i].wrong;
        *max_abs_error = fmax(*max_abs_error, own->found[i].max_abs_error);
    }
    return wrong;
}

static const struct comparison *found(const struct subject *subject, uint32_t i, char name[64])
{
    const struct own *own = subject->own;
    snprintf(name, 64, "%s", own->description.param[i].name);
    return &own->found[i];
}

static npurt_status finish(struct subject *subject, char *problem, size_t size)
{
    struct own *own = subject->own;
    for (uint32_t i = 0; i < own->description.param_count; i++) {
        const char *file = own->word[RUN_WORD_OUTPUT][i];
        const npurt_call_tensor *t = &own->tensor[i];
        if (file &&
            !array_file_write(file, t->dtype, t->ndims, t->shape, t->host, example_tensor_bytes(t), problem, size))
            return NPURT_ERROR_IO;
    }
    return NPURT_OK;
}

static void release(struct subject *subject)
{
    struct own *own = subject->own;
    for (uint32_t i = 0; own && i < NPURT_CALL_MAX_TENSORS; i++) {
        free(own->tensor[i].host);
        free(own->initial[i]);
        free(own->wanted[i]);
    }
    if (own) description_release(&own->description);
    free(own);
    subject->own = NULL;
}

int subject_of_bundle(const struct run_options *options, struct subject *subject)
{
    static const struct subject_ops ops = {prepare, load, restore, check, found, finish, release};
    *subject = (struct subject){.ops = &ops,
                                .options = options,
                                .kind = "bundle",
                                .name = options->bundle,
                                .detail = options->bundle,
                                .own = calloc(1, sizeof(struct own))};
    return subject->own ? 0 : -1;
}
