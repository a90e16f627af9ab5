/* The file of `npurt explain`: a dump, as bytes, or one of dumps/ with edits. What is refused is told with the file's name and a
 * line; what is taken is shown whole, and begins with the first cause that it holds.
 *
 * The first byte of the input chooses: 0 the rest is the file, else one of the dumps. An edit is a way down the document (a
 * byte per level: which member), and what becomes of the value there. */
#include "fuzz.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>

#include "dump.h"

enum { DUMPS = 5, EDITS = 12, DEPTH = 8 };

static const char *const name[DUMPS] = {"host", "rings", "snapshot", "none", "lost"};
static json_t *dump[DUMPS];
static char path[64];
static int file = -1;

static void set_up(void)
{
    if (file >= 0) return;
    for (int i = 0; i < DUMPS; i++) {
        char from[512];
        snprintf(from, sizeof from, "%s/%s.json", FUZZ_DUMPS, name[i]);
        if (!(dump[i] = json_load_file(from, 0, NULL))) abort();
    }
    file = memfd_create("dump", MFD_CLOEXEC);
    if (file < 0) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
}

static void forget(void)
{
    for (int i = 0; i < DUMPS; i++)
        json_decref(dump[i]);
}

/* ---- edits */

static json_t *value_of(struct fuzz_input *in)
{
    static const int64_t number[] = {0, 1, -1, 7, 64, 65, 2048, INT32_MAX, UINT32_MAX, INT64_MAX, INT64_MIN};
    static const char *const text[] = {"", "running", "unreleased", "sent", "loading", "waiting", "AIV", "0xffffffffffffffff",
                                       "a text that is longer than what any column of the page has room for, by far"};
    const uint32_t what = (uint32_t)fuzz_number(in, 1);
    switch (what % 8) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(what & 8);
    case 2:
        return json_integer(number[what / 8 % (sizeof number / sizeof number[0])]);
    case 3:
        return json_integer((json_int_t)fuzz_number(in, 4));
    case 4:
        return json_real((double)(int64_t)fuzz_number(in, 8) * 1e-3);
    case 5:
        return json_string(text[what / 8 % (sizeof text / sizeof text[0])]);
    case 6:
        return json_array();
    default:
        return json_object();
    }
}

/* The n-th member or element of a container, or NULL. */
static json_t *child(json_t *of, uint32_t n, const char **key, size_t *index)
{
    *key = NULL;
    if (json_is_array(of) && json_array_size(of) > 0) return json_array_get(of, *index = n % json_array_size(of));
    if (!json_is_object(of) || json_object_size(of) == 0) return NULL;
    void *at = json_object_iter(of);
    for (n %= (uint32_t)json_object_size(of); n > 0; n--)
        at = json_object_iter_next(of, at);
    *key = json_object_iter_key(at);
    return json_object_iter_value(at);
}

static void edit(json_t *root, struct fuzz_input *in)
{
    json_t *of = root, *at;
    const char *key;
    size_t index = 0;
    uint32_t depth = (uint32_t)fuzz_number(in, 1) % DEPTH;
    while ((at = child(of, (uint32_t)fuzz_number(in, 1), &key, &index)) && depth-- > 0 &&
           (json_array_size(at) > 0 || json_object_size(at) > 0))
        of = at;
    if (!at) return;
    switch (fuzz_number(in, 1) % 4) {
    case 0: /* goes */
        key ? json_object_del(of, key) : json_array_remove(of, index);
        break;
    case 1: /* comes twice */
        if (!key) json_array_insert_new(of, index, json_deep_copy(at));
        break;
    default:
        key ? json_object_set_new(of, key, value_of(in)) : json_array_set_new(of, index, value_of(in));
    }
}

static char *text_of(struct fuzz_input *in, size_t *size)
{
    const uint32_t which = (uint32_t)fuzz_number(in, 1) % (DUMPS + 1);
    if (which == 0) return fuzz_block(in, in->left, size);
    json_t *root = json_deep_copy(dump[which - 1]);
    if (!root) abort();
    for (int i = 0; i < EDITS && in->left > 0; i++)
        edit(root, in);
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (!text) abort();
    *size = strlen(text);
    return text;
}

/* ---- reading */

static void check_page(const char *page, const json_t *root)
{
    const json_t *error = json_object_get(root, "error");
    const char *status = json_string_value(json_object_get(error, "status"));
    if (!status) status = "A snapshot";
    FUZZ_CHECK(strncmp(page, status, strlen(status)) == 0, "%.60s does not begin with %s", page, status);
    FUZZ_CHECK(strstr(page, path), "the page does not name its file");
    FUZZ_CHECK(json_is_null(json_object_get(root, "run")) || strstr(page, "\nTasks\n"), "no tasks");
}

static void check_refusal(const char *problem, size_t size)
{
    fuzz_sentence(problem, size);
    FUZZ_CHECK(strncmp(problem, path, strlen(path)) == 0 && problem[strlen(path)] == ':', "%s", problem);
    const char *line = problem + strlen(path) + 1;
    FUZZ_CHECK(*line == '-' || (*line >= '0' && *line <= '9'), "%s has no line", problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char problem[512] = "", *page = NULL;
    size_t length = 0;

    if (file < 0) {
        set_up();
        atexit(forget);
    }
    char *text = text_of(&in, &length);
    if (ftruncate(file, 0) || pwrite(file, text, length, 0) != (ssize_t)length) abort();
    free(text);
    json_t *root = dump_load(path, problem, sizeof problem);
    fuzz_verdict(root != NULL);
    if (!root) {
        check_refusal(problem, sizeof problem);
        return 0;
    }
    FILE *const own = stdout;
    stdout = open_memstream(&page, &length);
    if (!stdout) abort();
    dump_show(path, root);
    fclose(stdout);
    stdout = own;
    check_page(page, root);
    free(page);
    json_decref(root);
    return 0;
}
