#!/usr/bin/python3
"""Lines and branches that tests reached, a row a folder of the product: coverage.py BUILD_TREE (one built with --coverage)."""
import collections
import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
ROOMS = ("detect", "collectors", "transport", "agent")

report = subprocess.run(["gcovr", "--root", TOP, "--object-directory", sys.argv[1], "--json-summary", "--exclude-unreachable-branches",
                         "--gcov-ignore-parse-errors", *(f"--filter={TOP / room}/" for room in ROOMS)],
                        stdout=subprocess.PIPE, check=True)
folders = collections.defaultdict(lambda: [0, 0, 0, 0])
for file in json.loads(report.stdout)["files"]:
    folder = str(Path(file["filename"]).parent)
    for name in (folder, "all"):
        for at, key in enumerate(("line_covered", "line_total", "branch_covered", "branch_total")):
            folders[name][at] += file[key]
print(f"{'folder':28} {'lines':>14} {'branches':>16}")
for name in sorted(folders, key=lambda name: (name == "all", name)):
    lines, of_lines, branches, of_branches = folders[name]
    print(f"{name:28} {lines:6}/{of_lines:6} {100 * lines / max(1, of_lines):4.0f} % "
          f"{branches:6}/{of_branches:6} {100 * branches / max(1, of_branches):4.0f} %")
