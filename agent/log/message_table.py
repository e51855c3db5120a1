#!/usr/bin/python3
"""Makes the source of a Windows message table.

    message_table.py MESSAGES_H OUTPUT.mc          the program's own: the ids of agent/log/messages.h
    message_table.py --all MESSAGES_H OUTPUT.mc    tripline_messages.dll's: every id that there can be

The Event Log's readers keep the file of the table open, so that an upgrade could not replace it. That is why the DLL holds
all ids of RANGES from the start, and stays as it is when messages are added.

Every id has the text "Tnnnn %1": the agent hands over the whole line. !S! keeps the Event Viewer from expanding what looks
like an insertion (%2) in that line (learn.microsoft.com: ReportEvent, remarks).
"""
import re
import sys
from pathlib import Path

# A change of these is a change of the DLL: then its version in agent/tripline_messages.rc and installer/build_msi.py rises.
RANGES = [(1000, 1399), (2000, 2399), (3000, 3399), (4000, 4399)]

HEAD = """; Made by agent/log/message_table.py.
MessageIdTypedef=DWORD
SeverityNames=(Success=0x0:STATUS_SEVERITY_SUCCESS)
FacilityNames=(Agent=0x0:FACILITY_AGENT)
LanguageNames=(English=0x409:MSG00409)

"""


def main():
    has_all = sys.argv[1] == "--all"
    source, target = map(Path, sys.argv[2 if has_all else 1:])
    numbers = sorted(int(number) for _, number in re.findall(r"\b(MESSAGE_\w+)\s*=\s*(\d+)", source.read_text("utf-8")))
    outside = [n for n in numbers if not any(first <= n <= last for first, last in RANGES)]
    if not numbers or len(set(numbers)) != len(numbers) or outside:
        print(f"message_table.py: no ids, or one twice, or outside of RANGES: {outside}", file=sys.stderr)
        return 1
    if has_all:
        numbers = [n for first, last in RANGES for n in range(first, last + 1)]
    out = HEAD + "".join(f"MessageId={n}\nSeverity=Success\nFacility=Agent\nSymbolicName=TABLE_T{n}\n"
                         f"Language=English\nT{n} %1!S!\n.\n\n" for n in numbers)
    target.write_text(out, encoding="ascii")
    return 0


sys.exit(main())
