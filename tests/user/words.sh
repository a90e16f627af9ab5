#!/usr/bin/env bash
# words.sh SOURCE BUILD: the habits of a command line. Help, the parser and the pages say the same of every command and
# option; misspelt words are answered with the nearest; output that can not be written is a failure; colours are for
# terminals.
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
npurt=$build/bin/npurt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "$1"; exit 1; }

# answer STATUS COMMAND…: both outputs are in said.
answer() {
  local status=0 wanted=$1
  shift
  "$@" > said 2>&1 || status=$?
  [ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat said)"
}
says() { grep -qF -- "$1" said || fail "no '$1' in: $(cat said)"; }

# ---- the ways to ask, and that the parser takes what help shows and nothing else
answer 0 "$npurt" help
commands=$(sed -n 's/^  npurt \([a-z]*\) .*/\1/p' said)
[ "$(wc -w <<<"$commands")" -ge 8 ] || fail "commands: $commands"
options=0
for command in $commands; do
  "$npurt" help "$command" > "$command.help"
  for words in "$command --help" "$command -h"; do
    "$npurt" $words | cmp - "$command.help" || fail "npurt $words is not npurt help $command"
  done
  [ "$("$npurt" "$command" --version)" = "$("$npurt" version)" ] && [ "$("$npurt" "$command" -V)" = "$("$npurt" -V)" ] || fail "$command -V"
  while read -r option value; do
    options=$((options + 1))
    if [ "$value" ]; then
      answer 2 "$npurt" "$command" "$option"
      says "npurt $command: $option needs a value"
    else
      answer 2 "$npurt" "$command" "$option=x"
      says "npurt $command: $option takes no value"
    fi
    misspelt=${option}q
    answer 2 "$npurt" "$command" "$misspelt"
    says "unknown option $misspelt; did you mean $option?"
  done < <(sed -n 's/^  \(    \|-., \)\(--[a-z-]*\) \{0,1\}\([A-Z][^ ]*\)\{0,1\}.*/\2 \3/p' "$command.help")
