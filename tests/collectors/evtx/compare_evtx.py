#!/usr/bin/python3
"""Is every record of recorded .evtx files what an independent reader, python3-evtx, says it is?

    compare_evtx.py PRINT_EVTX SHARED

Without SHARED/corpus/evtx or python3-evtx it ends with 77: skipped. TRIPLINE_LONG=1: all files; else every eighth.
"""
import gzip
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

try:
    import Evtx.Evtx as evtx
except ImportError:
    print("skipped: there is no python3-evtx")
    sys.exit(77)

NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def form(text):
    """One form for what the two write in two: padding of hexadecimal numbers, case, digits of a second, line ends."""
    text = text or ""
    if re.fullmatch(r"0x[0-9a-f]+", text):
        return hex(int(text, 16))
    time = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)?", text)
    if time:
        return f"{time[1]} {time[2]}.{(time[3] or '').ljust(6, '0')[:5]}"  # python rounds the sixth
    if text in ("True", "False"):
        return text.lower()
    return re.sub(r"\s+", " ", text).strip().lower()


def facts(xml):
    """The element names and texts of an event below System and in its data."""
    root = ET.fromstring(NO_XML.sub("", xml))  # the other reader leaves them out
    found = []
    for element in root.iter():
        name = element.tag.split("}")[-1]
        if len(element) == 0 and (form(element.text) or name == "Data"):
            found.append((name, element.get("Name"), form(element.text)))
    return found


def ours(program, path):
    done = subprocess.run([program, path], stdout=subprocess.PIPE, check=True)
    for record in re.split("\0(?=[0-9]+ <)", done.stdout.decode("utf-8", "surrogatepass"))[1:]:
        number, xml = record.split(" ", 1)
        yield int(number), xml


def theirs(path):
    with evtx.Evtx(path) as log:
        for chunk in log.chunks():
            for record in chunk.records():
                try:
                    xml = record.xml()
                except Exception as problem:  # their own: any kind
                    xml = problem
                yield record.record_num(), xml


def compare(program, path, name):
    """Returns the records that agree, differ, and that the other reader can't read."""
    agree, differ, unread = 0, 0, 0
    mine, other = list(ours(program, path)), list(theirs(path))
    if [number for number, _ in other] != [number for number, _ in mine][:len(other)]:
        print(f"{name}: other records: {len(mine)} here, {len(other)} there")
        return 0, max(len(mine), len(other)), 0
    for (number, xml), (_, their_xml) in zip(mine, other):
        try:
            if isinstance(their_xml, Exception):
                raise their_xml
            want = facts(their_xml)
        except Exception:
            unread += 1
            continue
        got = facts(xml)
        if got == want:
            agree += 1
        else:
            differ += 1
            print(f"{name}: record {number}: {[f for f in got if f not in want][:2]} here, "
                  f"{[f for f in want if f not in got][:2]} there")
    return agree, differ, unread


def main():
    program, shared = sys.argv[1:3]
    files = sorted(Path(shared, "corpus", "evtx").glob("*.evtx.gz"))
    if not files:
        print("skipped: there is no corpus/evtx")
        return 77
    if not os.environ.get("TRIPLINE_LONG"):
        files = files[::8]
    totals = [0, 0, 0]
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "a.evtx")
        for packed in files:
            Path(path).write_bytes(gzip.decompress(packed.read_bytes()))
            totals = [a + b for a, b in zip(totals, compare(program, path, packed.name))]
    print(f"{len(files)} files: {totals[0]} records agree, {totals[1]} differ, {totals[2]} the other reader can't read")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
