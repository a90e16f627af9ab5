#!/usr/bin/env bash
# doctor.sh BUILD: npurt doctor finds every engine of every machine alive, and of a machine that something is wrong with it
# finds what: the plan that broke it is the expectation.
set -euo pipefail
npurt=$1/bin/npurt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1"; [ ! -s "$work/json" ] || cat "$work/json"; exit 1; }

# examine STATUS TARGET: the report is in $work/json.
examine() {
  local status=0
  "$npurt" doctor "$2" --timeout 1 --json > "$work/json" 2> "$work/errors" || status=$?
  [ "$status" = "$1" ] || fail "$2: status $status, not $1"
  [ ! -s "$work/errors" ] || fail "$2: says on standard error: $(cat "$work/errors")"
}
is() { [ "$(jq -r "$1" "$work/json")" = "$2" ] || fail "$1 is $(jq -r "$1" "$work/json"), not $2"; }
state() { is ".checks[]|select(.name==\"$1\").state" "$2"; }
says() { grep -qF -- "$2" <<<"$(jq -r ".checks[]|select(.name==\"$1\").detail" "$work/json")" || fail "$1 does not say: $2"; }
# Failed checks, in order, with commas.
failed() { is '[.checks[]|select(.state=="failed").name]|join(",")' "$1"; }

# healthy TARGET AICS AIVS: each core once at least, by the numbers that the machine page gives.
healthy() {
  examine 0 "$1"
  is .passed true
  is '[.checks[]|select(.state!="ok")]|length' 0
  is '[.cores[]|select(.type=="AIC" and .ran>0 and .right==.ran).core]|join(" ")' "$(echo $2)"
  is '[.cores[]|select(.type=="AIV" and .ran>0 and .right==.ran).core]|join(" ")' "$(echo $3)"
  is '.device_programs|length' 3
  is .protocol "$(jq -r .aicpu_program "$work/json" | sed 's/init: protocol \([0-9]*\),.*/\1/')"
}
healthy emu:a2 "$(seq 0 23)" "$(seq 25 72)"
healthy emu:a3:0 "$(seq 0 11) $(seq 13 24)" "$(seq 25 48) $(seq 51 74)"
healthy emu:a3:1 "$(seq 0 11) $(seq 13 24)" "$(seq 25 48) $(seq 51 74)"
healthy emu:a5 "$(seq 0 17) $(seq 54 71)" "$(seq 18 53) $(seq 72 107)"
says AICPU '6 of 6 threads'
healthy 'emu:a5?seed=5' "$(seq 0 17) $(seq 54 71)" "$(seq 18 53) $(seq 72 107)"
healthy 'emu:a2?engine=thread&clusters=3&aicpus=4' "0 1 2" "$(seq 25 30)"
says AICPU '3 of 4 threads'
says AICPU '1 did not: a thread that schedules owns a cluster'
NPUEMU_CARDS=$work/cards healthy 'emu:a5?card=doctor&hbm=8GiB&clusters=2' "0 1" "18 19 20 21"
says 'HBM limit' 'half: others may use the device'
NPUEMU_MACHINE=a3 LD_LIBRARY_PATH=$1/lib/cann healthy cann:1 "$(seq 0 11) $(seq 13 24)" "$(seq 25 48) $(seq 51 74)"
is .environment.NPUEMU_MACHINE a3

# One engine is broken once: it alone is named, and a reset brings the rest.
broken() { examine 3 "emu:a5?faults=$1"; is .passed false; failed "$2"; is '[.cores[]|select(.failed).core]|join(",")' "$3"; }
broken core-silent:core=5 AIC 5
says AIC 'physical core 5, an AIC'
says AIC 'after a reset 36 of 36 ran'
state AIV ok
state AICPU ok
state close ok
broken core-faults:core=60 AIC 60
says AIC 'faulted on core 60 (AIC)'
broken core-faults:core=77 AIV 77
says AIV 'faulted on core 77 (AIV)'
is '.checks[]|select(.name=="AIV").error.status' NPURT_ERROR_KERNEL_FAULT
broken core-spins:core=20 AIV 20
says AIV 'made no progress for 1000 ms on core 20 (AIV)'
broken copy-fails:nth=8 memory ''
is '.checks[]|select(.name=="memory").error.driver_name' ACL_ERROR_RT_DRV_INTERNAL_ERROR
broken alloc-fails:nth=9 'HBM limit' ''
broken alloc-fails open ''
says open 'a second try worked'
broken stream-exhaustion:nth=5 streams ''
says streams '207008'
broken aicpu-faults:nth=3 AIC ''
says AIC 'the AICPU program failed'
broken aicpu-process-dies:nth=5 AIV ''
says AIV 'the device-side process went away'
broken install-truncated open ''

# Broken for good: what else it would have proved is not proven.
broken core-faults:core=3:times=0 AIC,clusters 3
says AIC 'a second time'
is '[.cores[]|select(.type=="AIV" and .right>0)]|length' 72
broken core-silent:core=19:times=0 AIC,AIV,clusters,AICPU 19
broken aicpu-overlaunch:workers=2 AICPU ''
says AICPU '2 of 6 threads serve at the same time'
broken reset-lies:times=0,core-faults:core=7 AIC 7
is '[.checks[]|select(.state=="not run").name]|join(",")' AIV,clusters,AICPU
says AIV 'the device did not come back from a reset'

# No driver, no programs, no such target, no sense.
LD_LIBRARY_PATH=/nonexistent examine 3 cann:0
failed driver
says driver 'libruntime.so'
says driver 'set_env.sh'
is '[.checks[]|select(.state=="not run")]|length' 9
mkdir "$work/empty"
NPURT_BINARIES=$work/empty examine 3 emu:a5
failed open
says open "$work/empty"
is .environment.NPURT_BINARIES "$work/empty"
examine 3 emu:a9
failed open
for words in '--timeout' '--timeout 0' '--wrong' 'emu:a2 emu:a5'; do
  status=0
  "$npurt" doctor $words > "$work/json" 2> "$work/errors" || status=$?
  [ "$status" = 2 ] || fail "npurt doctor $words: status $status, not 2"
  grep -q '^npurt doctor: ' "$work/errors" || fail "npurt doctor $words: $(cat "$work/errors")"
done
"$npurt" doctor emu:a2 > "$work/text"
[ "$(grep -c '^ok ' "$work/text")" = 11 ] && grep -q '^all is well: 11 checks$' "$work/text" || fail "$(cat "$work/text")"
echo "ok"