done
[ "$options" -ge 36 ] || fail "only $options options"
# Every option of the page docs/guide/command.md is one of help, and every one of help is on the page.
on_page=$(grep -o -- '--[a-z][a-z-]*' "$source/docs/guide/command.md" | sort -u)
in_help=$(grep -oh -- '--[a-z][a-z-]*' ./*.help | sort -u)
[ "$on_page" = "$in_help" ] || fail "options of the page and of help differ: $(diff <(echo "$on_page") <(echo "$in_help"))"
[ "$("$npurt" --version)" = "$("$npurt" version)" ] || fail --version
"$npurt" --help | cmp - <("$npurt" help)
answer 2 "$npurt"
says 'npurt run EXAMPLE|FOLDER'
answer 2 "$npurt" help exlpain
says 'did you mean "explain"?'
answer 2 "$npurt" devcies
says 'did you mean "devices"?'
answer 2 "$npurt" devices emu:a5
says 'takes no arguments'

# ---- manual pages and completion: every command and option of help
pages=$build/pages
for command in $commands; do
  grep -q "npurt.*$command" "$pages/npurt.1" || fail "npurt.1 has no $command"
  for option in $(grep -o -- '--[a-z][a-z-]*' "$command.help" | sort -u); do
    grep -qF -- "${option//-/\\-}" "$pages/npurt-$command.1" || fail "npurt-$command.1 has no $option"
    [ "$option" = --tolerance ] && continue # another name: understood, not offered
    bash -c '. "$1"; COMP_WORDS=(npurt "$2" "$3"); COMP_CWORD=2; _npurt; printf "%s\n" "${COMPREPLY[@]}"' - "$pages/npurt.bash" "$command" \
      "$option" | grep -qxF -- "$option" || fail "bash does not complete npurt $command $option"
    sed -n "/^$command)/,/;;/p" "$pages/_npurt" | grep -qF -- "$option" || fail "zsh does not know npurt $command $option"
    grep -q -- "__fish_seen_subcommand_from $command' -l ${option#--} " "$pages/npurt.fish" || fail "fish does not know npurt $command $option"
  done
done
complete() {
  bash -c '. "$1"; shift; COMP_WORDS=(npurt "$@"); COMP_CWORD=$#; _npurt; echo "${COMPREPLY[*]}"' - "$pages/npurt.bash" "$@"
}
[ "$(complete d)" = 'devices doctor' ] || fail "npurt d: $(complete d)"
[ "$(complete run paged)" = 'paged_attention paged_attention_spmd' ] || fail "npurt run paged: $(complete run paged)"
[ "$(complete run --target emu:a3)" = 'emu:a3:0 emu:a3:1' ] || fail "--target emu:a3: $(complete run --target emu:a3)"
[ "$(complete help bu)" = build ] || fail "npurt help bu: $(complete help bu)"
! command -v zsh > /dev/null || zsh -n "$pages/_npurt" || fail "zsh does not read _npurt"
! command -v fish > /dev/null || fish -n "$pages/npurt.fish" || fail "fish does not read npurt.fish"
# A page for each function that the library exports, and for those of the headers alone; all of them are sound.
functions=$(nm -D --defined-only "$build/lib/libnpurt.so" | sed -n 's/.* T \(npurt_[a-z0-9_]*\)@@.*/\1/p')
[ "$(wc -w <<<"$functions")" -ge 30 ] || fail "functions: $functions"
for name in $functions npurt_task_input npurt_orch_submit npurt_kernel_data npurt_tensor_slice npurt_device_open; do
  [ -s "$pages/$name.3" ] || fail "$name has no page"
done
grep -qF 'bytes' "$pages/npurt_memory_alloc.3" || fail "npurt_memory_alloc.3 does not say what its header says"
if command -v groff > /dev/null; then
  bad=$(for page in "$pages"/*.[137]; do LC_ALL=C.UTF-8 groff -man -Tutf8 -Kutf8 -ww -z "$page" 2>&1 | head -3; done)
  [ -z "$bad" ] || fail "$bad"
fi

# ---- words
answer 3 "$npurt" build -- --help
says '--help: No such file'
answer 2 "$npurt" explain -- 507018 hal:13
answer 0 "$npurt" explain -- 507018
answer 2 "$npurt" run matmull
says 'did you mean "matmul"?'
answer 2 "$npurt" run matmul --size samll
says 'did you mean "small"?'
answer 2 "$npurt" run matmul --runtime host_build_grph
says 'did you mean "host_build_graph"?'
answer 3 "$npurt" run matmul --target 'emu:a5?clustres=4'
says 'did you mean "clusters"?'
answer 3 "$npurt" run matmul --target emu:b5
says 'did you mean "a5"?'
answer 2 "$npurt" build . -x
says 'unknown option -x'
answer 3 "$npurt" build nothing -oout

# ---- output that can not be written
for words in help 'help run' version list 'explain 507018' 'run --help' '--version' devices 'doctor emu:a5?clusters=1 --json' \
    'run vector_example --target emu:a5?clusters=1 --json' 'run vector_example --target emu:a5?clusters=1'; do
  status=0
  "$npurt" $words > /dev/full 2> said || status=$?
  [ "$status" = 3 ] || fail "npurt $words > /dev/full: status $status"
  says 'standard output can not be written: No space left on device'
done
status=0
"$npurt" version >&- 2> said || status=$?
[ "$status" = 3 ] || fail "npurt version >&-: status $status"
says 'standard output can not be written'
# Into a pipe without a reader, with the signal and with it ignored: the fifo is opened both ways, then the reader goes.
mkfifo pipe
for ignored in '' 1; do
  status=0
  ( [ -z "$ignored" ] || trap '' PIPE; exec 3<> pipe; exec 4> pipe; exec 3>&-; exec "$npurt" help >&4 2> said ) || status=$?
  [ "$status" -ne 0 ] || fail "npurt help into a closed pipe: status 0"
  [ -z "$ignored" ] || { [ "$status" = 3 ] || fail "status $status"; says 'Broken pipe'; }
done

# ---- colours
cat > terminal.py <<'P'
import os, pty, sys
output = b""
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    output += part
os.waitpid(pid, 0)
sys.stdout.buffer.write(output)
P
coloured() { env -u NO_COLOR TERM=xterm "$@" | grep -q $'\033\['; }
coloured python3 terminal.py "$npurt" help || fail "no colours on a terminal"
coloured NO_COLOR= python3 terminal.py "$npurt" help || fail "an empty NO_COLOR is none"
! coloured "$npurt" help || fail "colours into a pipe"
! coloured NO_COLOR=1 python3 terminal.py "$npurt" help || fail "NO_COLOR is not respected"
! coloured TERM=dumb python3 terminal.py "$npurt" help || fail "colours on a dumb terminal"
echo "$options options as said"
