#!/usr/bin/env python3
"""Writes the inputs of corpus/ that are no text: seeds.py [FOLDER]. They are in the repository as this has made them; a
change of a format makes them anew. Layouts are those of src/protocol, src/driver/cann.h and of each fuzzer's head."""
import os
import struct
import subprocess
import sys
import tempfile

CORPUS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def put(fuzzer, name, data):
    os.makedirs(os.path.join(CORPUS, fuzzer), exist_ok=True)
    with open(os.path.join(CORPUS, fuzzer, name), "wb") as file:
        file.write(data)


# ---- ELF files of 2 KB, of the compiler of this machine

KERNELS = """
void kernel_entry(long *a) { *a = 1; }
void add_one(long *a) { ++*a; }
void npurt_aicore_0_mix_aic(long *a) { *a = 2; }
void npurt_aicore_0_mix_aiv(long *a) { *a = 3; }
void lone_17(long *a) { *a = 4; }
"""


def elf(*flags):
    with tempfile.TemporaryDirectory() as folder:
        source, output = os.path.join(folder, "k.c"), os.path.join(folder, "k.so")
        with open(source, "w") as file:
            file.write(KERNELS)
        subprocess.run(["gcc", "-O1", "-fPIC", "-nostdlib", "-fno-asynchronous-unwind-tables", "-fno-ident",
                        "-Wl,-z,noseparate-code,-z,max-page-size=4096,-z,norelro", *flags, source, "-o", output],
                       check=True)
        with open(output, "rb") as file:
            return file.read()


shared = elf("-shared", "-Wl,--build-id=sha1")
put("elf", "shared", shared)
put("elf", "shared-stripped", elf("-shared", "-Wl,--build-id=sha1", "-s"))
put("elf", "shared-no-build-id", elf("-shared", "-Wl,--build-id=none", "-Wl,--hash-style=sysv"))
put("elf", "object", elf("-c"))
put("elf", "header-only", shared[:64])

# ---- graph images: header, tasks, ready list, edges, payloads


def up(n):
    return (n + 63) // 64 * 64


