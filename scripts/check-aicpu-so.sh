#!/usr/bin/env bash
# check-aicpu-so.sh FILE SYMBOL…: FILE can be loaded by the AICPU of a card (docs/reference/aicpu-so.md): aarch64, no
# thread-local storage, exactly the named symbols exported, bound to itself, no symbol version above GLIBC_2.17, nothing
# undefined but the C library's and the two weak symbols of the AICPU process. Names what does not hold; status 1.
set -euo pipefail

cap=2.17
file=$1
shift
failed=0
complain() { echo "$file: $1" >&2; failed=1; }

readelf -hW "$file" | grep -q 'Machine: *AArch64' || complain "not for aarch64"
readelf -lW "$file" | grep -q '^ *TLS ' && complain "has a thread-local segment"
readelf -sW "$file" | awk '$4 == "TLS"' | grep -q . && complain "uses thread-local symbols"
readelf -rW "$file" | grep -q 'R_AARCH64_TLS' && complain "has thread-local relocations"
readelf -dW "$file" | grep -Eq 'SYMBOLIC' || complain "is not bound to itself (-Bsymbolic)"

symbols=$(readelf --dyn-syms -W "$file" | awk 'NR > 3 && $5 != "LOCAL" && $8 != "" { print $7, $5, $8 }')
exported=$(awk '$1 != "UND" { sub(/@.*/, "", $3); print $3 }' <<<"$symbols" | sort | xargs)
wanted=$(printf '%s\n' "$@" | sort | xargs)
[ "$exported" = "$wanted" ] || complain "exports '$exported', not '$wanted'"

while read -r bind name; do
  case $name in
    *@GLIBC_*)
      version=${name##*GLIBC_}
      newest=$(printf '%s\n%s\n' "$cap" "$version" | sort -V | tail -1)
      [ "$newest" = "$cap" ] || complain "needs $name, above GLIBC_$cap" ;;
    DlogRecord|halGetDeviceInfo|__cxa_finalize|__gmon_start__|_ITM_*)
      [ "$bind" = WEAK ] || complain "needs $name, which may be missing, without being weak" ;;
    *) complain "needs $name, which nobody provides" ;;
  esac
done < <(awk '$1 == "UND" && $3 != "" { print $2, $3 }' <<<"$symbols")
exit "$failed"
