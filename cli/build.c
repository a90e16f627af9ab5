/* npurt build: a description, its orchestration and kernels become a bundle (docs/guide/own-code.md).
 *
 * The bundle is made beside its final place and moved there whole: a reader meets the old one or the new one. */
#include "commands.h"
#include "compile.h"
#include "depfile.h"
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/description.h"
#include "files/regular.h"
#include "folder.h"

#define SOURCE_DESCRIPTION "callable.json"

struct build {
    char file[PATH_MAX];   /* the description */
    char folder[PATH_MAX]; /* that sources are relative to */
    char output[PATH_MAX];
    char making[PATH_MAX]; /* the bundle while it is made */
    struct description description;
    npurt_runtime runtime; /* when it was given */
    bool runtime_given;
    struct depfile depfile; /* what the bundle is made of, when that is asked for */
};

static bool complain(const struct build *b, const char *path, const char *text)
{
    fprintf(stderr, "npurt build: %s:%u: %s: %s\n", b->file, description_line(&b->description, path), path, text);
    return false;
}

static bool join(char *out, const char *folder, const char *file)
{
    int length =
        *folder && *file != '/' ? snprintf(out, PATH_MAX, "%s/%s", folder, file) : snprintf(out, PATH_MAX, "%s", file);
    if (length < 0 || length >= PATH_MAX) fprintf(stderr, "npurt build: a path is too long: %s\n", file);
    return length >= 0 && length < PATH_MAX;
}

static void binary_of(const struct description_object *object, bool kernel, char name[80])
{
    snprintf(name, 80, "%s%s.so", kernel ? "kernel_" : "", object->name);
}

/* The compiler would wait for a pipe's writer for ever. */
static bool readable(const char *source, char *problem, size_t size)
{
    uint64_t bytes;
    int fd;
    if (regular_open(source, &fd, &bytes, problem, size) != REGULAR_OK) return false;
    close(fd);
    return true;
}

/* Adds a source and what it includes to the depfile. */
static bool collect(struct build *b, const char *source, char *problem, uint32_t size)
{
    char rule[PATH_MAX];
    if (!b->depfile.stream) return true;
    if (!join(rule, b->making, "rule.d")) return false;
    bool good = compile_dependencies(source, rule, problem, size);
    if (good && !depfile_add_rule(&b->depfile, rule)) {
        snprintf(problem, size, "%s: %s", rule, strerror(errno));
        good = false;
    }
    unlink(rule);
    return good;
}

/* `at` is the object's path in the description. */
static bool build_object(struct build *b, const struct description_object *object, bool kernel, const char *at)
{
    char output[PATH_MAX], binary[80], problem[PATH_MAX + 200], source_path[80];
    char(*file)[PATH_MAX] = malloc(object->source_count * sizeof *file);
    const char *source[DESCRIPTION_MAX_SOURCES];
    bool good = file != NULL;
    binary_of(object, kernel, binary);
    snprintf(source_path, sizeof source_path, "%s.source", at);
    good = good && join(output, b->making, binary);
    for (uint32_t i = 0; good && i < object->source_count; i++) {
        source[i] = file[i];
        good = join(file[i], b->folder, object->source[i]);
        if (good && !readable(file[i], problem, sizeof problem)) good = complain(b, source_path, problem);
    }
    if (good && !compile_shared_object(source, object->source_count, output, object->entry, problem, sizeof problem))
        good = complain(b, source_path, problem);
    for (uint32_t i = 0; good && i < object->source_count; i++)
        if (!collect(b, source[i], problem, sizeof problem)) good = complain(b, source_path, problem);
    free(file);
    return good;
}

/* The description with the shared objects in place of the sources. */
static bool write_description(const struct build *b)
{
    char path[PATH_MAX], name[80];
    json_t *root = json_deep_copy(b->description.root);
    if (!root || !join(path, b->making, DESCRIPTION_FILE)) {
        json_decref(root);
        return false;
    }
    json_object_set_new(root, "format", json_integer(DESCRIPTION_FORMAT));
    json_object_set_new(root, "api", json_integer(NPURT_API_VERSION));
    if (b->runtime_given) json_object_set_new(root, "runtime", json_string(description_runtime_name(b->runtime)));
    json_t *object = json_object_get(root, "orchestration");
    binary_of(&b->description.orchestration, false, name);
    json_object_del(object, "source");
    json_object_set_new(object, "binary", json_string(name));
    for (uint32_t i = 0; i < b->description.kernel_count; i++) {
        object = json_array_get(json_object_get(root, "kernels"), i);
        binary_of(&b->description.kernel[i], true, name);
        json_object_del(object, "source");
        json_object_set_new(object, "binary", json_string(name));
    }
    int failed = json_dump_file(root, path, JSON_INDENT(2));
    json_decref(root);
    if (failed) fprintf(stderr, "npurt build: %s can not be written: %s\n", path, strerror(errno));
    return !failed;
}

