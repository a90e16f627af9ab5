#!/usr/bin/env bash
# test.sh FOLDER [ctest option…]: runs the tests of a build folder. A slice that selects no test fails: it would prove
# nothing. What a failed test printed is shown, and ctest's summary comes last.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift

# A sanitizer's finding must fail the test that met it, wherever the process is in its life.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=0:abort_on_error=0:exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=0:exitcode=66:second_deadlock_stack=1}
echo "== $folder: ctest $*"
exec ctest --test-dir "$folder" --output-on-failure --no-tests=error "$@"
