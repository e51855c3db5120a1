#!/usr/bin/python3
"""Would a test notice? Breaks conditions, constants and returns of the product's C sources, one at a time, builds the Linux
program's unit tests and runs those of the source's room. What no test notices (a survivor) is printed with its line.

    mutate.py [--count N] [--seed S] [--room ROOM] [--jobs N] [--long]

Works on a copy of the sources in build/mutate, never on the checkout. --long: what survives a room's own tests also meets all
the other unit tests. Exit code 0: every mutant was noticed; 1: some survived; 2: the unbroken sources don't pass.
"""
import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
WORK = TOP / "build" / "mutate"
SOURCE = WORK / "source"
TREE = WORK / "tree"
ROOMS = ("detect", "collectors", "transport", "agent")
TEST_TIMEOUT_S = 60  # of one test program; a mutant that loops counts as noticed

# What is written in place of what. A place is changed once; where several changes fit, one is drawn.
OPERATORS = {"==": "!=", "!=": "==", "<=": "<", ">=": ">", "<": "<=", ">": ">=", "&&": "||", "||": "&&", "+=": "-=",
             "-=": "+=", "+": "-", "-": "+", "++": "--", "--": "++", "true": "false", "false": "true"}
TOKEN = re.compile(r"""
    (?P<skip>/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | ^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>0[xX][0-9a-fA-F]+[uUlL]* | \d+[uUlL]*(?![\w.]))
  | (?P<operator>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+<>=!])
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
BINARY_BEFORE = re.compile(r"[\w)\]]\s*\Z")  # else + and - are signs, and < of an include was skipped


def condition_end(text, at):
    """Where the parenthesis ends that begins at or after at; -1: there is none. Quoted parentheses are rare enough."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0 and text[place] == ")":
            return place + 1
    return -1


def mutants_of(text):
    """(offset, length, replacement) of each change that can be made to a C source; declarations outside functions stay."""
    found, depth, at = [], 0, 0  # depth of braces: only what is inside some is changed
    for match in TOKEN.finditer(text):
        depth += text.count("{", at, match.start()) - text.count("}", at, match.start())
        at = match.start()
        if match.lastgroup == "skip":
            at = match.end()
            continue
        if depth <= 0:
            continue
        word, start = match.group(), match.start()
        if match.lastgroup == "number":
            value = int(re.sub(r"[uUlL]+\Z", "", word), 0)
            found.append((start, len(word), str(value + 1)))
        elif match.lastgroup == "operator":
            if word in ("+", "-", "<", ">") and not BINARY_BEFORE.search(text, 0, start):
                continue
            if word in OPERATORS:
                found.append((start, len(word), OPERATORS[word]))
            elif word == "!":
                found.append((start, 1, ""))
        elif word in ("true", "false"):
            found.append((start, len(word), OPERATORS[word]))
        elif word == "if":
            end = condition_end(text, match.end())
            if end > 0:
                found.append((start, end - start, f"if (!{text[match.end():end].strip()})"))
        elif word == "return":
            end = text.find(";", start)
            value = text[start + 6:end].strip()
            if value == "0":
                found.append((start, end - start, "return -1"))
            elif re.fullmatch(r"rc|-E[A-Z]+", value):
                found.append((start, end - start, "return 0"))
        elif word in ("break", "continue") and text[match.end():match.end() + 1] == ";":
            found.append((start, len(word), ""))
    return found


def run(*command, timeout=1800):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              text=True, errors="replace", timeout=timeout)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, 1, f"{late}", "")


def copy_sources():
    """The checkout's files as they are now; those that have not changed keep their time, so that little is built."""
    names = run("git", "-C", str(TOP), "ls-files", "-co", "--exclude-standard", "-z").stdout.split("\0")
    for name in filter(None, names):
        old, new = TOP / name, SOURCE / name
        if not old.is_file():
            continue
        if not new.exists() or new.read_bytes() != old.read_bytes():
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old, new)
            shutil.copymode(old, new)
    for path in [p for p in SOURCE.rglob("*") if p.is_file() and not (TOP / p.relative_to(SOURCE)).exists()]:
        path.unlink()


def configure(prefix):
    command = ["cmake", "-S", str(SOURCE), "-B", str(TREE), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1 -w",
               f"-DTRIPLINE_SHARED={TOP.parent / 'shared'}", *([f"-DTRIPLINE_CURL_PREFIX={prefix}"] if prefix else [])]
    done = run(*command)
    if done.returncode != 0:
        sys.exit(f"mutate: cmake failed\n{done.stdout[-3000:]}")


def build(jobs):
    return run("ninja", "-C", str(TREE), "-j", str(jobs), "--quiet").returncode == 0


def tests_pass(room, jobs):
    """Runs the unit tests of a room (None: all of them)."""
    only = [] if room is None else ["-L", f"^{room}$"]
    return run("ctest", "--test-dir", str(TREE), "-L", "^unit$", *only, "-LE", "lint", "-j", str(jobs), "--stop-on-failure",
               "--timeout", str(TEST_TIMEOUT_S), "--no-tests=error").returncode == 0


def candidates(rooms):
    found = []
    for room in rooms:
        for path in sorted((SOURCE / room).rglob("*.c")):
            if path.name.endswith("_win.c") or path.name == "unicode_tables.c":
                continue  # not part of the Linux program; a table
            text = path.read_text(encoding="utf-8")
            found += [(room, path, mutant) for mutant in mutants_of(text)]
    return found


def try_one(room, path, mutant, options):
    """noticed, survived or no mutant at all (it does not compile)."""
    text = path.read_text(encoding="utf-8")
    start, length, new = mutant
    path.write_text(text[:start] + new + text[start + length:], encoding="utf-8")
    try:
        if not build(options.jobs):
            return "does not compile"
        if not tests_pass(room, options.jobs) or (options.long and not tests_pass(None, options.jobs)):
            return "noticed"
        return "survived"
    finally:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--room", choices=ROOMS, action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--curl-prefix", default="")
    options = parser.parse_args()
    rooms = options.room or list(ROOMS)

    SOURCE.mkdir(parents=True, exist_ok=True)
    copy_sources()
    configure(options.curl_prefix)
    if not build(options.jobs) or not tests_pass(None, options.jobs):
        print("mutate: the sources as they are don't build, or their unit tests don't pass", file=sys.stderr)
        return 2

    places = candidates(rooms)
    random.Random(options.seed).shuffle(places)
    print(f"seed {options.seed}: {options.count} of {len(places)} places", flush=True)
    counts = {room: [0, 0] for room in rooms}  # noticed, all
    survivors = []
    for room, path, mutant in places:
        if sum(total for _, total in counts.values()) >= options.count:
            break
        verdict = try_one(room, path, mutant, options)
        if verdict == "does not compile":
            continue
        counts[room][1] += 1
        counts[room][0] += verdict == "noticed"
        if verdict == "survived":
            text = path.read_text(encoding="utf-8")
            line = text.count("\n", 0, mutant[0]) + 1
            survivors.append(f"{path.relative_to(SOURCE)}:{line}: \"{text[mutant[0]:mutant[0] + mutant[1]]}\" -> \"{mutant[2]}\": "
                             f"{text.splitlines()[line - 1].strip()}")
            print(f"survived: {survivors[-1]}", flush=True)
    build(options.jobs)  # the tree is whole again for the next run
    for room, (noticed, total) in counts.items():
        if total:
            print(f"{room}: {noticed} of {total} noticed ({100 * noticed // total} %)")
    print(f"{len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
