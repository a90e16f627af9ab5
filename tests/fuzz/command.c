/* The words of `npurt run` and `npurt explain`, and the arrays that they name: lines of the input are words. Bundle `b`
 * and the files x, y and z lie in the current folder. What is understood is within its bounds; what is not is told with
 * the command's name and one of the words. */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "commands.h"
#include "subject.h"

enum { WORDS = 24, ASKED = 100 /* for help or the version */ };

/* Of memory beyond this there is none, so that shapes of all sizes can be tried. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=32";
}

static const char bundle[] =
    "{\"format\": 1, \"api\": 1, \"name\": \"b\", \"orchestration\": {\"binary\": \"o.so\"},"
    " \"params\": [{\"name\": \"x\", \"access\": \"input\", \"dtype\": \"f32\", \"shape\": [0, 4]},"
    "              {\"name\": \"y\", \"access\": \"inout\", \"dtype\": \"i16\"},"
    "              {\"name\": \"z\", \"access\": \"output\", \"dtype\": \"u8\", \"shape\": [3, 2]}],"
    " \"scalars\": [{\"name\": \"s\", \"dtype\": \"i8\"}, {\"name\": \"t\", \"dtype\": \"bf16\", \"value\": 1.5}]}";

static char folder[64];

static void write_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) abort();
    close(fd);
}

static void clean_up(void)
{
    if (chdir(folder) == 0) unlink("b/bundle.json"), rmdir("b"), unlink("x"), unlink("y"), unlink("z");
    rmdir(folder);
}

static void set_up(void)
{
    static const char bytes[64] = "elements";

    if (folder[0]) return;
    snprintf(folder, sizeof folder, "/dev/shm/npurt-fuzz-command-%d", (int)getpid());
    if (mkdir(folder, 0700)) abort();
    atexit(clean_up);
    /* libFuzzer has its own paths, which may be relative: the current folder is changed for a call at a time. */
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0 || chdir(folder) || mkdir("b", 0700)) abort();
    write_file("b/bundle.json", bundle, sizeof bundle - 1);
    write_file("x", bytes, 64);
    write_file("y", bytes, 10);
    write_file("z", bytes, 6);
    if (fchdir(here)) abort();
    close(here);
}

static void check_options(const struct run_options *o)
{
    FUZZ_CHECK(!o->example != !o->bundle, "an example and a bundle, or neither");
    FUZZ_CHECK(!o->example || o->which, "an example without a case");
    FUZZ_CHECK(o->runs >= 1 && o->runs <= UINT32_MAX && o->timeout_s <= 1000, "%llu runs, %u s",
               (unsigned long long)o->runs, o->timeout_s);
    FUZZ_CHECK(memchr(o->target, 0, sizeof o->target) && o->word_count <= RUN_MAX_WORDS, "%u words", o->word_count);
    FUZZ_CHECK(!o->seeded || strstr(o->target, "seed="), "a seed, and %s", o->target);
    FUZZ_CHECK(o->atol >= 0 && o->rtol >= 0, "tolerances %g and %g", o->atol, o->rtol);
    for (uint32_t r = 0; r < NPURT_RINGS; r++)
        FUZZ_CHECK(o->ring_given || !(o->ring[r].task_window || o->ring[r].edges || o->ring[r].heap_bytes),
                   "ring %u, and nobody gave it", r);
    FUZZ_CHECK(!o->ring_given || !o->example || o->runtime == NPURT_TENSORMAP_AND_RINGBUFFER, "rings of no runtime");
}

/* A number begins with a digit: what a C library takes beyond that is a slip of the user's. */
static void check_numbers(int argc, char **argv)
{
    static const char *const option[] = {"--runs", "--seed", "--aicpu-threads", "--timeout"};

    for (int i = 0; i < argc; i++) {
        const size_t n = strcspn(argv[i], "=");
        const char *name = argv[i], *value = name[n] ? name + n + 1 : NULL;
        if (strcmp(name, "--") == 0) break;
        if (name[0] != '-' || !name[1] || strcmp(name, "--json") == 0) continue;
        if (!value) value = argv[++i]; /* every option but --json has one */
        for (int k = 0; k < 4; k++)
            FUZZ_CHECK(strlen(option[k]) != n || memcmp(option[k], name, n) != 0 || (*value >= '0' && *value <= '9'),
                       "%s %s is a number", option[k], value);
    }
}

