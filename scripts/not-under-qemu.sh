#!/usr/bin/env bash
# not-under-qemu.sh FOLDER: prints which tests of the aarch64 build can not be run under qemu-user, and why. A test that is
# named there but does not exist, or is run all the same, fails the script.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
names() { ctest --test-dir "$folder" -N "$@" | sed -n 's/^ *Test *#[0-9]*: //p'; }
all=$(names) run=$(names -L '^aarch64$')

echo "== $folder: not run, since qemu-user can not do what the test asks"
status=0
while IFS= read -r line; do
  [ -n "$line" ] && [ "${line:0:1}" != '#' ] || continue
  test=${line%%:*}
  echo "  $line"
  grep -qxF -- "$test" <<<"$all" || { echo "  ^ there is no such test" >&2; status=1; }
  ! grep -qxF -- "$test" <<<"$run" || { echo "  ^ it is run" >&2; status=1; }
done <tests/cross/not_under_qemu.txt
exit $status
