#!/usr/bin/env bash
# build.sh BUILD: npurt build refuses what will not work, says where, and never harms what was there; npurt run takes a
# bundle's arguments or names the one that is wrong.
set -euo pipefail
npurt=$(realpath "$1")/bin/npurt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "$1"; exit 1; }

# refused STATUS TEXT COMMAND…: it ends with STATUS, and TEXT is in what it says.
refused() {
  local status=0 wanted=$1 text=$2 said
  shift 2
  said=$("$@" 2>&1) || status=$?
  [ "$status" -eq "$wanted" ] || fail "$*: status $status, not $wanted: $said"
  grep -qF -- "$text" <<<"$said" || fail "$*: no '$text' in: $said"
}

cat > add.c <<'C'
#include <npurt/kernel.h>
#include "amount.h"
NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *x = npurt_kernel_tensor(args, 0), *y = npurt_kernel_tensor(args, 1);
    const int32_t *in = npurt_kernel_data(x);
    int32_t *out = npurt_kernel_data(y);
    for (uint32_t i = 0; i < y->shape[0]; i++) out[i] += in[i] + AMOUNT + npurt_kernel_i32(args, 0);
}
C
echo '#define AMOUNT 0' > amount.h
cat > tasks.c <<'C'
#include <npurt/orchestration.h>
NPURT_API int go(npurt_orch *orch, const npurt_orch_args *args);
int go(npurt_orch *orch, const npurt_orch_args *args)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 5);
    npurt_task_input(&task, &args->tensor[0]);
    npurt_task_inout(&task, &args->tensor[1]);
    npurt_task_scalar(&task, args->scalar[0]);
    npurt_orch_submit(orch, &task, NULL);
    return 0;
}
C
cat > callable.json <<'J'
{"name": "add",
 "orchestration": {"source": "tasks.c", "entry": "go"},
 "kernels": [
   {"id": 5, "name": "add", "core": "aiv", "source": ["add.c"]}],
 "params": [{"name": "x", "access": "input", "dtype": "i32", "shape": [0]},
            {"name": "y", "access": "inout", "dtype": "i32", "shape": [4]}],
 "scalars": [{"name": "more", "dtype": "i32"}]}
J
python3 - <<'P'
from array import array
for name, values in ("x", [1, 2, 3, -4]), ("y", [10, 20, 30, 40]), ("sum", [4, 15, 26, 29]), ("off", [4, 15, 26, 30]):
    array("i", values).tofile(open(name, "wb"))
open("short", "wb").write(b"12345")
P

