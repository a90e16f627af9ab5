#!/usr/bin/env bash
# examples.sh SOURCE BUILD CC: compiles the C code printed in README.md and docs/guide/, as strictly as our own, and runs
# the first graph; its output must be what the page says.
set -euo pipefail
source=$1 build=$2 cc=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=c11 -O2 -Wall -Wextra -Wshadow -Werror "-I$source/include")

blocks=0
for page in "$source/README.md" "$source"/docs/guide/*.md; do
  folder=$work/$(basename "$page" .md)
  mkdir -p "$folder"
  awk -v folder="$folder" -f "$source/tests/docs/extract.awk" "$page"
  for file in "$folder"/*.c; do
    [ -e "$file" ] || continue
    "$cc" "${flags[@]}" -fPIC -c "$file" -o "${file%.c}.o" || { echo "$page: $(basename "$file") does not compile"; exit 1; }
    blocks=$((blocks + 1))
  done
done
# A page that lost its fences would otherwise pass.
[ "$blocks" -ge 6 ] || { echo "only $blocks C files found in the pages"; exit 1; }

cd "$work/first-graph"
for part in scale accumulate orchestration; do "$cc" "${flags[@]}" -shared -fPIC $part.c -o $part.so; done
"$cc" "${flags[@]}" main.c -o main -L"$build/lib" -lnpurt -Wl,-rpath,"$build/lib"
wanted=$(sed -n 's/^\.\/main  *# //p' "$source/docs/guide/first-graph.md" | head -1)
for target in emu:a5 emu:a2; do
  said=$(./main $target)
  [ "$said" = "$wanted" ] || { echo "on $target the first graph says \"$said\", not \"$wanted\""; exit 1; }
done
echo "$blocks C files compiled; the first graph says: $wanted"
