/* Descriptions: what is read, and what is refused with file, line and the words that would do. */
#include "check.h"

#include "bundle/description.h"
#include "bundle/locate.h"

static struct description d;
static char problem[400];

static npurt_status parse(const char *text, enum description_kind kind)
{
    description_release(&d);
    problem[0] = 0;
    return description_parse(text, strlen(text), "c.json", kind, &d, problem, sizeof problem);
}

/* The text is refused, and the message is exactly this. */
#define REFUSED(json, as, said)                                                                                        \
    do {                                                                                                               \
        CHECK_EQ(parse(json, as), NPURT_ERROR_BAD_BINARY);                                                             \
        CHECK_STR(problem, said);                                                                                      \
        CHECK(!d.root && !d.text && !d.kernel && !d.param && !d.scalar);                                               \
    } while (0)

#define HEAD "{\"name\": \"n\",\n \"orchestration\": {\"source\": \"o.c\"},\n"

TEST(reads_every_member)
{
    CHECK_EQ(
        parse("{\"format\": 1, \"name\": \"both\","
              " \"orchestration\": {\"source\": [\"a.c\", \"b.c\"], \"entry\": \"go\"},"
              " \"kernels\": [{\"id\": 7, \"name\": \"k\", \"core\": \"aic\", \"source\": \"k.c\", \"entry\": \"e\"},"
              "               {\"id\": 1023, \"name\": \"l\", \"core\": \"aiv\", \"duration_ns\": 4294967295, "
              "\"source\": \"/abs/l.c\"}],"
              " \"params\": [{\"name\": \"x\", \"access\": \"inout\", \"dtype\": \"bf16\", \"shape\": [0, 2, 3]},"
              "              {\"name\": \"y\", \"access\": \"output\", \"dtype\": \"i64\"}],"
              " \"scalars\": [{\"name\": \"s\", \"dtype\": \"f32\", \"value\": 0.5}, {\"name\": \"t\", \"dtype\": "
              "\"i8\"}]}",
              DESCRIPTION_OF_SOURCES),
        NPURT_OK);
    CHECK_STR(d.name, "both");
    CHECK_EQ(d.orchestration.source_count, 2);
    CHECK_STR(d.orchestration.source[1], "b.c");
    CHECK_STR(d.orchestration.entry, "go");
    CHECK_EQ(d.kernel_count, 2);
    CHECK_EQ(d.kernel[0].id, 7);
    CHECK_EQ(d.kernel[0].core, NPURT_CORE_AIC);
    CHECK_STR(d.kernel[0].entry, "e");
    CHECK_EQ(d.kernel[1].core, NPURT_CORE_AIV);
    CHECK_STR(d.kernel[1].entry, "kernel_entry");
    CHECK_EQ(d.kernel[0].duration_ns, 0);
    CHECK_EQ(d.kernel[1].duration_ns, 4294967295);
    CHECK_STR(d.kernel[1].source[0], "/abs/l.c");
    CHECK_EQ(d.param[0].param.access, NPURT_ACCESS_INOUT);
    CHECK_EQ(d.param[0].param.dtype, NPURT_BF16);
    CHECK_EQ(d.param[0].param.ndims, 3);
    CHECK_EQ(d.param[0].param.shape[0], 0);
    CHECK_EQ(d.param[0].param.shape[2], 3);
    CHECK_EQ(d.param[1].param.access, NPURT_ACCESS_OUTPUT_EXISTING);
    CHECK_EQ(d.param[1].param.ndims, 0);
    CHECK(d.scalar[0].has_value);
    CHECK_EQ(d.scalar[0].bits, 0x3f000000);
    CHECK(!d.scalar[1].has_value);
    description_release(&d);
}

TEST(refusal_names_line_path_and_words)
{
    REFUSED("{\n  \"name\": \"x\",\n}", DESCRIPTION_OF_SOURCES, "c.json:3: string or '}' expected near '}'");
    REFUSED("[]", DESCRIPTION_OF_SOURCES, "c.json:1: an object is due here");
    REFUSED("{\"name\": \"n\"}", DESCRIPTION_OF_SOURCES, "c.json:1: has no \"orchestration\"");
    REFUSED("{\n\n\"nmae\": \"n\"}", DESCRIPTION_OF_SOURCES,
            "c.json:3: nmae: unknown; there are format, name, runtime, orchestration, kernels, params, scalars");
    REFUSED("{\"name\": \"a/b\"}", DESCRIPTION_OF_SOURCES, "c.json:1: name: \"a/b\": letters, digits and _ only");
    REFUSED(HEAD " \"kernels\": [\n  {\"id\": 0, \"name\": \"k\",\n   \"core\": \"aix\", \"source\": \"k.c\"}]}",
            DESCRIPTION_OF_SOURCES, "c.json:5: kernels[0].core: \"aix\" is none of aic, aiv");
    REFUSED(HEAD " \"kernels\": [{\"id\": 1024, \"name\": \"k\", \"core\": \"aiv\", \"source\": \"k.c\"}]}",
            DESCRIPTION_OF_SOURCES, "c.json:3: kernels[0].id: a whole number from 0 to 1023 is due here");
    REFUSED(
        HEAD
        " \"kernels\": [{\"id\": 1, \"name\": \"k\", \"core\": \"aiv\", \"source\": \"k.c\", \"duration_ns\": -1}]}",
        DESCRIPTION_OF_SOURCES, "c.json:3: kernels[0].duration_ns: a whole number from 0 to 4294967295 is due here");
    REFUSED(HEAD " \"kernels\": [{\"id\": 3, \"name\": \"k\", \"core\": \"aiv\", \"source\": \"k.c\"},\n"
                 "  {\"id\": 3, \"name\": \"l\", \"core\": \"aiv\", \"source\": \"l.c\"}]}",
            DESCRIPTION_OF_SOURCES, "c.json:4: kernels[1].id: 3 is the id of \"k\" already");
    REFUSED(HEAD
            " \"params\": [{\"name\": \"x\", \"access\": \"input\", \"dtype\": \"f32\", \"shape\": [1,2,3,4,5,6]}]}",
            DESCRIPTION_OF_SOURCES,
            "c.json:3: params[0].shape: an array of 1 to 5 extents is due here; 0 accepts any extent");
    REFUSED(HEAD " \"scalars\": [{\"name\": \"x\", \"dtype\": \"u8\", \"value\": 256}]}", DESCRIPTION_OF_SOURCES,
            "c.json:3: scalars[0].value: 256 is no value of u8");
}

