#!/usr/bin/python3
"""The ten slowest tests of some runs: slowest.py FILE.junit.xml ... (as ctest --output-junit writes them)."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

rows = [(float(case.get("time")), case.get("name"), Path(name).name.split(".")[0])
        for name in sys.argv[1:] for case in ElementTree.parse(name).iter("testcase")]
print(f"{len(rows)} tests, {sum(row[0] for row in rows):.0f} s of tests in all; the slowest:")
for seconds, test, tree in sorted(rows, reverse=True)[:10]:
    print(f"  {seconds:7.1f} s  {test} ({tree})")
