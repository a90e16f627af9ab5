#!/usr/bin/env bash
# bench.sh BUILD: runs every benchmark program of a build folder, one after the other, with nothing beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shopt -s nullglob
programs=("$build"/bin/bench_*)
[ "${#programs[@]}" -gt 0 ] || { echo "bench: no bench_* program in $build/bin" >&2; exit 1; }
echo "machine: $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
for program in "${programs[@]}"; do
  echo
  echo "== $(basename "$program")"
  "$program"
done