TEST(runtime_is_one_of_two_and_the_host_builds_the_graph_when_nothing_is_said)
{
    static const char text[] = HEAD " \"runtime\": \"tensormap_and_ringbuffer\"}";
    CHECK_EQ(parse(HEAD " \"kernels\": []}", DESCRIPTION_OF_SOURCES), NPURT_OK);
    CHECK_EQ(d.runtime, NPURT_HOST_BUILD_GRAPH);
    description_release(&d);
    CHECK_EQ(parse(text, DESCRIPTION_OF_SOURCES), NPURT_OK);
    CHECK_EQ(d.runtime, NPURT_TENSORMAP_AND_RINGBUFFER);
    description_release(&d);
    REFUSED(HEAD " \"runtime\": \"tmr\"}", DESCRIPTION_OF_SOURCES,
            "c.json:3: runtime: \"tmr\" is none of host_build_graph, tensormap_and_ringbuffer");
    REFUSED(HEAD " \"runtime\": 1}", DESCRIPTION_OF_SOURCES, "c.json:3: runtime: a text is due here");
    npurt_runtime runtime;
    for (int r = 0; r < 2; r++)
        CHECK(description_runtime_find(description_runtime_name((npurt_runtime)r), &runtime) && (int)runtime == r);
    CHECK(!description_runtime_find("tmr", &runtime));
}

TEST(bundle_needs_its_format_and_stays_in_its_folder)
{
    REFUSED("{\"name\": \"n\", \"orchestration\": {\"binary\": \"o.so\"}}", DESCRIPTION_OF_BUNDLE,
            "c.json:1: has no \"format\": not a built bundle");
    REFUSED("{\"format\": 2, \"new\": 1}", DESCRIPTION_OF_BUNDLE, "c.json:1: format: this npurt knows format 1 only");
    REFUSED("{\"format\": 1, \"name\": \"n\", \"orchestration\": {\"binary\": \"o.so\"}}", DESCRIPTION_OF_BUNDLE,
            "c.json:1: has no \"api\": built by an npurt from before API version 1; this one has API version 2. Build "
            "it again");
    REFUSED("{\"format\": 1,\n\"api\": 7, \"new\": 1}", DESCRIPTION_OF_BUNDLE,
            "c.json:2: api: built with API version 7; this npurt serves versions 1 to 2");
    REFUSED("{\"format\": 1, \"api\": \"1\"}", DESCRIPTION_OF_BUNDLE,
            "c.json:1: api: a whole number from 0 to 4294967295 is due here");
    REFUSED(HEAD " \"api\": 1}", DESCRIPTION_OF_SOURCES,
            "c.json:3: api: unknown; there are format, name, runtime, orchestration, kernels, params, scalars");
    REFUSED("{\"format\": 1, \"api\": 1, \"name\": \"n\", \"orchestration\": {\"source\": \"o.c\"}}",
            DESCRIPTION_OF_BUNDLE, "c.json:1: orchestration.source: unknown; there are binary, entry");
    static const char *const outside[] = {"../o.so", "/lib/o.so", ".", "..", ".o.so", "a/o.so"};
    for (uint32_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        char text[200], message[200];
        snprintf(text, sizeof text,
                 "{\"format\": 1, \"api\": 1, \"name\": \"n\",\n\"orchestration\": {\"binary\": \"%s\"}}", outside[i]);
        snprintf(message, sizeof message,
                 "c.json:2: orchestration.binary: \"%s\" is not a file of the bundle's own folder", outside[i]);
        REFUSED(text, DESCRIPTION_OF_BUNDLE, message);
    }
    char text[400], name[257] = ""; /* a byte more than there is, which cut off would be another file's name */
    memset(name, 'o', 256);
    snprintf(text, sizeof text,
             "{\"format\": 1, \"api\": 1, \"name\": \"n\",\n\"orchestration\": {\"binary\": \"%s\"}}", name);
    REFUSED(text, DESCRIPTION_OF_BUNDLE,
            "c.json:2: orchestration.binary: no file's name is longer than 255 characters");
}

