#!/usr/bin/python3
"""clang_tidy.py BUILD_TREE: clang-tidy on every source that the build tree compiled, but for the tests.

A source that was clean once is not read again while it, all that it includes, its command line, .clang-tidy and
clang-tidy itself are what they were: then the answer is the same. What was clean is kept as empty files named by the
hash of these, in ~/.cache/tripline/tidy; those of more than 30 days go.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(sys.argv[1]).resolve()
ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tripline" / "tidy"
DAYS = 30


@functools.cache
def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def sources():
    """source -> (its object, its command line), of the product."""
    found = {}
    for entry in json.loads((TREE / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["file"])
        inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else None
        if inside and inside.parts[0] not in ("tests", "build") and "unicode_tables" not in path.name:
            words = entry["command"].split()
            found[path] = words[words.index("-o") + 1], entry["command"]
    return found


def includes():
    """object -> files that it was compiled from, as ninja noted them; an object that is older than one of them is not there."""
    listed = subprocess.run(["ninja", "-C", TREE, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found, files = {}, None
    for line in listed.splitlines():
        if line.startswith("    "):
            if files is not None:
                files.append(TREE / line.strip())
        elif ": #deps" in line:
            files = None
            if line.endswith("(VALID)"):
                files = found.setdefault(line.split(": #deps")[0], [])
    return {name: files for name, files in found.items() if is_current(TREE / name, files)}


def is_current(made, files):
    try:
        return all(path.stat().st_mtime_ns <= made.stat().st_mtime_ns for path in files)
    except FileNotFoundError:
        return False


def name_of(source, command, files, version):
    """What the answer for source depends on, as a hash; the same one in every folder that the project lies in."""
    whole = hashlib.sha256()
    for text in (version, digest(ROOT / ".clang-tidy"), command.replace(str(ROOT), "."), source.name,
                 *(f"{str(path.resolve()).replace(str(ROOT), '.')} {digest(path)}" for path in sorted(files))):
        whole.update(text.encode() + b"\0")
    return whole.hexdigest()


def main():
    version = subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True, text=True).stdout
    KEPT.mkdir(parents=True, exist_ok=True)
    for path in KEPT.iterdir():
        if path.stat().st_mtime < time.time() - DAYS * 86400:
            path.unlink(missing_ok=True)
    deps, todo, all_of_them = includes(), [], sources()
    for source, (output, command) in all_of_them.items():
        name = name_of(source, command, deps[output], version) if output in deps else None
        if name and (KEPT / name).exists():
            (KEPT / name).touch()
        else:
            todo.append((source, name))

    def check(item):
        source, name = item
        done = subprocess.run(["clang-tidy", "--quiet", "-p", TREE, source], check=False, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0 or "warning:" in done.stdout:
            print(done.stdout + done.stderr, flush=True)
            return False
        if name:
            (KEPT / name).touch()
        return True

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, todo))
    print(f"{len(all_of_them)} sources, {len(todo)} of them read now, {results.count(False)} with problems")
    return 1 if not all_of_them or not all(results) else 0


if __name__ == "__main__":
    sys.exit(main())