static bool build_all(struct build *b)
{
    bool good = build_object(b, &b->description.orchestration, false, "orchestration");
    for (uint32_t i = 0; i < b->description.kernel_count; i++) { /* go on: all complaints at once */
        char at[32];
        snprintf(at, sizeof at, "kernels[%u]", i);
        good = build_object(b, &b->description.kernel[i], true, at) && good;
    }
    return good && write_description(b);
}

static bool find_description(struct build *b, const char *given)
{
    struct stat info;
    if (stat(given, &info) != 0) {
        fprintf(stderr, "npurt build: %s: %s\n", given, strerror(errno));
        return false;
    }
    if (S_ISDIR(info.st_mode)) return join(b->folder, "", given) && join(b->file, given, SOURCE_DESCRIPTION);
    if (!join(b->file, "", given) || !join(b->folder, "", given)) return false;
    char *slash = strrchr(b->folder, '/');
    if (slash == b->folder)
        b->folder[1] = 0;
    else if (slash)
        *slash = 0;
    else
        b->folder[0] = 0;
    return true;
}

static bool begin_depfile(struct build *b)
{
    if (depfile_begin(&b->depfile)) {
        depfile_add_file(&b->depfile, b->file);
        return true;
    }
    fprintf(stderr, "npurt build: no host memory\n");
    return false;
}

/* The bundle is named as it was on the command line: make and ninja compare names letter by letter. */
static bool write_depfile(struct build *b, const char *path)
{
    char target[PATH_MAX];
    if (!join(target, b->output, DESCRIPTION_FILE)) return false;
    if (depfile_end(&b->depfile, target, path)) return true;
    fprintf(stderr, "npurt build: %s can not be written: %s\n", path, strerror(errno));
    return false;
}

int command_build(const struct words *words)
{
    const char *given = words->operand, *output = words_value(words, OPTION_BUNDLE);
    const char *runtime = words_value(words, OPTION_RUNTIME), *depfile = words_value(words, OPTION_DEPFILE);
    char problem[PATH_MAX + 400];
    struct build *b = calloc(1, sizeof *b);
    if (!b) return EXIT_FAILED;
    b->runtime_given = runtime != NULL;
    if (!given) fprintf(stderr, "npurt build: which description? Give %s or its folder\n", SOURCE_DESCRIPTION);
    if (!given || (runtime && !parse_runtime("build", runtime, &b->runtime))) {
        free(b);
        return EXIT_USAGE;
    }
    int status = EXIT_FAILED;
    if (find_description(b, given) && (!depfile || begin_depfile(b))) {
        if (description_load(b->file, DESCRIPTION_OF_SOURCES, &b->description, problem, sizeof problem) != NPURT_OK) {
            fprintf(stderr, "npurt build: %s\n", problem);
        } else {
            int length = output ? snprintf(b->output, sizeof b->output, "%s", output)
                                : snprintf(b->output, sizeof b->output, "%s.bundle", b->description.name);
            if (length > 0 && (size_t)length < sizeof b->output &&
                folder_begin(b->output, DESCRIPTION_FILE, b->making, sizeof b->making)) {
                if (build_all(b) && folder_move(b->making, b->output))
                    status = EXIT_RIGHT;
                else
                    folder_remove(b->making);
            }
            if (status == EXIT_RIGHT && depfile && !write_depfile(b, depfile)) status = EXIT_FAILED;
            if (status == EXIT_RIGHT) printf("%s: %u kernels\n", b->output, b->description.kernel_count);
        }
        description_release(&b->description);
    }
    (void)depfile_end(&b->depfile, "", NULL); /* of a bundle that could not be made */
    free(b);
    return status;
}