def image(tasks, threads=1):
    """tasks: (shape, core_mask, block_num, [inputs]) or with flags behind; kernels 0 on AIC and 1 on AIV."""
    fanout = [[j for j, t in enumerate(tasks) if i in t[3]] for i in range(len(tasks))]
    ready = [i for i, t in enumerate(tasks) if not t[3]]
    edges = [j for consumers in fanout for j in consumers]
    payload = 2 * 128 + 64  # two tensors, one scalar
    at_tasks = 64
    at_ready = up(at_tasks + 32 * len(tasks))
    at_edges = up(at_ready + 4 * len(ready))
    at_payload = up(at_edges + 4 * len(edges))
    size = at_payload + payload * len(tasks)
    out = bytearray(size)
    struct.pack_into("<IIQIIIIQQQQ", out, 0, 0x4755504E, 1, size, len(tasks), len(edges), len(ready), 0, at_tasks,
                     at_ready, at_edges, at_payload)
    begin = 0
    for i, (shape, mask, blocks, inputs, *flags) in enumerate(tasks):
        kernels = [0 if mask & 1 else -1, 1 if mask & 2 else -1, 1 if mask & 4 else -1]
        struct.pack_into("<IIIIhhhHBBBBI", out, at_tasks + 32 * i, len(inputs), begin, len(fanout[i]),
                         i * payload // 64, *kernels, blocks, shape, mask, 2, 1, *(flags or [0]))
        begin += len(fanout[i])
    struct.pack_into("<%dI" % len(ready), out, at_ready, *ready)
    struct.pack_into("<%dI" % len(edges), out, at_edges, *edges)
    return bytes([threads - 1, 0, 1, 2, 4, 36, 1, 12] + [0] * 9) + bytes(out)


AIC, AIV, MIX, DUMMY = 0, 1, 2, 3
put("image", "one", image([(AIV, 2, 1, [])]))
put("image", "chain", image([(AIC, 1, 1, []), (AIV, 4, 3, [0]), (MIX, 7, 2, [1]), (DUMMY, 0, 1, [2]), (MIX, 6, 1, [0, 3])]))
put("image", "none", image([]))
put("image", "together", image([(AIV, 2, 8, [], 1), (MIX, 7, 4, [0], 1), (AIC, 1, 2, [], 1)]))
put("image", "too-many-together", image([(AIC, 1, 5, [], 1)]))
put("image", "two-schedulers", image([(AIV, 2, 1, [i - 1] if i % 8 else []) for i in range(64)], threads=2))
put("image", "bad-kernel", bytes(b ^ (2 if i == 17 + 64 + 16 else 0) for i, b in enumerate(image([(AIC, 1, 1, [])]))))
put("image", "wrong-blocks", bytes([0, 7, 0, 17, 90, 200, 0, 1] + [0] * 9) + b"NPUG")

# ---- launches: kind, flags, blocks, offsets, timeout, address slots, attributes, arguments, device memory


def launch(kind, flags, args, blocks=1, so=0xFFFFFFFF, name=0, timeout=0, slots=(), attributes=(), memory=b""):
    out = struct.pack("<BBIIIHB", kind, flags, blocks, so, name, timeout, len(slots))
    out += b"".join(struct.pack("<II", *slot) for slot in slots)
    out += struct.pack("<B", len(attributes)) + b"".join(struct.pack("<iQ", *a) for a in attributes)
    return out + struct.pack("<H", len(args)) + args + memory


def kfc_block(name, so=b"libaicpu_extend_kernels.so", config=b""):
    return bytes(208) + name.ljust(32, b"\0") + so.ljust(32, b"\0") + b"AST_DYN_AICPU".ljust(32, b"\0") + config


def config(address, size, device=1):
    return struct.pack("<96xQQQQQ24x", address, size, device, 0, 0)


INIT = b"DynTileFwkKernelServerInit"
CORE, KFC, CPU = 0, 1, 2
put("launch", "core", launch(CORE, 8, struct.pack("<Q", 1), blocks=4))
put("launch", "core-tiling", launch(CORE, 16, bytes(600), so=8, name=16, slots=[(0, 64), (592, 8)]))
put("launch", "cpu", launch(CPU, 0, bytes(64), blocks=6, so=0, name=0, attributes=[(8, 1000)]))
put("launch", "kfc-init", launch(KFC, 0, kfc_block(INIT, config=config(0, 0)), so=240, name=208, slots=[(40, 304)]))
put("launch", "kfc-init-on-device", launch(KFC, 2, kfc_block(INIT), so=240, name=208, memory=config(0, 0)))
put("launch", "kfc-save", launch(KFC, 0, kfc_block(INIT, config=config(0, 64)), so=240, name=208,
                                 slots=[(40, 304), (304 + 96, 208)]))
put("launch", "kfc-dispatcher-nowhere", launch(KFC, 0, kfc_block(INIT, config=config(0, 1 << 24)), so=240, name=208,
                                               slots=[(40, 304)]))
put("launch", "kfc-dispatcher-huge", launch(KFC, 0, kfc_block(INIT, config=config(0, (1 << 64) - 1)), so=240, name=208,
                                            slots=[(40, 304), (304 + 96, 208)]))
put("launch", "kfc-static", launch(KFC, 0, config(0, 0) + b"StaticTileFwkKernelServer\0", name=160))
put("launch", "kfc-serve", launch(KFC, 0, kfc_block(b"DynTileFwkKernelServer"), so=240, name=208, timeout=3))
put("launch", "kfc-library", launch(KFC, 0, kfc_block(b"entry", b"libuser.so"), so=240, name=208))
put("launch", "kfc-no-end", launch(KFC, 0, b"x" * 304, so=240, name=208))
put("launch", "kfc-present", launch(KFC, 1, bytes(100), name=9, memory=bytes(9) + b"entry"))

# ---- results of runs that failed


def result(how, suspects, count, said=b""):
    out = struct.pack("<IIIIQQQQQqQ24x", 1, 5, 3, count, 0, 0, 0, 0, 0, 0, 0)
    for task, block, core, started, kernel, core_type in suspects:
        out += struct.pack("<IIiIiI", task, block, core, started, kernel, core_type)
    return bytes([how]) + out.ljust(480, b"\0") + said


put("outcome", "stuck", result(1, [(4, 0, 18, 1, 0, 1)], 1))
put("outcome", "fault", result(3, [(4, 0, 18, 1, 0, 1), (5, 1, 3, 1, 2, 0)], 2, b"aic error, core id is 3, vector"))
put("outcome", "fault-hex", result(3, [(4, 0, 19, 0, 0, 1), (9, 0, 20, 1, 2, 1)], 2, b"aiv coreId: 0x13"))
put("outcome", "fault-unknown", result(3, [(i, 0, i, 1, i, 1) for i in range(16)], 40, b"core 99"))
put("outcome", "silent", result(0, [], 0))
put("outcome", "no-kernel", result(1, [(0xFFFFFFFF, 7, -1, 0, -5, 9)], 1))

# ---- what comes with a graph that is built on the device


def stream(how, rings, engine_size, code=b"code", entry=b"orchestration_entry", regions=4096, claimed=None):
    control = struct.pack("<IIQQQ", 1, 7, 1 << 20, engine_size, 9)
    control += b"".join(struct.pack("<IIQQ", window, edges, heap, size) for window, edges, heap, size in rings)
    control += struct.pack("<IIQQQIIQ16x", regions, 36, 0, 0, 0, 0, 0, 4096)
    assert len(control) == 192
    image = struct.pack("<IIQQ64s40x", 0x4F55504E, 0, len(code) if claimed is None else claimed, 5, entry)
    return bytes([how]) + control + image + code


RINGS = [(1024, 4096, 0, 1 << 20), (64, 64, 1 << 20, 1 << 16), (4, 4, 1 << 21, 0), (65536, 1 << 20, 0, 1 << 30)]
put("stream", "taken", stream(7, RINGS, 1 << 40))
put("stream", "exact", stream(7, RINGS, 0))
put("stream", "too-small", stream(3, RINGS, 4096))
put("stream", "window", stream(7, [(1000, 4096, 0, 0)] + RINGS[1:], 1 << 40))
put("stream", "no-entry", stream(7, RINGS, 1 << 40, entry=b"no"))
put("stream", "no-end", stream(7, RINGS, 1 << 40, entry=b"e" * 64))
put("stream", "refused", stream(7, RINGS, 1 << 40, code=b"x"))
put("stream", "code-beyond", stream(7, RINGS, 1 << 40, claimed=1 << 63))


def stream_result(code, status, text, capacity=0):
    head = struct.pack("<IIiiIIIIQQQQ", 5, code, 3, -1, status, 0, 1, 0, capacity, 9, 0, 0)
    return bytes([5]) + head + bytes(704 - 512 - len(head)) + text.ljust(512, b"\0")


put("outcome", "scope-deadlock", stream_result(1, 6, b"scope 2 holds it", 1 << 20))
put("outcome", "own-code", stream_result(9, 10, b"said the orchestration"))
put("outcome", "limit-of-no-status", stream_result(1002, 77777, b"x" * 512))
put("outcome", "returned", stream_result(1003, 0, b""))

# ---- bundles


def bundle(text, binary):
    return struct.pack("<H", len(text)) + text.encode() + binary


HEAD = '{"format":1,"api":1,"name":"n","orchestration":{"binary":"orchestration.so"},"kernels":['
put("bundle", "kernel", bundle(HEAD + '{"id":0,"name":"k","core":"aiv","binary":"k.so"}]}', shared))
put("bundle", "two-kernels", bundle(
    HEAD + '{"id":5,"name":"k","core":"aic","binary":"k.so","entry":"add_one"},'
    '{"id":1023,"name":"l","core":"aiv","binary":"kernels.so","entry":"add_one"}],'
    '"params":[{"name":"x","access":"input","dtype":"f32"}],"scalars":[{"name":"s","dtype":"u8","value":3}]}', shared))
put("bundle", "no-entry", bundle(HEAD + '{"id":0,"name":"k","core":"aiv","binary":"k.so","entry":"gone"}]}', shared))
put("bundle", "no-file", bundle(HEAD + '{"id":0,"name":"k","core":"aiv","binary":"gone.so"}]}', b""))
put("bundle", "no-kernels", bundle(HEAD + "]}", b""))


# ---- rings read back from the device: a byte (0: every copy is made), 16 tasks, 16 words, 16 edges, arguments

def ring_task(number, run=7, shape=1, tensors=1, scalars=1):
    return struct.pack("<IIIIhhhHBBBBB3x", 0, number, run, 0, -1, 3, -1, 1, shape, 2, tensors, scalars, 0)


def rings(tasks, words, edges, refused=0):
    body = b"".join(tasks) + bytes(32 * (16 - len(tasks)))
    body += b"".join(struct.pack("<IIII", *w) for w in words) + bytes(16 * (16 - len(words)))
    body += b"".join(struct.pack("<II", *e) for e in edges) + bytes(8 * (16 - len(edges)))
    return bytes([refused]) + body


CLOSED = 0xffffffff
chain = rings([ring_task(0), ring_task(1), ring_task(2)], [(1, 0, 0, 1), (2, 1, 0, 2), (0, 1, 0, 3)], [(1, 0), (2, 0)])
put("rings", "chain", chain + bytes(128) + struct.pack("<Q", 42))
put("rings", "fan-out", rings([ring_task(n) for n in range(4)], [(3, 0, 0, 1)] + [(0, 1, 0, n) for n in (2, 3, 4)],
                              [(1, 0), (2, 1), (3, 2)]))
put("rings", "done", rings([ring_task(5), ring_task(9)], [(CLOSED, 0, 1, 1), (0, 0, 0, 2)], []))
put("rings", "other-run", rings([ring_task(0, run=6)], [(0, 0, 0, 1)], []))
put("rings", "edge-circle", rings([ring_task(0), ring_task(1)], [(1, 0, 0, 1), (1, 1, 0, 2)], [(1, 1)]))
put("rings", "edge-nowhere", rings([ring_task(0)], [(99, 0, 0, 1)], [(77, 0)]))
put("rings", "too-many-arguments", rings([ring_task(0, tensors=200, scalars=255)], [(0, 0, 0, 1)], []))
put("rings", "refused", rings([ring_task(0)], [(0, 0, 0, 1)], [], refused=3))
put("rings", "nothing", b"")

# ---- dumps: a byte (0: the rest is the file, else which of dumps/), edits

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "dumps", "rings.json"), "rb") as file:
    RINGS = file.read()
