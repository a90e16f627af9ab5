#!/usr/bin/env bash
# explain.sh SOURCE BUILD: npurt explain knows every code, and every page says what the tables say.
set -euo pipefail
source=$1 npurt=$2/bin/npurt
fail() { echo "$1"; exit 1; }

pages=0
for page in "$source"/docs/codes/[a-z]*-*.md; do
  read -r mark family code name < "$page"
  [ "$mark" = '#' ] && [ "$(basename "$page" .md)" = "$family-$code" ] || fail "$page: its title is not its name"
  said=$("$npurt" explain "$family:$code")
  [ "$(head -1 <<<"$said" | cut -d' ' -f1-2)" = "$code $name" ] || fail "$page is titled $name; the table says: $(head -1 <<<"$said")"
  grep -qF -- "$(tail -1 "$page")" <<<"$said" || fail "$page is not what npurt explain prints"
  "$npurt" explain "$name" | grep -qx "$code $name (.*)" || fail "$name is not found by name"
  grep -qF "($family-$code.md)" "$source/docs/codes/README.md" || fail "$page is not in the list"
  pages=$((pages + 1))
done
[ "$pages" -ge 20 ] || fail "only $pages pages"

# Every code of npurt's own statuses, and every driver code of the tables, by number and by name.
codes=0
while read -r code name; do
  "$npurt" explain "npurt:$code" | grep -qx "$code NPURT_$name (.*)" || fail "npurt:$code is not NPURT_$name"
  codes=$((codes + 1))
done < <(sed -n 's/^    NPURT_\([A-Z_]*\) = \([0-9]*\),.*/\2 \1/p' "$source/include/npurt/status.h")
[ "$codes" -ge 23 ] || fail "only $codes statuses found in status.h"

# Every code of npurt's messages, as the protocol and the page number them, by number and by name.
graph=0
while read -r code name status; do
  said=$("$npurt" explain "graph:$code")
  [ "$(head -1 <<<"$said")" = "$code $name (code in npurt's messages)" ] || fail "graph:$code is not $name: $said"
  [ -n "$(sed -n 2p <<<"$said")" ] || fail "graph:$code means nothing"
  "$npurt" explain "$code" | grep -qxF "$(head -1 <<<"$said")" || fail "$name is not among what $code means"
  "$npurt" explain "$name" | grep -qxF "$(head -1 <<<"$said")" || fail "$name is not found by name"
  case $code in
    4 | 6 | 10) here='Here: Never: ' ;; # without a cause: docs/reference/streaming.md
    3 | 8 | 100) here='Here: Told behind the ' ;;
    *) here="ends the run with NPURT_ERROR_$status" ;;
  esac
  grep '^Here: ' <<<"$said" | grep -qF "$here" || fail "graph:$code does not say: $here"
  graph=$((graph + 1))
done < <(awk -F' *[|] *' '/^## /{ inside = /^## Codes of a graph/ }
  inside && $2 ~ /^[0-9]/ { # a row may be of several codes, each with its name, and its status or the one of all
    n = split($2, code, ", "); split($3, name, ", ")
    for (i = 1; i <= n; i++) { if (split($4, status, ", ") < n) status[i] = status[1]; print code[i], name[i], status[i] }
  }' "$source/docs/reference/errors.md")
[ "$graph" -ge 17 ] || fail "only $graph codes found in errors.md"
while read -r code name; do
  "$npurt" explain "graph:$code" | grep -qx "$code $name (.*)" || fail "graph:$code is not STREAM_$name"
done < <(sed -n '/^enum stream_code {/,/^};/s/^    STREAM_\([A-Z_]*\) = \([1-9][0-9]*\),.*/\2 \1/p' "$source/src/protocol/stream.h")
"$npurt" explain 3 | grep -c '^3 ' | grep -qx 4 || fail "3 is a code of four families"

"$npurt" explain aicpu_exception | grep -q '^507018 ' || fail "no prefix, lower case"
"$npurt" explain 0x7bc8a | grep -q '^507018 ' || fail "a hexadecimal number"
"$npurt" explain 13 | grep -c '^13 ' | grep -qx 3 || fail "13 is a code of three families"
"$npurt" explain trap | grep -q '^rt *507036  ACL_ERROR_RT_VECTOR_CORE_TRAP_EXCEPTION' || fail "trap lists nothing"
for word in no_such_code 508999 rt:13; do
  status=0
  "$npurt" explain "$word" > /dev/null 2>&1 || status=$?
  [ "$status" -eq 1 ] || fail "explain $word: status $status"
done
status=0
"$npurt" explain > /dev/null 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "explain without a code: status $status"
status=0
"$npurt" explain cuda:1 > /dev/null 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "explain of an unknown family: status $status"
echo "$pages pages and $codes statuses and $graph codes of messages explained"
