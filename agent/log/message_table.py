#!/usr/bin/python3
"""Makes the Windows message table's source from the one list of message ids, agent/log/messages.h.

    message_table.py MESSAGES_H OUTPUT.mc

Every id has the text "Tnnnn %1": the agent hands over the whole line. !S! keeps the Event Viewer from expanding what looks
like an insertion (%2) in that line (learn.microsoft.com: ReportEvent, remarks).
"""
import re
import sys
from pathlib import Path

HEAD = """; Made by agent/log/message_table.py.
MessageIdTypedef=DWORD
SeverityNames=(Success=0x0:STATUS_SEVERITY_SUCCESS)
FacilityNames=(Agent=0x0:FACILITY_AGENT)
LanguageNames=(English=0x409:MSG00409)

"""


def main():
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = sorted((int(number), name) for name, number in re.findall(r"\b(MESSAGE_\w+)\s*=\s*(\d+)", text))
    if not found or len({number for number, _ in found}) != len(found):
        print("message_table.py: no ids, or one twice", file=sys.stderr)
        return 1
    out = HEAD + "".join(f"MessageId={number}\nSeverity=Success\nFacility=Agent\nSymbolicName=TABLE_{name}\n"
                         f"Language=English\nT{number} %1!S!\n.\n\n" for number, name in found)
    Path(sys.argv[2]).write_text(out, encoding="ascii")
    return 0


sys.exit(main())
