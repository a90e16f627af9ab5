#!/usr/bin/env python3
"""survey-mutants.py FOLDER [--seed N] [--count N] [--first N] [--jobs N] [--list]

How much of what the sources say is held by a test? Draws faults from a seed, one operator, constant or statement each,
over the sources of the graph engine, the AICPU program and the host library, puts each into a scratch copy and runs the
tests of that part, the quick ones first, until one fails. FOLDER holds the copy, its build, a patch per fault and
results.tsv: number, verdict, place, change, test. What has a row already is not run again. Verdicts:

  caught     a test failed, named in the last column
  same       the compiler makes the same code of it: it changes nothing
  survived   every test passed; FOLDER/N.patch is to be read: a test is missing, or it changes nothing that can be seen

--list prints the drawn faults and runs nothing. Status 0: all were run."""

import argparse
import os
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Per folder: the targets that the fault is built into, and the tests in steps, as regular expressions of ctest.
COMMON = ["npurt_aicpu", "npurt_dispatcher", "npurt_aicore", "npuemu", "npuemu_lib", "npurt_cli", "npurt_example_files"]
STEPS = {
    "src/graph": [
        r"^(test_graph_|test_stream_)",
        r"^(test_edges|host_test_(elements|prepared|streamed|arguments)|scene_template_a[25]_|scene_workloads_|scene_deferred_ring_a5$"
        r"|scene_predicate_a5$|scene_rings_[012]$|explore_a5_.*_graphs$|cross_graph_run)",
    ],
    "src/aicpu": [
        r"^(cross_(scheduler_units|graph_run|dispatcher_units)|scene_(sync_start|staging|predicate|deferred)(_ring)?_a5$)",
        r"^(scene_workloads_|scene_rings_[012]$|scene_a5_clusters_1_(fiber|ring)|scene_timed_(a5|ring)$|explore_a[25]_.*_(graphs|workloads)$"
        r"|host_test_(elements|prepared|flight|flight_ring|dump|dump_ring|card_orchestration|card_limits|many_runs)|test_fault_(aicpu|cores|session)"
        r"|scene_makespan_a5|scene_staging_(explore|mode)|scene_deferred_(explore|mode)|scene_sync_start_.*(explore|a2$|clusters_1)|planted_)",
    ],
    "src/host": [
        r"^host_test_(api|arguments|bad_input|card$|elements|elf|error|flight$|give_back|growth|handle|hostile|ledger|log|prepared|run_failures"
        r"|slot|streamed|target|waits)",
        r"^(host_test_(card_|dump)|scene_(command|process|workloads)_?|test_fault_(driver|session|teardown|registration)|several_(shared|cards|threads)$|user_(build|explain|doctor))",
    ],
}

TOKEN = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^[ \t]*\#(?:\\\n|[^\n])*"""
    r"""|[A-Za-z_]\w*|0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*(?![\w.])|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S""",
    re.S | re.M)

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+=": "-=", "-=": "+=",
         "<<": ">>", ">>": "<<", "|=": "&=", "&=": "|="}
BINARY = {"+": "-", "-": "+", "&": "|", "|": "&", "%": "/"}


def faults_of(path):
    """Every fault of a file: (begin, end, text to put there, kind)."""
    text = path.read_text()
    tokens = [(m.start(), m.end(), m.group()) for m in TOKEN.finditer(text)]
    code = [t for t in tokens if not t[2].startswith(("/*", "//", '"')) and not t[2].lstrip().startswith("#")]
    found, depth, asserted, brackets = [], 0, 0, []
    for i, (begin, end, word) in enumerate(code):
        before = code[i - 1][2] if i else ""
        after = code[i + 1][2] if i + 1 < len(code) else ""
        if word == "{":
            brackets.append(re.search(r"[)]\s*$|else\s*$|do\s*$", text[:begin]) is not None)
        elif word == "}" and brackets:
            brackets.pop()
        in_function = bool(brackets) and brackets[0]
        if word in ("static_assert", "_Static_assert", "assert"):
            asserted = text.index(";", begin)
        if not in_function or begin < asserted:
            continue
        operand = re.match(r"[\w)\]]", before[-1:] or " ") and before not in ("return", "case", "sizeof", "else")
        if word in SWAPS:
            found.append((begin, end, SWAPS[word], "operator"))
        elif word in BINARY and operand and re.match(r"[\w(&*~-]", after[:1]):
            found.append((begin, end, BINARY[word], "operator"))
        elif word == "!" and after != "=":
            found.append((begin, end, "", "operator"))
        elif word in ("true", "false"):
            found.append((begin, end, "false" if word == "true" else "true", "constant"))
        elif re.fullmatch(r"0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*", word):
            number = re.match(r"0[xX][0-9a-fA-F]+|\d+", word).group()
            value = int(number, 0) if not re.match(r"0\d", number) else int(number, 8)
            put = {0: "1", 1: "0"}.get(value, str(value + 1))
            found.append((begin, end, put + word[len(number):], "constant"))
    # Statements: a call, an assignment or a jump on a line of its own.
    for m in re.finditer(r"^[ \t]+((?!return|else|if|for|while|do|case|default|goto|static|const|typedef|struct|enum|union|uint|int|bool|size_t|char)"
                         r"[A-Za-z_*(][^;{}\n]*(?:\n[^;{}\n]*)?;)[^\n]*$", text, re.M):
        statement = m.group(1)
        if re.match(r"[A-Za-z_]\w*\s+\**[A-Za-z_]\w*\s*[;=\[,]", statement) or statement.startswith("/*") or '"' in statement:
            continue
        if re.match(r"(break|continue);|[\w>.\[\]()*\s-]+?([-+|&^*/]|<<|>>)?=[^=]|\+\+|--|[\w>.-]+\s*\(|[\w>.\[\]-]+(\+\+|--)", statement):
            found.append((m.start(1), m.end(1), ";", "statement"))
    return text, found


