#!/usr/bin/env bash
# build.sh FOLDER TARGET [CMake option…]: configures FOLDER (quietly, unless it fails) and builds TARGET in it.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 target=$2
shift 2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake -S . -B "$folder" -G Ninja "$@" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
cmake --build "$folder" --target "$target"
