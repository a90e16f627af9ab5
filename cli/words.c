#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words/nearest.h"

static bool is_word(const char *word, size_t length, const char *known)
{
    return known && strlen(known) == length && memcmp(known, word, length) == 0;
}

/* The option of a word without its dashes; NULL: there is none. */
static const struct option_spec *find(const struct command_spec *command, const char *name, size_t length, bool letter)
{
    const struct option_spec *option;
    for (uint32_t i = 0; (option = command_option(command, i)); i++)
        if (letter ? option->letter == name[0]
                   : is_word(name, length, option->name) || is_word(name, length, option->alias))
            return option;
    return NULL;
}

static enum words_answer unknown(const struct command_spec *command, const char *word)
{
    const size_t length = strcspn(word, "=");
    const struct option_spec *option;
    struct nearest nearest = {0};
    for (uint32_t i = 0; word[1] == '-' && (option = command_option(command, i)); i++)
        nearest_try(&nearest, word + 2, length - 2, option->name);
    fprintf(stderr, "npurt %s: unknown option %.*s", command->name, (int)length, word);
    if (nearest.word) {
        fprintf(stderr, "; did you mean --%s?\n", nearest.word);
        return WORDS_WRONG;
    }
    fprintf(stderr, "; there are");
    for (uint32_t i = 0; (option = command_option(command, i)); i++)
        fprintf(stderr, "%s --%s", i ? "," : "", option->name);
    fprintf(stderr, "\n");
    return WORDS_WRONG;
}

static enum words_answer take_operand(struct words *words, const char *word)
{
    const struct command_spec *command = words->command;
    if (!command->operand) {
        fprintf(stderr, "npurt %s: takes no arguments, got %s\n", command->name, word);
        return WORDS_WRONG;
    }
    if (words->operand) {
        fprintf(stderr, "npurt %s: one %s at a time: %s or %s\n", command->name, command->operand, words->operand,
                word);
        return WORDS_WRONG;
    }
    words->operand = word;
    return WORDS_READ;
}

enum words_answer words_read(const struct command_spec *command, int argc, char **argv, struct words *words)
{
    bool ended = false;
    *words = (struct words){.command = command, .option = calloc((size_t)argc + 1, sizeof *words->option)};
    if (!words->option) {
        fprintf(stderr, "npurt %s: no host memory\n", command->name);
        return WORDS_WRONG;
    }
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || word[0] != '-' || word[1] == 0) {
            if (take_operand(words, word) != WORDS_READ) return WORDS_WRONG;
            continue;
        }
        const bool letter = word[1] != '-';
        const size_t length = strcspn(word, "=");
        const struct option_spec *option = find(command, word + (letter ? 1 : 2), letter ? 1 : length - 2, letter);
        const char *value = letter ? (word[2] ? word + 2 : NULL) : word[length] ? word + length + 1 : NULL;
        if (!option || (letter && value && !option->value)) return unknown(command, word);
        if (!option->value && value) {
            fprintf(stderr, "npurt %s: --%s takes no value, and there is %s\n", command->name, option->name, word);
            return WORDS_WRONG;
        }
        if (option->id == OPTION_HELP) return WORDS_HELP;
        if (option->id == OPTION_VERSION) return WORDS_VERSION;
        if (option->value && !value && ++i == argc) {
            fprintf(stderr, "npurt %s: %s needs a value, %s\n", command->name, word, option->value);
            return WORDS_WRONG;
        }
        words->option[words->option_count++] = (struct given){option, !option->value ? NULL : value ? value : argv[i]};
    }
    return WORDS_READ;
}

void words_release(struct words *words)
{
    free(words->option);
    *words = (struct words){0};
}

const char *words_value(const struct words *words, enum option id)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < words->option_count; i++)
        if (words->option[i].option->id == id) value = words->option[i].value ? words->option[i].value : "";
    return value;
}
