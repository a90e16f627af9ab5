/* Headers of .npy files, each written out by hand. The script npy.sh tries whole files. */
#include "npy.h"

#include "check.h"

struct header {
    uint8_t byte[512];
    size_t size;
};

/* A header of a version, its text as given, `more` bytes longer than there are. */
static struct header make(uint8_t version, const char *text, size_t more)
{
    struct header h = {{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0}, version == 1 ? 10 : 12};
    const size_t length = strlen(text) + more;
    h.byte[8] = (uint8_t)(length & 255);
    h.byte[9] = (uint8_t)(length >> 8);
    memcpy(h.byte + h.size, text, strlen(text));
    h.size += strlen(text);
    return h;
}

static void refused(uint8_t version, const char *text, const char *reason)
{
    const struct header h = make(version, text, 0);
    struct npy npy;
    char problem[256] = "";
    if (npy_read_header(h.byte, h.size, &npy, problem, sizeof problem)) CHECK_FAIL("read: %s", text);
    CHECK_HAS(problem, reason);
}

TEST(header_says_type_order_and_shape)
{
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }      \n";
    for (uint8_t version = 1; version <= 3; version++) {
        const struct header h = make(version, text, 0);
        struct npy npy;
        char problem[256];
        if (!npy_read_header(h.byte, h.size, &npy, problem, sizeof problem)) CHECK_FAIL("%s", problem);
        CHECK_EQ(npy.dtype, NPURT_F32);
        CHECK(!npy.fortran_order);
        CHECK_EQ(npy.ndims, 2);
        CHECK(npy.shape[0] == 3 && npy.shape[1] == 4);
        CHECK_EQ(npy.elements, 12);
        CHECK_EQ(npy.header_bytes, h.size);
    }
}

TEST(other_ways_to_write_the_same_are_read)
{
    static const char *const text[] = {"{\"shape\":(5,),\"fortran_order\":True,\"descr\":\"<u2\"}\n",
                                       "{'shape': (5L,), 'descr': '<u2', 'fortran_order': True}",
                                       " { 'fortran_order' : True , 'shape' : ( 5 ) , 'descr' : '<u2' , } "};
    for (uint32_t i = 0; i < 3; i++) {
        const struct header h = make(1, text[i], 0);
        struct npy npy;
        char problem[256];
        if (!npy_read_header(h.byte, h.size, &npy, problem, sizeof problem)) CHECK_FAIL("%s: %s", text[i], problem);
        CHECK(npy.dtype == NPURT_U16 && npy.fortran_order && npy.ndims == 1 && npy.shape[0] == 5);
    }
    const struct header h = make(1, "{'descr': '|V2', 'fortran_order': False, 'shape': ()}", 0);
    struct npy npy;
    char problem[256];
    CHECK(npy_read_header(h.byte, h.size, &npy, problem, sizeof problem));
    CHECK(npy.dtype == NPURT_BF16 && npy.ndims == 1 && npy.shape[0] == 1 && npy.elements == 1);
}

#define HEADER(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape "}"

TEST(what_npurt_can_not_take_is_refused_by_name)
{
    refused(1, HEADER("'>f4'", "False", "(3,)"),
            "'>f4' is big-endian; npurt reads little-endian elements: x.astype('<f4')");
    refused(1, HEADER("'<f8'", "False", "(3,)"), "'<f8' is none of npurt's");
    refused(1, HEADER("'|b1'", "False", "(3,)"), "'|b1'");
    refused(1, HEADER("'|O'", "False", "(3,)"), "'|O'");
    refused(1, HEADER("'<c8'", "False", "(3,)"), "'<c8'");
    refused(1, HEADER("[('a', '<f4')]", "False", "(3,)"), "records");
    refused(1, HEADER("'<f4'", "false", "(3,)"), "neither True nor False");
    refused(1, HEADER("'<f4'", "False", "(1, 2, 3, 4, 5, 6)"), "more than 5 dimensions");
    refused(1, HEADER("'<f4'", "False", "(0, 2)"), "is 0");
    refused(1, HEADER("'<f4'", "False", "(-1,)"), "no tuple of numbers");
    refused(1, HEADER("'<f4'", "False", "(4294967296,)"), "larger than 2^32 - 1");
    refused(1, HEADER("'<f4'", "False", "(4294967295, 4294967295, 4294967295)"), "larger than memory");
    refused(1, HEADER("'<i8'", "False", "(4294967295, 2147483648)"), "larger than memory");
    refused(1, HEADER("'<f4'", "False", "3"), "no tuple");
    refused(1, "{'descr': '<f4', 'shape': (3,)}", "no fortran_order");
    refused(1, "{'descr': '<f4', 'descr': '<f4'}", "twice");
    refused(1, "{'descr': '<f4', 'colour': 'red'}", "colour");
    refused(1, "{'descr': '<f4'", "no dictionary");
    refused(1, HEADER("'<f4'", "False", "(3,)") " 7", "behind the dictionary");
    refused(4, HEADER("'<f4'", "False", "(3,)"), "format version is 4.0");
    struct header h = make(1, HEADER("'<f4'", "False", "(3,)"), 1);
    struct npy npy;
    char problem[256];
    CHECK(!npy_read_header(h.byte, h.size, &npy, problem, sizeof problem));
    CHECK_HAS(problem, "cut off");
    h.byte[9] = h.byte[8] = 255; /* 65,535 + 10 */
    CHECK(!npy_read_header(h.byte, h.size, &npy, problem, sizeof problem));
    CHECK_HAS(problem, "longer than 65536 bytes");
    for (size_t size = 0; size < 12; size++)
        CHECK(!npy_read_header(h.byte, size, &npy, problem, sizeof problem));
}

TEST(fortran_order_is_turned)
{
    /* a[i][j][k] = 100 i + 10 j + k, first index fastest */
    struct npy npy = {.dtype = NPURT_U16, .fortran_order = true, .ndims = 3, .shape = {2, 3, 4}, .elements = 24};
    uint16_t from[24], to[24], at = 0;
    for (uint16_t k = 0; k < 4; k++)
        for (uint16_t j = 0; j < 3; j++)
            for (uint16_t i = 0; i < 2; i++)
                from[at++] = (uint16_t)(100 * i + 10 * j + k);
    npy_to_c_order(&npy, from, to);
    at = 0;
    for (uint16_t i = 0; i < 2; i++)
        for (uint16_t j = 0; j < 3; j++)
            for (uint16_t k = 0; k < 4; k++)
                CHECK_EQ(to[at++], 100 * i + 10 * j + k);
}

TEST(written_header_is_as_numpy_writes_it)
{
    static const char wanted[] = "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
    char header[NPY_WRITTEN];
    CHECK_EQ(npy_write_header(header, NPURT_F32, 2, (const uint32_t[]){3, 4}), 128);
    CHECK(memcmp(header, wanted, sizeof wanted - 1) == 0);
    for (size_t i = sizeof wanted - 1; i < 127; i++)
        CHECK_EQ(header[i], ' ');
    CHECK_EQ(header[127], '\n');
    CHECK_EQ(npy_write_header(header, NPURT_I8, 1, (const uint32_t[]){7}), 128);
    CHECK(memcmp(header + 10, "{'descr': '|i1', 'fortran_order': False, 'shape': (7,), } ", 58) == 0);
    const uint32_t most[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    CHECK_EQ(npy_write_header(header, NPURT_U64, 5, most), 128);
}

TEST_MAIN
