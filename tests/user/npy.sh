#!/usr/bin/env bash
# npy.sh BUILD: .npy files that Python's struct module writes are read as the numbers that are in them, and what npurt writes
# is read by Python; NumPy is asked too when it is here.
set -euo pipefail
cat=$(realpath "$1")/bin/npy_cat
npurt=$(realpath "$1")/bin/npurt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "$1"; exit 1; }

cat > try.py <<'P'
import ast, itertools, struct, subprocess, sys

cat = sys.argv[1]
# NumPy's name, struct's letter, npurt's number
types = [("<f4", "f", 0), ("<f2", "e", 1), ("<i4", "i", 2), ("<i2", "h", 3), ("|i1", "b", 4), ("|u1", "B", 5),
         ("<V2", "H", 6), ("<i8", "q", 7), ("<u8", "Q", 8), ("<u2", "H", 9), ("<u4", "I", 10)]


def header(version, descr, fortran, shape):
    text = "{'descr': %r, 'fortran_order': %r, 'shape': %r, }" % (descr, fortran, shape)
    fixed = 10 if version == 1 else 12
    text += " " * (-(fixed + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode()


def run(name, out):
    return subprocess.run([cat, name, out], capture_output=True, text=True)


tried = 0
for (descr, letter, number), shape, fortran in itertools.product(types, [(7,), (3, 5), (2, 3, 4), (1, 2, 3, 2, 2), ()], [False, True]):
    version = 1 + tried % 3
    count = 1
    for extent in shape:
        count *= extent
    rows = struct.pack("<%d%s" % (count, letter), *range(count))  # element i of the row-major order is i
    width = len(rows) // count
    order = list(itertools.product(*map(range, shape)))
    if fortran:
        order.sort(key=lambda index: index[::-1])
    data = b""
    for index in order:
        at = 0
        for extent, i in zip(shape, index):
            at = at * extent + i
        data += rows[at * width:(at + 1) * width]
    open("a.npy", "wb").write(header(version, descr, fortran, shape) + data)
    told = run("a.npy", "raw")
    assert told.returncode == 0, (descr, shape, told.stderr)
    assert told.stdout.split() == [str(number)] + [str(x) for x in shape or (1,)], (descr, shape, told.stdout)
    assert open("raw", "rb").read() == rows, (descr, shape, fortran, version)
    told = run("a.npy", "b.npy")
    written = open("b.npy", "rb").read()
    length = struct.unpack("<H", written[8:10])[0]
    assert written[:8] == b"\x93NUMPY\1\0" and (10 + length) % 64 == 0 and written[10 + length:] == rows
    assert ast.literal_eval(written[10:10 + length].decode()) == {"descr": descr, "fortran_order": False, "shape": shape or (1,)}
    tried += 1

for data, reason in [(header(1, "<f4", False, (2,)) + bytes(7), "it has 7 bytes behind its header, whose array needs 8"),
                     (header(1, "<f4", False, (2,)) + bytes(9), "it has 9 bytes"),
                     (header(1, ">i2", False, (2,)) + bytes(4), "big-endian"), (b"", "does not begin")]:
    open("a.npy", "wb").write(data)
    told = run("a.npy", "raw")
    assert told.returncode == 1 and told.stderr.startswith("a.npy: ") and reason in told.stderr, (reason, told.stderr)
open("a.bin", "wb").write(header(1, "<f4", False, (2,)) + bytes(8))
told = run("a.bin", "raw")
assert told.returncode == 1 and "its name does not end so" in told.stderr, told.stderr

try:
    import numpy
except ImportError:
    print("NumPy is not here")
else:
    for name in "f4 f2 i1 i2 i4 i8 u1 u2 u4 u8".split():
        for order in "CF":
            x = numpy.asarray(numpy.arange(60).reshape(3, 4, 5) - (0 if name[0] == "u" else 30), dtype="<" + name, order=order)
            numpy.save("n.npy", x)
            told = run("n.npy", "m.npy")
            assert told.returncode == 0, told.stderr
            y = numpy.load("m.npy")
            assert y.dtype == x.dtype and (y == x).all() and y.flags["C_CONTIGUOUS"], name
    print("NumPy", numpy.__version__, "agrees")
print(tried, "files")
P
# A Python of the distribution may have NumPy where the first of the path has none.
python=python3
! /usr/bin/python3 -c "import numpy" 2>/dev/null || python=/usr/bin/python3
$python try.py "$cat"

# The command, with a bundle: shapes that are open follow from the header; types and shapes that differ are named.
mkdir copy
cat > copy/copy.c <<'C'
#include <npurt/kernel.h>
NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *x = npurt_kernel_tensor(args, 0), *y = npurt_kernel_tensor(args, 1);
    NPURT_GM const int32_t *from = npurt_kernel_data(x);
    NPURT_GM int32_t *to = npurt_kernel_data(y);
    for (uint32_t i = 0; i < x->shape[0] * x->shape[1]; i++) to[i] = from[i] + (i >= 9);
}
C
cat > copy/tasks.c <<'C'
#include <npurt/orchestration.h>
NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);
int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &args->tensor[0]);
    npurt_task_output_existing(&task, &args->tensor[1]);
    npurt_submit(orch, &task, NULL);
    return 0;
}
C
cat > copy/callable.json <<'J'
{"name": "copy", "orchestration": {"source": "tasks.c"},
 "kernels": [{"id": 0, "name": "copy", "core": "aiv", "source": "copy.c"}],
 "params": [{"name": "x", "access": "input", "dtype": "i32", "shape": [0, 0]},
            {"name": "y", "access": "output", "dtype": "i32", "shape": [0, 0], "rtol": 0.125}]}
