#include "npy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const uint8_t magic[NPY_MAGIC] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* What a type is written as. */
static const char *const descr_of[NPURT_DTYPE_COUNT] = {
    [NPURT_F32] = "<f4", [NPURT_F16] = "<f2", [NPURT_BF16] = "<V2", [NPURT_I8] = "|i1",
    [NPURT_I16] = "<i2", [NPURT_I32] = "<i4", [NPURT_I64] = "<i8",  [NPURT_U8] = "|u1",
    [NPURT_U16] = "<u2", [NPURT_U32] = "<u4", [NPURT_U64] = "<u8",
};

/* The header's text, a dictionary as Python writes it, while it is read. */
struct reader {
    const char *at, *end;
    struct npy *npy;
    char *problem;
    size_t problem_size;
    bool descr, order, shape; /* seen */
};

static bool refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(struct reader *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(r->problem, r->problem_size, format, list);
    va_end(list);
    return false;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

/* The next letter that is no blank is `c`, and is taken. */
static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(struct reader *r, char *text, size_t size)
{
    skip_blanks(r);
    if (r->at == r->end || (*r->at != '\'' && *r->at != '"')) return false;
    const char quote = *r->at++;
    const char *begin = r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '\\')
        r->at++;
    const size_t length = (size_t)(r->at - begin);
    if (r->at == r->end || *r->at != quote || length >= size) return false;
    memcpy(text, begin, length);
    text[length] = 0;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(r);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

static bool read_descr(struct reader *r)
{
    char text[16];
    skip_blanks(r);
    if (r->at < r->end && *r->at == '[') return refuse(r, "its elements are records; npurt has numbers only");
    if (!take_string(r, text, sizeof text)) return refuse(r, "its descr is no type");
    for (uint32_t i = 0; i < NPURT_DTYPE_COUNT; i++) {
        const char *known = descr_of[i];
        const bool order = text[0] == known[0] || (text[0] == '|' && i == NPURT_BF16) ||
                           (text[0] == '<' && known[0] == '|'); /* a byte has no order */
        if (order && strcmp(text + 1, known + 1) == 0) {
            r->npy->dtype = (npurt_dtype)i;
            return true;
        }
        if (text[0] == '>' && strcmp(text + 1, known + 1) == 0 && known[0] != '|')
            return refuse(r,
                          "its type '%s' is big-endian; npurt reads little-endian elements: x.astype('%s') in Python",
                          text, known);
    }
    return refuse(r, "its type '%s' is none of npurt's: <f4, <f2, <V2 (bf16), |i1, <i2, <i4, <i8, |u1, <u2, <u4, <u8",
                  text);
}

/* "(3, 4)", "(3,)", "()", and "(3L, 4L)" as Python 2 wrote it. */
static bool read_shape(struct reader *r)
{
    struct npy *npy = r->npy;
    npy->ndims = 0;
    npy->elements = 1;
    if (!take(r, '(')) return refuse(r, "its shape is no tuple");
    while (!take(r, ')')) {
        uint64_t extent = 0;
        const char *begin = r->at;
        for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
            extent = 10 * extent + (uint64_t)(*r->at - '0');
            if (extent > UINT32_MAX) return refuse(r, "an extent of its shape is larger than 2^32 - 1");
        }
        if (r->at == begin) return refuse(r, "its shape is no tuple of numbers");
        if (r->at < r->end && *r->at == 'L') r->at++;
        if (extent == 0) return refuse(r, "an extent of its shape is 0: there are no elements");
        if (npy->ndims == NPURT_MAX_DIMS) return refuse(r, "it has more than %d dimensions", NPURT_MAX_DIMS);
        npy->shape[npy->ndims++] = (uint32_t)extent;
        if (__builtin_mul_overflow(npy->elements, extent, &npy->elements))
            return refuse(r, "its shape is larger than memory");
        if (!take(r, ',')) {
            if (take(r, ')')) break;
            return refuse(r, "its shape is no tuple of numbers");
        }
        skip_blanks(r);
    }
    if (npy->ndims == 0) npy->shape[npy->ndims++] = 1;
    return true;
}

static bool read_order(struct reader *r)
{
    r->npy->fortran_order = take_word(r, "True");
    return r->npy->fortran_order || take_word(r, "False") || refuse(r, "its fortran_order is neither True nor False");
}

