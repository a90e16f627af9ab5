#!/usr/bin/env bash
# tidy.sh BUILD: clang-tidy over the files named on standard input, two at a time; fails when one has a finding.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
[ -f "$build/compile_commands.json" ] || { echo "tidy: $build has no compile_commands.json" >&2; exit 1; }
# Sources outside this configuration (the silicon ports, a part switched off) have no command line to check with.
known=$(jq -r '.[].file' "$build/compile_commands.json" | sort -u)
while read -r file; do
  grep -qxF "$PWD/$file" <<<"$known" && echo "$file"
done | xargs -r -P 2 -n 1 clang-tidy -p "$build" --quiet --warnings-as-errors='*'