for number, name in enumerate(("host", "rings", "snapshot", "none", "lost")):
    put("dump", "whole-" + name, bytes([number + 1]))
put("dump", "file", b"\0" + RINGS)
put("dump", "cut-short", b"\0" + RINGS[:1500])
put("dump", "other-version", b'\0{"format": "npurt-dump", "version": 2}\n')
put("dump", "no-dump", b'\0{"format": "something else"}\n')
put("dump", "empty", b"\0")
put("dump", "edit-task", bytes([2, 4, 12, 1, 0, 2, 2 + 8 * 9]))
put("dump", "edit-gone", bytes([1, 1, 5, 0]))
put("dump", "edit-twice", bytes([2, 2, 13, 0, 1]))

# ---- headers of .npy files


def npy(text, version=1):
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode()


put("npy", "matrix", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }  \n"))
put("npy", "fortran", npy("{'descr': '<i8', 'fortran_order': True, 'shape': (2, 3, 5), }\n", 2))
put("npy", "scalar", npy("{'descr': '|V2', 'fortran_order': False, 'shape': ()}\n", 3))
put("npy", "big-endian", npy("{'descr': '>i2', 'fortran_order': False, 'shape': (7,)}\n"))
put("npy", "six", npy("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1, 1, 1, 1, 1)}\n"))
