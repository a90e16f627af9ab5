#!/usr/bin/env bash
# page.sh PAGE SOURCE BUILD: does what a page of the guide says, in an empty folder with an empty home. Files are the
# blocks behind <!-- file: NAME -->; every sh block is run, in order, in one shell. A line of a block may end in
#     # → TEXT       its output has TEXT in it
#     # fails: TEXT  it fails, with TEXT in its output
# A page with gdb in it is skipped, with status 77, where the kernel lets no process trace another.
set -euo pipefail
page=$(realpath "$1") NPURT_SOURCE=$(realpath "$2") NPURT_BUILD=$(realpath "$3")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
export HOME=$work/home NPURT_SOURCE NPURT_BUILD
mkdir "$HOME" "$work/folder"
cd "$work/folder"

if grep -q '^gdb ' "$page"; then
  said=$(gdb -q -batch -ex run --args true 2>&1) || true
  if ! grep -q 'exited normally' <<<"$said" && grep -qiE 'ptrace|not trace' <<<"$said"; then
    echo "skipped: $(basename "$page") needs ptrace, and it is not permitted here: $(grep -iE -m1 'ptrace|not trace' <<<"$said")"
    exit 77
  fi
fi

awk -v script="$work/page.bash" '
  /^<!-- file: .* -->$/ { file = $3; next }
  /^```/ && !block { block = file ? "file" : $0 == "```sh" ? "sh" : "other"
                     if (file) { folder = file; if (sub("/[^/]*$", "", folder)) system("mkdir -p " folder) }
                     next }
  /^```$/ { if (block == "file") close(file); block = ""; file = ""; next }
  block == "file" { print > file }
  block == "sh" {
    line = $0
    if (match(line, / +# → /)) how = "has"
    else if (match(line, / +# fails: /)) how = "fails"
    else { print line > script; next }
    command = substr(line, 1, RSTART - 1); text = substr(line, RSTART + RLENGTH)
    gsub("\047", "\047\\\047\047", command); gsub("\047", "\047\\\047\047", text)
    print how " \047" command "\047 \047" text "\047" > script
  }' "$page"

[ -s "$work/page.bash" ] || { echo "$page: no commands found"; exit 1; }
cat "$here/words.bash" "$work/page.bash" > "$work/all.bash"
bash -euo pipefail "$work/all.bash"
echo "$(grep -c . "$work/page.bash") commands and $(find . -name '*.c' | wc -l) C files of $(basename "$page") do what the page says"
