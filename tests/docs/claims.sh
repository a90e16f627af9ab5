#!/usr/bin/env bash
# claims.sh SOURCE BUILD CC: sentences of the pages that can be tried are tried. A sentence that is not in its page any more
# fails too: the page has changed, and so must what is tried here.
set -euo pipefail
source=$1 build=$2 cc=$3
npurt=$build/bin/npurt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

says() { # PAGE SENTENCE: line breaks and blanks count as one blank
  tr -s ' \n' ' ' <"$source/$1" | grep -qF -- "$2" || { echo "$1 does not say: $2"; exit 1; }
  count=$((count + 1))
}
wrong() { echo "not so: $*"; exit 1; }

# ---- targets.md
says docs/guide/targets.md "The same string opened twice in a process gives two handles to one device: one HBM budget, one set of cores."
says docs/guide/targets.md "What a handle has allocated or loaded is its own; the other refuses its addresses."
says docs/guide/targets.md "Another string, be it by one option, is another device. \`emu:a3\` is \`emu:a3:0\`."
says docs/guide/targets.md "| a2, a3: 24; a5: 36 |"
says docs/guide/targets.md "| aicpus | AICPU threads | 6 |"
says docs/guide/targets.md "| a2: 64 GiB; a3: 61.3 GiB, what the card lets be seen of 64; a5: 128 GiB |"
"$cc" -O1 -Wall -Wextra -Werror -I"$source/include" "$source/tests/docs/claims.c" -o "$work/claims" -L"$build/lib" -lnpurt \
  -Wl,-rpath,"$build/lib"
"$work/claims" a2 24 6 64 a3 24 6 61.3 a5 36 6 128
says docs/guide/targets.md "free; timed when a seed is given"
[ "$("$npurt" run vector_example --json | jq .trace_hash)" = null ] || wrong "a free run has a trace hash"
[ "$("$npurt" run vector_example --target 'emu:a5?seed=7' --json | jq .trace_hash)" != null ] || wrong "a seed selects timed mode"

# ---- environment.md: every variable that the library, the card or the command reads
says docs/guide/environment.md "All there are."
for variable in $(grep -rhoE 'getenv\("[A-Z_]+"\)' "$source/src/host" "$source/src/emu" "$source/cli" | grep -oE '[A-Z_]{2,}' | sort -u); do
  grep -qF "\`$variable\`" "$source/docs/guide/environment.md" || wrong "environment.md has all: $variable is missing"
done
says docs/guide/environment.md "machine string of the devices 0, 1, …, as after \`emu:\` in a [target](targets.md) | \`a5\` |"
[ "$(LD_LIBRARY_PATH=$build/lib/cann "$npurt" run vector_example --target cann:0 --json | jq -r .error)" = null ] || wrong "cann:0 runs"

# ---- README.md
says README.md "runs a 5-task graph"
[ "$("$npurt" run vector_example --json | jq .tasks)" = 5 ] || wrong "vector_example has 5 tasks"
says README.md "each has its orchestration, golden and a page, and the kernels that no other example has"
for example in $("$npurt" list | awk '/^[a-z]/ {print $1}'); do
  for part in orchestration.c golden.c README.md; do
    [ -e "$source/examples/$example/$part" ] || wrong "examples/$example has $part"
  done
done

# ---- command.md: the exit statuses
says docs/guide/command.md "| 2 | wrong usage; the message lists the words that are known |"
status=0
"$npurt" run vector_example --size enormous > /dev/null 2> "$work/words" || status=$?
[ $status -eq 2 ] && grep -q small "$work/words" || wrong "wrong usage is status 2 and lists the sizes: $status, $(cat "$work/words")"
says docs/guide/command.md "| 3 | something failed, or the output could not be written; the error record is on standard error |"
status=0
"$npurt" run vector_example --target emu:a9 > /dev/null 2> "$work/words" || status=$?
[ $status -eq 3 ] && grep -q NO_TARGET "$work/words" || wrong "a target that is not there is status 3: $status, $(cat "$work/words")"

echo "$count sentences tried"
