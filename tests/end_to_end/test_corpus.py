#!/usr/bin/python3
"""Scans recorded events and real command lines, where they are there.

    test_corpus.py TRIPLINE SHARED

Each command line of SHARED/corpus/commandlines.tsv is put into a 4688 and a Sysmon 1 and must be answered as its column
`fires` says; none of the recorded events under SHARED/corpus may fire.
"""
import csv
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.sax.saxutils import escape

import suite

TRIPLINE, SHARED = Path(sys.argv[1]), Path(sys.argv[2])
CORPUS = SHARED / "corpus"

HEAD = ("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}'/>"
        "<EventID>{event_id}</EventID><Version>2</Version><TimeCreated SystemTime='2024-05-06T07:08:09.1234567Z'/>"
        "<EventRecordID>{record}</EventRecordID><Channel>{channel}</Channel><Computer>h.example.com</Computer></System>"
        "<EventData>")
SECURITY = HEAD + ("<Data Name='SubjectUserName'>u</Data><Data Name='SubjectDomainName'>D</Data>"
                   "<Data Name='CommandLine'>{text}</Data></EventData></Event>")
SYSMON = HEAD + ("<Data Name='CommandLine'>{text}</Data><Data Name='User'>D\\u</Data>"
                 "<Data Name='ParentCommandLine'>cmd</Data></EventData></Event>")


def scan(*files):
    done = subprocess.run([TRIPLINE, "scan", *files], capture_output=True, check=False, timeout=600)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr.decode(errors="replace")[-2000:])
    return done, [json.loads(line) for line in done.stdout.splitlines()]


class Corpus(unittest.TestCase):
    def test_command_lines(self):
        with open(CORPUS / "commandlines.tsv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        self.assertGreater(len(rows), 20)
        want = set()
        with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
            for record, row in enumerate(rows, 1):
                text = escape(row["text"].replace("\\n", "\n")).replace("\n", "&#10;")
                file.write(SECURITY.format(provider="Microsoft-Windows-Security-Auditing", event_id=4688, record=record,
                                           channel="Security", text=text) + "\n")
                file.write(SYSMON.format(provider="Microsoft-Windows-Sysmon", event_id=1, record=record,
                                         channel="Microsoft-Windows-Sysmon/Operational", text=text) + "\n")
                if row["fires"] == "yes":
                    want |= {("4688", record), ("1", record)}
            file.flush()
            done, alerts = scan(file.name)
        self.assertEqual(done.returncode, 0)
        self.assertEqual({(a["event"]["code"], a["event"]["sequence"]) for a in alerts}, want)
        self.assertEqual(len(alerts), len(want))

    def test_recorded_events_do_not_fire(self):
        files = sorted(path for folder in ("xml", "native", "multiline", "malformed", "json-reconstructed", "evtx")
                       for path in (CORPUS / folder).rglob("*") if path.is_file())
        self.assertGreater(len(files), 300)
        done, alerts = scan(*files)
        self.assertEqual(alerts, [])
        last = done.stderr.decode(errors="replace").splitlines()[-1]
        read = {name: int(number) for number, name in re.findall(r"(\d+) (files|events|process creations)", last)}
        self.assertEqual(read["files"], len(files))
        self.assertGreater(read["events"], 20000)
        self.assertGreater(read["process creations"], 3000)
        print(done.stderr.decode(errors="replace").splitlines()[-1])


if not (CORPUS / "commandlines.tsv").is_file():
    print(f"skipped: {CORPUS} is not there")
    sys.exit(77)
suite.main(sys.argv[3:])
