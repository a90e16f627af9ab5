/* Completion for three shells: commands, options, and the values that are known. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

/* For each command, the words that may stand where an operand does; empty: files, or nothing. */
static void put_operands(FILE *to, const struct command_spec *command)
{
    if (command->offers_examples) pages_examples(to, " ");
    if (command->offers_commands) pages_commands(to, " ");
    if (!command->offers_commands && command->offer == OFFER_WORDS && command->words) fputs(command->words, to);
}

static void bash(const char *folder)
{
    const struct option_spec *option;
    FILE *to = pages_open(folder, "npurt.bash");
    fputs("# bash completion for npurt\n"
          "_npurt_words()\n{\n"
          "    local word=$1 before=$2 command=$3\n"
          "    local options= operands= files=\n"
          "    if [ \"$4\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '",
          to);
    pages_commands(to, " ");
    fputs("' -- \"$word\"))\n        return\n    fi\n    case $command:$before in\n", to);
    for (uint32_t c = 0; c < COMMANDS; c++)
        for (uint32_t i = 0; (option = command_option(&command_table[c], i)); i++) {
            if (!option->value) continue;
            fprintf(to, "    %s:--%s", command_table[c].name, option->name);
            if (option->alias) fprintf(to, "|%s:--%s", command_table[c].name, option->alias);
            if (option->letter) fprintf(to, "|%s:-%c", command_table[c].name, option->letter);
            if (option->offer == OFFER_WORDS)
                fprintf(to, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", option->words);
            else if (option->offer == OFFER_FILES)
                fputs(") COMPREPLY=($(compgen -f -- \"${word#*=}\")); return ;;\n", to);
            else
                fputs(") return ;;\n", to);
        }
    fputs("    esac\n    case $command in\n", to);
    for (uint32_t c = 0; c < COMMANDS; c++) {
        fprintf(to, "    %s)\n        options='", command_table[c].name);
        for (uint32_t i = 0; (option = command_option(&command_table[c], i)); i++)
            fprintf(to, "%s--%s", i ? " " : "", option->name);
        fputs("'\n        operands='", to);
        put_operands(to, &command_table[c]);
        fprintf(to, "'\n        files=%s ;;\n", command_table[c].offer == OFFER_FILES ? "yes" : "");
    }
    fputs("    esac\n"
          "    case $word in\n"
          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
          "    *) COMPREPLY=($(compgen -W \"$operands\" -- \"$word\") $([ -z \"$files\" ] || compgen -f -- \"$word\")) "
          ";;\n"
          "    esac\n"
          "}\n"
          "# Without the package bash-completion a word ends at a colon, as readline sees it.\n"
          "_npurt()\n{\n"
          "    local cur prev words cword\n"
          "    COMPREPLY=()\n"
          "    if declare -F _get_comp_words_by_ref > /dev/null; then\n"
          "        _get_comp_words_by_ref -n := cur prev words cword\n"
          "    else\n"
          "        words=(\"${COMP_WORDS[@]}\") cword=$COMP_CWORD\n"
          "        cur=${words[cword]} prev=${words[cword-1]}\n"
          "    fi\n"
          "    _npurt_words \"$cur\" \"$prev\" \"${words[1]}\" \"$cword\"\n"
          "    if declare -F __ltrim_colon_completions > /dev/null; then __ltrim_colon_completions \"$cur\"; fi\n"
          "}\n"
          "complete -o filenames -F _npurt npurt\n",
          to);
    pages_close(to);
}

/* Inside of single quotes in brackets of _arguments. */
static void put_zsh(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:\\", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void put_zsh_operands(FILE *to, const struct command_spec *command)
{
    char *text = NULL;
    size_t size;
    FILE *words = open_memstream(&text, &size);
    if (!words) abort();
    put_operands(words, command);
    fclose(words);
    put_zsh(to, text);
    free(text);
}

static void put_zsh_action(FILE *to, enum offer offer, const char *words)
{
    if (offer == OFFER_FILES) fputs("_files", to);
    if (offer == OFFER_WORDS && words) {
        fputs("(", to);
        put_zsh(to, words);
        fputs(")", to);
    }
}

static void zsh(const char *folder)
{
    const struct option_spec *option;
    FILE *to = pages_open(folder, "_npurt");
    fputs("#compdef npurt\n"
          "local -a commands\n"
          "commands=(\n",
          to);
    for (uint32_t c = 0; c < COMMANDS; c++) {
        fprintf(to, "  '%s:", command_table[c].name);
        put_zsh(to, command_table[c].summary);
        fputs("'\n", to);
    }
    fputs(")\n"
          "if (( CURRENT == 2 )); then\n  _describe command commands\n  return\nfi\n"
          "local command=$words[2]\n"
          "shift words\n(( CURRENT-- ))\n"
          "case $command in\n",
          to);
    for (uint32_t c = 0; c < COMMANDS; c++) {
        const struct command_spec *command = &command_table[c];
        fprintf(to, "%s)\n  _arguments \\\n", command->name);
        for (uint32_t i = 0; (option = command_option(command, i)); i++) {
            if (option->letter)
                fprintf(to, "    {-%c,--%s}'[", option->letter, option->name);
            else
                fprintf(to, "    '*--%s[", option->name);
            put_zsh(to, option->text);
            fputs("]", to);
            if (option->value) {
                fputs(":", to);
                put_zsh(to, option->value);
                fputs(":", to);
                put_zsh_action(to, option->offer, option->words);
            }
            fputs("' \\\n", to);
        }
        if (command->operand) {
            fputs("    '::", to);
            put_zsh(to, command->operand);
            if (command->offer == OFFER_FILES && !command->offers_examples) {
                fputs(":_files", to);
            } else {
                fputs(command->offer == OFFER_FILES ? ":{_alternative \"names\\:name\\:(" : ":(", to);
                put_zsh_operands(to, command);
                fputs(command->offer == OFFER_FILES ? ")\" \"files\\:file\\:_files\"}" : ")", to);
            }
            fputs("'\n", to);
        } else {
            fputs("    && return\n", to);
        }
        fputs("  ;;\n", to);
    }
    fputs("esac\n", to);
    pages_close(to);
}

/* Inside of single quotes. */
static void put_fish(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') fputc('\\', to);
        fputc(*text, to);
    }
}

static void fish(const char *folder)
{
    const struct option_spec *option;
    FILE *to = pages_open(folder, "npurt.fish");
    fputs("# fish completion for npurt\ncomplete -c npurt -f\n", to);
    for (uint32_t c = 0; c < COMMANDS; c++) {
        fprintf(to, "complete -c npurt -n __fish_use_subcommand -a %s -d '", command_table[c].name);
        put_fish(to, command_table[c].summary);
        fputs("'\n", to);
    }
    for (uint32_t c = 0; c < COMMANDS; c++) {
        const struct command_spec *command = &command_table[c];
        if (command->operand) {
            fprintf(to, "complete -c npurt -n '__fish_seen_subcommand_from %s'%s -a '", command->name,
                    command->offer == OFFER_FILES ? " -F" : "");
            put_operands(to, command);
            fputs("'\n", to);
        }
        for (uint32_t i = 0; (option = command_option(command, i)); i++) {
            fprintf(to, "complete -c npurt -n '__fish_seen_subcommand_from %s' -l %s", command->name, option->name);
            if (option->letter) fprintf(to, " -s %c", option->letter);
            if (option->value) fputs(" -r", to);
            if (option->value && option->offer == OFFER_FILES) fputs(" -F", to);
            if (option->value && option->offer == OFFER_WORDS) fprintf(to, " -a '%s'", option->words);
            fputs(" -d '", to);
            put_fish(to, option->text);
            fputs("'\n", to);
        }
    }
    pages_close(to);
}

void pages_completion(const char *folder)
{
    bash(folder);
    zsh(folder);
    fish(folder);
}
