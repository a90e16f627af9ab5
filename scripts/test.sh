#!/usr/bin/env bash
# test.sh FOLDER [ctest option…]: runs the tests of a build folder. A slice that selects no test fails: it would prove
# nothing. What a failed test printed is shown, and ctest's summary comes last. With -jN, tests labelled waits come first,
# twice as many at a time: they wait for limits to pass and leave the CPUs alone.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift

# A sanitizer's finding must fail the test that met it, wherever the process is in its life.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=0:abort_on_error=0:exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=0:exitcode=66:second_deadlock_stack=1}
echo "== $folder: ctest $*"
run() { ctest --test-dir "$folder" --output-on-failure --no-tests=error "$@"; }
jobs=
for word in "$@"; do
  [[ $word != -j* ]] || jobs=${word#-j}
done
waits=
[ -z "$jobs" ] || waits=$(ctest --test-dir "$folder" -N "$@" -L '^waits$' | sed -n 's/^ *Test *#[0-9]*: //p' | paste -sd'|')
[ -n "$waits" ] || { run "$@"; exit; }
status=0
run "$@" -R "^($waits)$" -j$((2 * jobs)) || status=$?
run "$@" -E "^($waits)$" || status=$?
exit $status
