#!/usr/bin/env bash
# fuzz.sh FOLDER SECONDS JOBS [NAME…]: runs every fuzzer of a build folder (or those named) for so long each, so many at a
# time, on the inputs of the repository and on what earlier runs have found, which is kept in FOLDER/fuzz/NAME. Prints a
# line for each at its end. A finding is left as FOLDER/fuzz/NAME-crash-…, and fails the script.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 seconds=$2 jobs=$3
shift 3

names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(find "$folder/bin" -name 'fuzz_*' -type f -executable -printf '%f\n' | sed 's/^fuzz_//' | sort)
[ "${#names[@]}" -gt 0 ] || { echo "no fuzzers in $folder/bin" >&2; exit 1; }

one() {
  local folder=$1 seconds=$2 name=$3 log options status=0
  mkdir -p "$folder/fuzz/$name"
  log=$folder/fuzz/$name.log
  options=(-max_total_time="$seconds" -timeout=25 -max_len=8192 -rss_limit_mb=1024 -malloc_limit_mb=100000
           -artifact_prefix="$folder/fuzz/$name-" -print_final_stats=1)
  [ -f "tests/fuzz/$name.dict" ] && options+=(-dict="tests/fuzz/$name.dict")
  "$folder/bin/fuzz_$name" "${options[@]}" "$folder/fuzz/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
  local runs cover
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  cover=$(grep -oE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$log" | tail -1 || true)
  echo "fuzz_$name: ${runs:-?} runs, ${cover:-no coverage}$([ $status -eq 0 ] || echo ", FINDING: see $log")"
  return $status
}
export -f one
printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I{} bash -c 'one "$0" "$1" "{}"' "$folder" "$seconds"