J
cat > files.py <<'P'
import struct
def save(name, descr, letter, shape, values):
    text = "{'descr': %r, 'fortran_order': False, 'shape': %r}\n" % (descr, shape)
    open(name, "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + struct.pack("<%d%s" % (len(values), letter), *values))
x = list(range(100, 112))
save("x.npy", "<i4", "i", (3, 4), x)
save("right.npy", "<i4", "i", (3, 4), [v + (i >= 9) for i, v in enumerate(x)])
save("flat.npy", "<i4", "i", (12,), x)
save("short.npy", "<i4", "i", (4, 3), x)
save("float.npy", "<f4", "f", (3, 4), x)
P
python3 files.py
"$npurt" build copy > /dev/null
run() { "$npurt" run copy.bundle --target 'emu:a5?clusters=1' "$@"; }
run --input x=x.npy --check y=right.npy --output y=out.npy --json > said || fail "$(cat said)"
jq -e '.mismatches == 0 and (has("wrong") | not)' said > /dev/null || fail "$(cat said)"
cmp <(tail -c 48 out.npy) <(tail -c 48 right.npy)
run --input x=x.npy --check y=x.npy > /dev/null || fail "1 of 100 is within the description's relative tolerance of 1/8"
status=0
run --input x=x.npy --check y=x.npy --rtol 0 --runs 2 --json > said || status=$?
[ "$status" = 1 ] || fail "status $status, not 1"
jq -e '.mismatches == 3 and .wrong_run == 1 and .wrong == [{"name": "y", "mismatches": 3, "index": [2, 1], "got": 110, "wanted": 109,
       "blocks": [{"row": 2, "rows": 1, "column": 1, "columns": 1, "mismatches": 1}, {"row": 2, "rows": 1, "column": 2, "columns": 1, "mismatches": 1},
       {"row": 2, "rows": 1, "column": 3, "columns": 1, "mismatches": 1}]}]' said > /dev/null || fail "$(cat said)"
run --input x=x.npy --check y=x.npy --rtol 0 > said || true
grep -qF 'y[2, 1] is the first of 3: got 110, wanted 109' said || fail "$(cat said)"
grep -qF 'rows 2 to 2, columns 1 to 1: 1 of 1 wrong' said || fail "$(cat said)"
run --input x=x.npy --check y=x.npy --rtol 0 --atol 1 > /dev/null || fail "1 is within the absolute tolerance"
refused() {
  local status=0 text=$1
  shift
  run "$@" > said 2>&1 || status=$?
  [ "$status" = 2 ] && grep -qF -- "$text" said || fail "$*: status $status: $(cat said)"
}
refused "float.npy holds '<f4', f32; the description says i32, '<i4'" --input x=float.npy --shape y=3x4
refused "flat.npy has 1 dimensions; the description says 2" --input x=flat.npy --shape y=3x4
refused "short.npy has shape 4x3, and the argument 3x4" --input x=short.npy --shape x=3x4 --shape y=3x4
echo "read, written and compared"