# ---- building ----
"$npurt" build . > said
grep -qx 'add.bundle: 1 kernels' said || fail "npurt build says: $(cat said)"
[ "$(ls add.bundle | xargs)" = "bundle.json kernel_add.so orchestration.so" ] || fail "the bundle holds: $(ls add.bundle)"
CC=clang CFLAGS="-DUNUSED -O1" "$npurt" build callable.json -o other > /dev/null
refused 3 'the compiler no-such-cc does not start' env CC=no-such-cc "$npurt" build .
sed 's/"add.c"/"sub.c"/' callable.json > a.json
refused 3 'a.json:4: kernels[0].source: sub.c: No such file' "$npurt" build a.json
sed 's/"entry": "go"/"entry": "stop"/' callable.json > a.json
refused 3 'a.json:2: orchestration.source: exports no function "stop"' "$npurt" build a.json
echo 'int broken(' > broken.c
sed 's/"add.c"/"add.c", "broken.c"/' callable.json > a.json
refused 3 'a.json:4: kernels[0].source: cc failed with status 1' "$npurt" build a.json
printf '#include "amount.h"\nvoid elsewhere(void);\nvoid kernel_entry(long *a) { (void)a; elsewhere(); }\n' > broken.c
sed 's/"add.c"/"broken.c"/' callable.json > a.json
refused 3 'elsewhere' "$npurt" build a.json
refused 3 'nothing.json: No such file' "$npurt" build nothing.json
refused 2 'which description' "$npurt" build
refused 2 'unknown option --out' "$npurt" build --out x
refused 2 '--runtime x: unknown; there are host_build_graph (hbg) and tensormap_and_ringbuffer (tmr)' "$npurt" build . --runtime x
refused 2 '--runtime needs a value' "$npurt" build . --runtime
"$npurt" build . -o streamed --runtime tmr > /dev/null
jq -e '.runtime == "tensormap_and_ringbuffer"' streamed/bundle.json > /dev/null || fail "$(cat streamed/bundle.json)"
mkdir precious && touch precious/file
refused 3 'precious is there and is no bundle' "$npurt" build . -o precious
[ "$(ls precious)" = file ] || fail "precious was touched"
before=$(sha256sum add.bundle/*)
refused 3 elsewhere "$npurt" build a.json -o add.bundle
[ "$(sha256sum add.bundle/*)" = "$before" ] || fail "a failed build changed the bundle that was there"
[ -z "$(ls -d ./*.bundle.* 2>/dev/null)" ] || fail "left behind: $(ls -d ./*.bundle.*)"
echo '#define AMOUNT 7' > amount.h
"$npurt" build . > /dev/null
[ "$(sha256sum add.bundle/*)" != "$before" ] || fail "the bundle was not made anew"
echo '#define AMOUNT 0' > amount.h
"$npurt" build . > /dev/null

# ---- the rule for make: a header that changes builds the bundle again, nothing else does ----
mkdir made 'made/a folder' && cp add.c tasks.c callable.json made && mv made/add.c 'made/a folder' && cp amount.h 'made/a folder'
sed -i 's|"add.c"|"a folder/add.c"|' made/callable.json
cat > made/makefile <<M
out/bundle.json: callable.json
	@"$npurt" build . -o out --depfile rule
-include rule
M
[ "$(make -s -C made)" = 'out: 1 kernels' ] || fail "make does not build"
[ -z "$(make -s -C made)" ] || fail "make builds again, and nothing has changed"
grep -q 'callable.json' made/rule && grep -qF 'a\ folder/amount.h' made/rule && grep -q 'npurt/kernel.h' made/rule || fail "$(cat made/rule)"
[ "$(ls made/out | xargs)" = "bundle.json kernel_add.so orchestration.so" ] || fail "the bundle holds: $(ls made/out)"
sleep 0.02 && touch 'made/a folder/amount.h'
[ "$(make -s -C made)" = 'out: 1 kernels' ] || fail "a header has changed, and make does not build"
refused 3 'nowhere/rule can not be written' "$npurt" build . -o again --depfile nowhere/rule
mkfifo read_by_none
refused 3 'read_by_none can not be written: Broken pipe' timeout 5 "$npurt" build . -o again --depfile read_by_none
refused 3 '/dev/full can not be written' "$npurt" build . -o again --depfile /dev/full

# ---- running ----
mv add.bundle moved
"$npurt" run moved --input x=x --input y=y --scalar more=-7 --output y=out --check y=sum --runs 3 --json > said
jq -e '.bundle == "add" and .path == "moved" and .runs == 3 and .tasks == 1 and .mismatches == 0 and .hbm_after == .hbm_before
       and .hbm_first_run == .hbm_last_run' said > /dev/null || fail "$(cat said)"
cmp out sum
refused 1 'WRONG: 1 of 4' "$npurt" run moved --input x=x --input y=y --scalar more=-7 --check y=off
status=0
"$npurt" run moved --input x=x --input y=y --scalar more=-7 --check y=off --json > said || status=$?
[ "$status" -eq 1 ] || fail "a wrong result: status $status, not 1"
jq -e '.mismatches == 1 and .max_abs_error == 1 and (has("error") | not)' said > /dev/null || fail "$(cat said)"
"$npurt" run moved --input x=x --input y=y --scalar more=-7 --check y=off --tolerance 1 > /dev/null
"$npurt" run moved --input x=zeros --shape x=4 --input y=random --scalar more=0 | grep -q 'not compared: 4 elements'
refused 2 'scalar more: give --scalar more=VALUE' "$npurt" run moved --input x=x --input y=y
refused 2 '--scalar more=many: no value of i32' "$npurt" run moved --input x=x --input y=y --scalar more=many
refused 2 'param y: give --input y=' "$npurt" run moved --input x=x --scalar more=1
refused 2 'no param has this name; there are x, y' "$npurt" run moved --input z=x
refused 2 'it is an input' "$npurt" run moved --output x=out
refused 2 'it was given before' "$npurt" run moved --input x=x --input x=y
refused 2 'param x: its declared shape is open' "$npurt" run moved --input x=zeros --input y=y --scalar more=1
refused 2 'short has 5 bytes, which is no multiple of 4' "$npurt" run moved --input x=short --input y=y --scalar more=1
refused 3 'short has 5 bytes; the array needs 16' "$npurt" run moved --input x=x --input y=short --scalar more=1
refused 3 'nowhere/out' "$npurt" run moved --input x=x --input y=y --scalar more=1 --output y=nowhere/out
refused 2 '--size is for examples' "$npurt" run moved --size small
refused 2 '--input is for bundles' "$npurt" run matmul --input x=x
refused 2 '--atol and --rtol are for bundles' "$npurt" run matmul --tolerance 1
refused 2 '--rtol x: not a number from 0' "$npurt" run moved --rtol x
refused 2 'there is no missing/bundle.json' "$npurt" run missing
refused 3 'NPURT_ERROR_INVALID_ARGUMENT' "$npurt" run moved --input x=x --shape x=2x2 --input y=y --scalar more=1

# the runtime of the description, of the command, and its rings
add=(--input x=x --input y=y --scalar more=-7 --check y=sum --json)
jq -e '.runtime == "host_build_graph"' said > /dev/null || fail "$(cat said)"
for words in "streamed" "moved --runtime tmr" "streamed --ring all:task_window=4,heap_bytes=1KiB --ring 0:edges=4"; do
  "$npurt" run $words "${add[@]}" > said
  jq -e '.runtime == "tensormap_and_ringbuffer" and .mismatches == 0 and .tasks == 1 and .hbm_after == .hbm_before' said \
      > /dev/null || fail "$words: $(cat said)"
done
"$npurt" run streamed --runtime hbg "${add[@]}" | jq -e '.runtime == "host_build_graph" and .mismatches == 0' > /dev/null
refused 2 "--ring is for tensormap_and_ringbuffer; the bundle's runtime is host_build_graph" \
  "$npurt" run moved --ring 0:edges=4 --input x=x
refused 3 'ring 1: task_window is 5; a power of two' "$npurt" run streamed --ring 1:task_window=5 "${add[@]}"

# ---- sanitizers: refused with the way to do it, and that way works ----
CFLAGS=-fsanitize=address "$npurt" build . -o asan > /dev/null
add=(--input x=x --input y=y --scalar more=-7 --check y=sum --json)
refused 3 'was compiled with AddressSanitizer, whose run-time is not in the host process' "$npurt" run asan "${add[@]}"
refused 3 'LD_PRELOAD=$(cc -print-file-name=libasan.so)' "$npurt" run asan "${add[@]}"
refused 3 'AddressSanitizer, whose run-time is not in the device process' "$npurt" run asan "${add[@]}" --runtime tmr
cp asan/kernel_add.so moved/kernel_asan.so
jq '.kernels[0].binary = "kernel_asan.so"' moved/bundle.json > mixed.json && cp -r moved mixed && mv mixed.json mixed/bundle.json
refused 3 'kernel 5 (add): mixed/kernel_asan.so was compiled with AddressSanitizer, whose run-time is not in the device process' \
  "$npurt" run mixed "${add[@]}"
rm moved/kernel_asan.so
for bundle in asan mixed; do
  LD_PRELOAD=$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 "$npurt" run $bundle "${add[@]}" > said ||
    fail "$bundle with the run-time: $(cat said)"
  jq -e '.mismatches == 0' said > /dev/null || fail "$(cat said)"
done

# ---- damaged bundles ----
cp -r moved damaged && rm damaged/kernel_add.so
refused 3 'NPURT_ERROR_MISSING_BINARY' "$npurt" run damaged --input x=x --input y=y --scalar more=1
head -c 100 moved/kernel_add.so > damaged/kernel_add.so
refused 3 'NPURT_ERROR_BAD_BINARY' "$npurt" run damaged --input x=x --input y=y --scalar more=1
sed 's/"format": 1/"format": 2/' moved/bundle.json > damaged/bundle.json
refused 3 'this npurt knows format 1 only' "$npurt" run damaged
sed 's/"api": 2/"api": 7/' moved/bundle.json > damaged/bundle.json
refused 3 ': api: built with API version 7; this npurt serves versions 1 to 2' "$npurt" run damaged
# ---- what is no regular file is refused at once ----
mkfifo pipe damaged/pipe
no="pipe: not a regular file but a pipe"
sed 's/"add.c"/"pipe"/' callable.json > a.json
refused 3 "a.json:4: kernels[0].source: $no" timeout 5 "$npurt" build a.json
refused 3 "$no" timeout 5 "$npurt" build pipe
refused 3 "$no" timeout 5 "$npurt" run moved --input x=pipe --input y=y --scalar more=1 --shape x=4
refused 3 "$no" timeout 5 "$npurt" run moved --input x=pipe --input y=y --scalar more=1
refused 3 "$no" timeout 5 "$npurt" run moved --input x=x --input y=y --scalar more=-7 --check y=pipe
refused 3 "$no" timeout 5 "$npurt" run vector_example --target 'emu:a5?faults=@pipe'
refused 3 "$no" timeout 5 "$npurt" explain ./pipe
refused 3 'not a regular file but a pipe' timeout 5 "$npurt" explain <(echo '{}')
refused 3 'not a regular file but a pipe' timeout 5 "$npurt" run moved --input x=<(cat x) --input y=y --scalar more=1 --shape x=4
rm damaged/bundle.json && mkfifo damaged/bundle.json
refused 3 'damaged/bundle.json: not a regular file but a pipe' timeout 5 "$npurt" run damaged --input x=x
# A file on standard input is a file; an output may go into a pipe as long as a process reads it.
"$npurt" run moved --input x=/dev/stdin --input y=y --scalar more=-7 --check y=sum < x > /dev/null
"$npurt" run moved --input x=x --input y=y --scalar more=-7 --output y=/dev/stderr 2>&1 > /dev/null | cmp - sum
refused 3 'pipe: a pipe that no process reads' timeout 5 "$npurt" run moved --input x=x --input y=y --scalar more=-7 --output y=pipe
echo "built, refused and run as said"