static bool read_member(struct reader *r)
{
    const struct {
        const char *name;
        bool *seen;
        bool (*read)(struct reader *);
    } member[] = {
        {"descr", &r->descr, read_descr}, {"fortran_order", &r->order, read_order}, {"shape", &r->shape, read_shape}};
    char key[32];
    if (!take_string(r, key, sizeof key) || !take(r, ':')) return refuse(r, "its header is no dictionary");
    for (uint32_t i = 0; i < sizeof member / sizeof member[0]; i++) {
        if (strcmp(key, member[i].name) != 0) continue;
        if (*member[i].seen) return refuse(r, "its header has %s twice", key);
        *member[i].seen = true;
        return member[i].read(r);
    }
    return refuse(r, "its header has a member %s, which the format does not know", key);
}

bool npy_begins(const void *data, size_t size)
{
    return size >= NPY_MAGIC && memcmp(data, magic, NPY_MAGIC) == 0;
}

bool npy_read_header(const void *data, size_t size, struct npy *npy, char *problem, size_t problem_size)
{
    const uint8_t *byte = data;
    struct reader r = {.npy = npy, .problem = problem, .problem_size = problem_size};
    *npy = (struct npy){0};
    if (!npy_begins(data, size)) return refuse(&r, "it does not begin as a .npy file does");
    if (size < NPY_MAGIC + 4) return refuse(&r, "its header is cut off");
    const uint32_t version = byte[6];
    if (version < 1 || version > 3 || byte[7] != 0)
        return refuse(&r, "its format version is %u.%u; npurt reads 1.0, 2.0 and 3.0", version, byte[7]);
    const size_t begin = version == 1 ? 10 : 12;
    if (size < begin) return refuse(&r, "its header is cut off");
    uint64_t length = byte[8] | (uint64_t)byte[9] << 8;
    if (version > 1) length |= (uint64_t)byte[10] << 16 | (uint64_t)byte[11] << 24;
    if (begin + length > NPY_LONGEST) return refuse(&r, "its header is longer than %d bytes", NPY_LONGEST);
    if (begin + length > size) return refuse(&r, "its header is cut off");
    npy->header_bytes = begin + length;
    r.at = (const char *)byte + begin;
    r.end = r.at + length;
    if (!take(&r, '{')) return refuse(&r, "its header is no dictionary");
    while (!take(&r, '}')) {
        if (!read_member(&r)) return false;
        if (take(&r, ',')) continue;
        if (take(&r, '}')) break;
        return refuse(&r, "its header is no dictionary");
    }
    skip_blanks(&r);
    if (r.at != r.end) return refuse(&r, "its header has more behind the dictionary");
    if (!r.descr || !r.order || !r.shape)
        return refuse(&r, "its header has no %s", !r.descr ? "descr" : !r.order ? "fortran_order" : "shape");
    uint64_t bytes;
    if (__builtin_mul_overflow(npy->elements, npurt_dtype_size(npy->dtype), &bytes) || bytes > SIZE_MAX / 2)
        return refuse(&r, "its shape is larger than memory");
    return true;
}

void npy_to_c_order(const struct npy *npy, const void *from, void *to)
{
    const size_t width = npurt_dtype_size(npy->dtype);
    uint64_t stride[NPURT_MAX_DIMS], index[NPURT_MAX_DIMS] = {0}, at = 0;
    for (uint32_t d = 0; d < npy->ndims; d++)
        stride[d] = d ? stride[d - 1] * npy->shape[d - 1] : 1;
    for (uint64_t i = 0; i < npy->elements; i++) {
        memcpy((char *)to + i * width, (const char *)from + at * width, width);
        for (uint32_t d = npy->ndims; d-- > 0;) { /* the next index: the last one changes fastest */
            at += stride[d];
            if (++index[d] < npy->shape[d]) break;
            at -= stride[d] * npy->shape[d];
            index[d] = 0;
        }
    }
}

size_t npy_write_header(char header[NPY_WRITTEN], npurt_dtype dtype, uint32_t ndims, const uint32_t *shape)
{
    char text[NPY_WRITTEN - 10];
    size_t length =
        (size_t)snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr_of[dtype]);
    for (uint32_t d = 0; d < ndims; d++)
        length += (size_t)snprintf(text + length, sizeof text - length, d ? ", %" PRIu32 : "%" PRIu32, shape[d]);
    length += (size_t)snprintf(text + length, sizeof text - length, ndims == 1 ? ",), }" : "), }");
    const size_t whole = (10 + length + 1 + 63) / 64 * 64;
    memcpy(header, magic, NPY_MAGIC);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((whole - 10) & 255);
    header[9] = (char)((whole - 10) >> 8);
    memcpy(header + 10, text, length);
    memset(header + 10 + length, ' ', whole - 10 - length);
    header[whole - 1] = '\n';
    return whole;
}

const char *npy_descr(npurt_dtype dtype)
{
    return (uint32_t)dtype < NPURT_DTYPE_COUNT ? descr_of[dtype] : "?";
}
