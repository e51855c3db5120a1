#!/usr/bin/python3
"""Would a test notice? Breaks conditions, constants and returns of the product's C sources, one at a time, builds the Linux
program's unit tests and runs those of the source's room. What no test notices (a survivor) is printed with its line.

    mutate.py [--count N] [--seed S] [--room ROOM] [--jobs N] [--minutes M] [--long]

A mutant meets the tests that are named after its source first, then the others of its room. Works on a copy of the sources in
build/mutate, never on the checkout. --long: what survives its room's tests also meets all the other unit tests. --minutes: no
mutant is begun after that long. Exit code 0: every mutant was noticed; 1: some survived; 2: the unbroken sources don't pass.
"""
import argparse
import concurrent.futures
import json
import math
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
WORK = TOP / "build" / "mutate"
SOURCE = WORK / "source"
TREE = WORK / "tree"
ROOMS = ("detect", "collectors", "transport", "agent")
LEAST_TIMEOUT_S = 10  # of a test, on top of five times what it takes unbroken: a mutant that loops counts as noticed
SKIPPED = 77

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
            digits = re.sub(r"[uUlL]+\Z", "", word)
            value = int(digits, 8 if re.fullmatch(r"0[0-7]+", digits) else 0)
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


def build(jobs, tests=()):
    """Builds these tests; none: all there is."""
    return run("ninja", "-C", str(TREE), "-j", str(jobs), "--quiet", *{target for test in tests for target in test.targets}).returncode == 0


class Test:
    """A unit test as ctest knows it."""

    def __init__(self, entry):
        self.name, self.command = entry["name"], entry["command"]
        properties = {item["name"]: item["value"] for item in entry["properties"]}
        self.labels = properties.get("LABELS", [])
        self.directory = properties.get("WORKING_DIRECTORY")
        # Its program, or the programs that a script of ours runs.
        self.targets = [str(Path(word).relative_to(TREE)) for word in self.command if word.startswith(f"{TREE}/")]
        self.took = 0.0  # with the sources as they are

    def is_about(self, path):
        """Is it named after this source, or after what the source is a part of?"""
        about = self.name.removeprefix("test_")
        return path.stem == about or path.stem.startswith(about + "_")

    def passes(self, timeout):
        try:
            done = subprocess.run(self.command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, check=False, timeout=timeout)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode in (0, SKIPPED)


def unit_tests():
    listed = json.loads(run("ctest", "--test-dir", str(TREE), "-L", "^unit$", "--show-only=json-v1").stdout)
    return [Test(entry) for entry in listed["tests"]]


def measure(tests, jobs):
    """How long each takes as things are. Returns the names of those that fail."""
    def one(test):
        began = time.monotonic()
        passed = test.passes(600)
        test.took = time.monotonic() - began
        return None if passed else test.name
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(filter(None, pool.map(one, tests)))


def all_pass(tests, jobs):
    """Runs them, the quick ones first, until one fails."""
    is_over = threading.Event()

    def one(test):
        if not is_over.is_set() and not test.passes(LEAST_TIMEOUT_S + 5 * test.took):
            is_over.set()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, sorted(tests, key=lambda test: test.took)))
    return not is_over.is_set()


def candidates(rooms):
    found = []
    for room in rooms:
        for path in sorted((SOURCE / room).rglob("*.c")):
            if path.name.endswith("_win.c") or path.name == "unicode_tables.c":
                continue  # not part of the Linux program; a table
            text = path.read_text(encoding="utf-8")
            found += [(room, path, mutant) for mutant in mutants_of(text)]
    return found


def rounds(room, path, tests, is_long):
    """The tests that a mutant meets, one lot after the other: those of the source, of its room, perhaps all others."""
    own = [test for test in tests if room in test.labels and test.is_about(path)]
    near = [test for test in tests if room in test.labels and test not in own]
    far = [test for test in tests if room not in test.labels] if is_long else []
    return filter(None, (own, near, far))


def try_one(room, path, mutant, tests, options):
    """noticed, survived or no mutant at all (it does not compile)."""
    text = path.read_text(encoding="utf-8")
    start, length, new = mutant
    path.write_text(text[:start] + new + text[start + length:], encoding="utf-8")
    try:
        for some in rounds(room, path, tests, options.long):
            if not build(options.jobs, some):
                return "does not compile"
            if not all_pass(some, options.jobs):
                return "noticed"
        return "survived"
    finally:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--room", choices=ROOMS, action="append")
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--curl-prefix", default="")
    options = parser.parse_args()
    rooms = options.room or list(ROOMS)

    SOURCE.mkdir(parents=True, exist_ok=True)
    copy_sources()
    configure(options.curl_prefix)
    if not build(options.jobs):
        print("mutate: the sources as they are don't build", file=sys.stderr)
        return 2
    # What several tests need is made once, by a test of its own (a fixture).
    subprocess.run(["ctest", "--test-dir", str(TREE), "-R", "^certificates$"], stdout=subprocess.DEVNULL, check=True)
    tests = [test for test in unit_tests() if options.long or set(test.labels) & set(rooms)]
    if failed := measure(tests, options.jobs):
        print(f"mutate: with the sources as they are these fail: {', '.join(failed)}", file=sys.stderr)
        return 2

    places = candidates(rooms)
    random.Random(options.seed).shuffle(places)
    began = time.monotonic()
    print(f"seed {options.seed}: {options.count} of {len(places)} places", flush=True)
    counts = {room: [0, 0] for room in rooms}  # noticed, all
    survivors = []
    for room, path, mutant in places:
        tried = sum(total for _, total in counts.values())
        if tried >= options.count or time.monotonic() - began >= 60 * options.minutes:
            print(f"{tried} tried in {(time.monotonic() - began) / 60:.0f} minutes")
            break
        verdict = try_one(room, path, mutant, tests, options)
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
    for room, (noticed, total) in counts.items():
        if total:
            print(f"{room}: {noticed} of {total} noticed ({100 * noticed // total} %)")
    print(f"{len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
