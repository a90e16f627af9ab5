#!/usr/bin/env bash
# apply.sh NAME OUTPUT: the source file that tests/mutants/NAME.sed names, with its fault, into OUTPUT. Fails when the script
# changes nothing: the code has moved on, and the fault is to be put in anew.
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
script=$folder/$1.sed
source=$folder/../../$(sed -n 's/^# file: //p' "$script")
mkdir -p "$(dirname "$2")"
sed -f "$script" "$source" >"$2"
if cmp -s "$source" "$2"; then
  rm -f "$2"
  echo "tests/mutants/$1.sed finds nothing to change in $source" >&2
  exit 1
fi
