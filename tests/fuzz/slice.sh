#!/usr/bin/env bash
# slice.sh PROGRAM FOLDER NAME RUNS: every input of FOLDER/corpus/NAME, then mutations of them from a fixed seed until RUNS
# inputs have been tried. Nothing is written but a finding, which lies beside the program. Both kinds of input, taken and
# refused, must have been met.
set -euo pipefail
program=$1 folder=$2 name=$3 runs=$4

inputs=$(find "$folder/corpus/$name" -type f | sort | paste -sd,)
[ -n "$inputs" ] || { echo "no inputs in $folder/corpus/$name" >&2; exit 1; }
options=(-seed=1 -runs="$runs" -timeout=10 -max_len=8192 -rss_limit_mb=1024 -malloc_limit_mb=100000
         -seed_inputs="$inputs" -artifact_prefix="$program-")
[ -f "$folder/$name.dict" ] && options+=(-dict="$folder/$name.dict")
FUZZ_BOTH=1 exec "$program" "${options[@]}"
