#!/usr/bin/env bash
# names.sh SOURCES: names.c as C11 and as C++17, with gcc and clang, without a warning. A scalar whose type says nothing of
# how a kernel reads it must not compile.
set -euo pipefail
sources=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-Wall -Wextra -Wconversion -Wshadow -Werror -I "$sources/include")

for compiler in "gcc -std=c11" "clang -std=c11" "g++ -std=c++17 -x c++" "clang++ -std=c++17 -x c++"; do
  $compiler "${flags[@]}" -o "$work/names" "$sources/tests/user/names.c"
  "$work/names"
  for scalar in 0.5 '&refused' '"text"' 0.5L; do
    if $compiler "${flags[@]}" -DREFUSED="$scalar" -o "$work/refused" "$sources/tests/user/names.c" 2>"$work/words"; then
      echo "$compiler takes $scalar for a scalar"
      exit 1
    fi
    grep -q npurt_task_scalar "$work/words" || { cat "$work/words"; exit 1; }
  done
  echo "$compiler: right"
done