static bool try_bundle(const struct run_options *options)
{
    struct subject subject;
    char problem[512] = "";
    double error = 0;
    npurt_status status;

    if (subject_of_bundle(options, &subject)) abort();
    status = subject.ops->prepare(&subject, problem, sizeof problem);
    if (status == NPURT_OK) {
        FUZZ_CHECK(subject.args.tensor_count == 3 && subject.args.scalar_count == 2, "%u and %u arguments",
                   subject.args.tensor_count, subject.args.scalar_count);
        for (uint32_t i = 0; i < 3; i++) {
            const npurt_call_tensor *t = &subject.args.tensors[i];
            FUZZ_CHECK(t->host && t->ndims >= 1 && t->ndims <= NPURT_MAX_DIMS, "tensor %u", i);
            FUZZ_CHECK(example_tensor_bytes(t) <= 32 << 20, "tensor %u has %llu bytes", i,
                       (unsigned long long)example_tensor_bytes(t));
        }
        FUZZ_CHECK((int64_t)subject.args.scalars[0] >= -128 && (int64_t)subject.args.scalars[0] <= 127, "s is %lld",
                   (long long)subject.args.scalars[0]);
        FUZZ_CHECK(subject.args.scalars[1] <= 0xffff, "t is %llx", (unsigned long long)subject.args.scalars[1]);
        subject.ops->restore(&subject);
        if (subject.checked) FUZZ_CHECK(subject.ops->check(&subject, &error) >= 0, "no check");
    } else {
        fuzz_sentence(problem, sizeof problem);
        FUZZ_CHECK(status == NPURT_ERROR_INVALID_ARGUMENT || status == NPURT_ERROR_IO ||
                       status == NPURT_ERROR_OUT_OF_HOST_MEMORY || status == NPURT_ERROR_MISSING_BINARY,
                   "status %d: %s", status, problem);
    }
    subject.ops->release(&subject);
    return status == NPURT_OK;
}

/* What the command prints goes to `said` instead. */
static int speak(enum command which, int (*command)(const struct words *, struct run_options *), int argc, char **argv,
                 struct run_options *options, char **said)
{
    struct words words;
    FILE *const own_out = stdout, *const own_error = stderr;
    size_t length;
    int answer = EXIT_RIGHT;

    stderr = stdout = open_memstream(said, &length);
    if (!stderr) abort();
    switch (words_read(&command_table[which], argc, argv, &words)) {
    case WORDS_READ:
        answer = command(&words, options);
        break;
    case WORDS_HELP:
    case WORDS_VERSION:
        answer = ASKED;
        break;
    case WORDS_WRONG:
        answer = EXIT_USAGE;
    }
    words_release(&words);
    fclose(stderr);
    stdout = own_out;
    stderr = own_error;
    return answer;
}

static int run(const struct words *words, struct run_options *options)
{
    return run_options_take(words, options) ? EXIT_RIGHT : EXIT_USAGE;
}

static int explain(const struct words *words, struct run_options *options)
{
    (void)options;
    return command_explain(words);
}

static bool ends_in(const char *word, const char *end)
{
    return strlen(word) > strlen(end) && strcmp(word + strlen(word) - strlen(end), end) == 0;
}

static void try_explain(int argc, char **argv)
{
    char *said = NULL;
    const int status = speak(COMMAND_EXPLAIN, explain, argc, argv, NULL, &said);

    if (status == ASKED) {
        free(said);
        fuzz_verdict(true);
        return;
    }
    /* FAILED: the word names a file, and that is no dump (docs/guide/command.md) */
    bool file = false;
    for (int i = 0; i < argc; i++)
        file = file || strchr(argv[i], '/') || ends_in(argv[i], ".json") || access(argv[i], F_OK) == 0;
    FUZZ_CHECK(status == EXIT_RIGHT || status == EXIT_WRONG || status == EXIT_USAGE || (status == EXIT_FAILED && file),
               "status %d", status);
    FUZZ_CHECK(said && said[0], "status %d without a word", status);
    FUZZ_CHECK((status == EXIT_RIGHT) == (strncmp(said, "npurt explain: ", 15) != 0), "status %d: %s", status, said);
    fuzz_verdict(status == EXIT_RIGHT);
    free(said);
}

static void try_run(int argc, char **argv)
{
    static struct run_options options;
    char *said = NULL;
    bool named = argc == 0;
    const int status = speak(COMMAND_RUN, run, argc, argv, &options, &said);

    if (status == ASKED) {
        fuzz_verdict(true);
    } else if (status == EXIT_RIGHT) {
        FUZZ_CHECK(!said[0], "understood, and said %s", said);
        check_options(&options);
        check_numbers(argc, argv);
        fuzz_verdict(options.bundle ? try_bundle(&options) : true);
    } else {
        fuzz_verdict(false);
        FUZZ_CHECK(strncmp(said, "npurt run: ", 11) == 0 && said[strlen(said) - 1] == '\n', "%s", said);
        for (int i = 0; i < argc; i++)
            named = named || fuzz_names_a_word(said, argv[i], "=") || strlen(argv[i]) > 30;
        FUZZ_CHECK(named || strstr(said, "what?") || strstr(said, "--"), "%s names no word", said);
    }
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char *text = fuzz_text(&in), *at = text, *word[WORDS + 1];
    int count = 0, here;

    set_up();
    for (char *line; count < WORDS && (line = strsep(&at, "\n"));)
        word[count++] = line;
    word[count] = NULL;
    here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0 || chdir(folder)) abort();
    if (strcmp(word[0], "explain") == 0)
        try_explain(count - 1, word + 1);
    else
        try_run(count, word);
    if (fchdir(here)) abort();
    close(here);
    free(text);
    return 0;
}