/* Every prefix, and every text with one byte changed, is read or refused, and nothing is left behind (the address
 * sanitizer looks on). */
TEST(any_damage_is_refused_whole)
{
    static const char text[] =
        "{\"format\":1,\"api\":1,\"name\":\"n\",\"orchestration\":{\"binary\":\"o.so\"},\"kernels\":[{"
        "\"id\":0,\"name\":\"k\",\"core\":"
        "\"aiv\",\"binary\":\"k.so\"}],\"params\":[{\"name\":\"x\",\"access\":\"input\","
        "\"dtype\":\"f32\",\"shape\":[4]}],"
        "\"scalars\":[{\"name\":\"s\",\"dtype\":\"i32\",\"value\":-1}]}";
    uint32_t accepted = 0;
    CHECK_EQ(parse(text, DESCRIPTION_OF_BUNDLE), NPURT_OK);
    for (size_t size = 0; size + 1 < sizeof text; size++) {
        description_release(&d);
        problem[0] = 0;
        if (description_parse(text, size, "c.json", DESCRIPTION_OF_BUNDLE, &d, problem, sizeof problem) == NPURT_OK)
            CHECK_FAIL("%zu bytes of %zu are accepted", size, sizeof text - 1);
        CHECK_HAS(problem, "c.json:1: ");
    }
    for (size_t at = 0; at + 1 < sizeof text; at++)
        for (uint32_t bit = 0; bit < 8; bit++) {
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[at] = (char)(changed[at] ^ (1 << bit));
            description_release(&d);
            npurt_status status = description_parse(changed, sizeof text - 1, "c.json", DESCRIPTION_OF_BUNDLE, &d,
                                                    problem, sizeof problem);
            CHECK_EQ((d.root != NULL), (status == NPURT_OK));
            accepted += status == NPURT_OK;
        }
    CHECK(accepted > 0); /* names and numbers can change */
    description_release(&d);
}

TEST(missing_file_and_folder_are_told_apart)
{
    CHECK_EQ(description_load("/nonexistent/bundle.json", DESCRIPTION_OF_BUNDLE, &d, problem, sizeof problem),
             NPURT_ERROR_MISSING_BINARY);
    CHECK_STR(problem, "/nonexistent/bundle.json: No such file or directory");
    CHECK_EQ(description_load("/", DESCRIPTION_OF_BUNDLE, &d, problem, sizeof problem), NPURT_ERROR_IO);
}

TEST(scalar_bits_are_those_of_the_type)
{
    static const struct {
        npurt_dtype dtype;
        const char *text;
        bool good;
        uint64_t bits;
    } row[] = {
        {NPURT_F32, "1", true, 0x3f800000},
        {NPURT_F32, "-0.5", true, 0xbf000000},
        {NPURT_F32, "1e99", false, 0},
        {NPURT_F32, "1x", false, 0},
        {NPURT_BF16, "1", true, 0x3f80},
        {NPURT_BF16, "1.00390625", true, 0x3f80}, /* halfway: to even */
        {NPURT_F16, "1", false, 0},
        {NPURT_I8, "-128", true, 0xffffffffffffff80},
        {NPURT_I8, "128", false, 0},
        {NPURT_U8, "255", true, 255},
        {NPURT_U8, "-1", false, 0},
        {NPURT_I64, "-9223372036854775808", true, 0x8000000000000000},
        {NPURT_U64, "0xffffffffffffffff", true, UINT64_MAX},
        {NPURT_U64, "18446744073709551616", false, 0},
        {NPURT_U32, "", false, 0},
    };
    for (uint32_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint64_t bits = 0;
        if (description_scalar_bits(row[i].dtype, row[i].text, &bits) != row[i].good)
            CHECK_FAIL("%s as %s: taken or refused wrongly", row[i].text, description_dtype_name(row[i].dtype));
        if (row[i].good && bits != row[i].bits)
            CHECK_FAIL("%s as %s: 0x%" PRIx64 ", not 0x%" PRIx64, row[i].text, description_dtype_name(row[i].dtype),
                       bits, row[i].bits);
    }
}

TEST(line_of_a_value_behind_strings_with_brackets)
{
    static const char text[] = "{\n \"a\": \"}]\\\"{\",\n \"b\": [1, {\"c\": [[], {}]},\n  {\"d\": true}],\n\"e\":\n2}";
    CHECK_EQ(locate_line(text, ""), 1);
    CHECK_EQ(locate_line(text, "a"), 2);
    CHECK_EQ(locate_line(text, "b[1].c[1]"), 3);
    CHECK_EQ(locate_line(text, "b[2].d"), 4);
    CHECK_EQ(locate_line(text, "b[3]"), 3); /* not there: what holds it */
    CHECK_EQ(locate_line(text, "e"), 6);
}

TEST_MAIN
