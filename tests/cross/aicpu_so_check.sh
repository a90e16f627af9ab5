#!/usr/bin/env bash
# The check of the AICPU SOs finds each thing it is there to find. Arguments: the cross compiler, the check.
set -euo pipefail
cc=$1 check=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# try NAME EXPECTED FLAGS…: compiles stdin with the flags; the check must complain with EXPECTED, or pass when it is "".
try() {
  local name=$1 expected=$2 output
  shift 2
  "$cc" -shared -fPIC -O1 -x c - -o "$dir/$name.so" "$@"
  if output=$("$check" "$dir/$name.so" entry 2>&1); then
    [ -z "$expected" ] || { echo "$name passed the check"; exit 1; }
  else
    [ -n "$expected" ] && grep -q "$expected" <<<"$output" || { echo "$name: the check says '$output'"; exit 1; }
  fi
}

plain='int entry(void) { return 0; }'
try good "" -Wl,-Bsymbolic <<<"$plain"
try unbound "not bound to itself" <<<"$plain"
try thread_local "thread-local" -Wl,-Bsymbolic <<<'static __thread int x; int entry(void) { return ++x; }'
try more "exports 'entry other'" -Wl,-Bsymbolic <<<"$plain int other(void) { return 0; }"
try less "exports ''" -Wl,-Bsymbolic <<<'__attribute__((visibility("hidden"))) int entry(void) { return 0; }'
try newer "needs pthread_create@GLIBC_2.34" -Wl,-Bsymbolic \
  <<<'#include <pthread.h>
      int entry(void) { pthread_t t; return pthread_create(&t, 0, 0, 0); }'
try missing "needs nobody_has_it" -Wl,-Bsymbolic <<<'int nobody_has_it(void); int entry(void) { return nobody_has_it(); }'
try unweak "without being weak" -Wl,-Bsymbolic <<<'int DlogRecord(void); int entry(void) { return DlogRecord(); }'
echo "the check finds all of them"