def draw(seed, count):
    """`count` distinct faults: the folder, then the kind, are drawn evenly; the place is drawn among all of its kind."""
    sites = {}
    for folder in STEPS:
        for path in sorted((ROOT / folder).rglob("*.c")):
            text, found = faults_of(path)
            for begin, end, put, kind in found:
                sites.setdefault((folder, kind), []).append((path.relative_to(ROOT), begin, end, put))
    source, drawn, seen = random.Random(seed), [], set()
    while len(drawn) < count:
        folder = source.choice(sorted(STEPS))
        kind = source.choice(["constant", "operator", "statement"])
        site = source.choice(sites[folder, kind])
        if site not in seen:
            seen.add(site)
            drawn.append((folder, kind) + site)
    return drawn


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", stdin=subprocess.DEVNULL, **more)


def code_of(build, source):
    """The code of one source file as the compiler makes it, without what only names lines."""
    command = next((c for c in build["commands"] if c["file"].endswith("/" + str(source))), None)
    if command is None:
        return None
    words = re.sub(r"\s-o\s+\S+", " ", command["command"])
    words = re.sub(r"\s-g\d?\b", " ", words)
    return run(words.replace(" -c ", " -S ") + " -g0 -o -", shell=True, cwd=command["directory"]).stdout


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--count", type=int, default=200)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--jobs", type=int, default=os.cpu_count())
    words.add_argument("--list", action="store_true")
    options = words.parse_args()
    drawn = draw(options.seed, options.count)

    def place(fault):
        _, kind, path, begin, end, put = fault
        text = (ROOT / path).read_text()
        line = text.count("\n", 0, begin) + 1
        old = re.sub(r"\s+", " ", text[begin:end])
        around = text.splitlines()[line - 1].strip()
        return f"{path}:{line}", f"{kind}: {old} -> {put or 'nothing'}", around

    if options.list:
        for number, fault in enumerate(drawn):
            print(number, *place(fault), sep="\t")
        return 0

    import json
    folder = pathlib.Path(options.folder).resolve()
    tree, results = folder / "tree", folder / "results.tsv"
    tree.mkdir(parents=True, exist_ok=True)
    for name in run(["git", "ls-files", "-z"], cwd=ROOT).stdout.split("\0"):
        if name and (not (tree / name).exists() or (tree / name).read_bytes() != (ROOT / name).read_bytes()):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
            (tree / name).chmod((ROOT / name).stat().st_mode)
    made = run(["cmake", "-S", tree, "-B", folder / "build", "-G", "Ninja", "-DNPURT_WERROR=OFF", *os.environ.get("CMAKE_FLAGS", "").split()])
    if made.returncode == 0:
        made = run(["cmake", "--build", folder / "build"])
    if made.returncode != 0:
        sys.exit(made.stdout)
    build = {"commands": json.loads((folder / "build/compile_commands.json").read_text())}
    done = {int(row.split("\t")[0]) for row in results.read_text().splitlines()} if results.exists() else set()

    for number, fault in enumerate(drawn):
        if number < options.first or number in done:
            continue
        part, kind, path, begin, end, put = fault
        whole = (tree / path).read_text()
        changed = whole[:begin] + put + whole[end:]
        before = code_of(build, path)
        (tree / path).write_text(changed)
        (folder / f"{number}.patch").write_text(run(["diff", "-u", ROOT / path, tree / path]).stdout)
        verdict, test = "survived", ""
        after = code_of(build, path)
        if before is not None and before == after:
            verdict = "same"
        else:
            made = run(["cmake", "--build", folder / "build"])
            if made.returncode != 0:
                verdict, test = "caught", "does not compile"
            for step in STEPS[part] if verdict == "survived" else []:
                out = run(["ctest", "--test-dir", folder / "build", "-R", step, "-LE", "^full$", "--no-tests=error", "--stop-on-failure", "--timeout", "90",
                           f"-j{options.jobs}"])
                failed = re.search(r"^\s*\d+ - (\S+)", out.stdout, re.M)
                if out.returncode != 0:
                    verdict, test = "caught", failed.group(1) if failed else "?"
                    break
        (tree / path).write_text(whole)
        with results.open("a") as rows:
            print(number, verdict, *place(fault), test, sep="\t", file=rows)
        print(number, verdict, *place(fault)[:2], test, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
