#!/usr/bin/python3
"""Writes background.xml: ordinary process creations of an invented company, none of which any rule matches.

Run it in this folder after changing it: ./make_background.py > background.xml. The same output every time.
"""
import datetime
import random
import sys
from xml.sax.saxutils import escape

HOSTS = ["EXCH01.corp.example.com", "FS02.corp.example.com", "WS-0417.corp.example.com", "DC01.corp.example.com"]
USERS = [("anna.berg", 1104), ("tom.okafor", 1131), ("svc-backup", 1208), ("j.müller", 1177)]
SYSTEM32 = "C:\\Windows\\System32\\"
PROGRAMS = [
    (SYSTEM32 + "svchost.exe", "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s {service}"),
    (SYSTEM32 + "conhost.exe", "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1"),
    (SYSTEM32 + "taskhostw.exe", "taskhostw.exe"),
    (SYSTEM32 + "wbem\\WmiPrvSE.exe", "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding"),
    (SYSTEM32 + "cmd.exe", "cmd.exe /c dir \"C:\\Users\\{user}\\Documents\" > list.txt 2>&1"),
    (SYSTEM32 + "net.exe", "net  use \\\\FS02\\share /user:{domain}\\{user}"),
    (SYSTEM32 + "ipconfig.exe", "ipconfig /all"),
    (SYSTEM32 + "reg.exe", "reg add HKCU\\Software\\Example /v Count /t REG_DWORD /d {number} /f"),
    (SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe",
     "powershell.exe -NoProfile -Command \"Get-Mailbox -ResultSize {number} | Where-Object {{ $_.Name -like 'a*' }}\""),
    (SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe",
     "powershell.exe -Command \"Set-CASMailbox -Identity {user}@example.com -OWAEnabled $false\""),
    ("C:\\Program Files\\Example Office\\winword.exe",
     "\"C:\\Program Files\\Example Office\\winword.exe\" /n \"C:\\Users\\{user}\\Besprechung für März {number}.docx\""),
    ("C:\\Program Files (x86)\\Example Browser\\browser.exe",
     "\"C:\\Program Files (x86)\\Example Browser\\browser.exe\" --type=renderer --lang=en-US --seed={long}"
     " --enable-features=A,B,C --field-trial-handle={number},i,{long} /prefetch:1"),
    ("C:\\Tools\\backup.exe", ""),
]
SERVICES = ["Schedule", "Themes", "wuauserv", "BITS", "gpsvc"]


def data(name, value):
    return f"<Data Name='{name}'>{escape(str(value))}</Data>"


def event(provider, guid, event_id, version, task, channel, record, time, host, security, fields):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S") + f".{time.microsecond:06d}{record % 10}Z"
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{provider}' Guid='{guid}'/><EventID>{event_id}</EventID><Version>{version}</Version>"
        f"<Level>{0 if event_id == 4688 else 4}</Level><Task>{task}</Task><Opcode>0</Opcode>"
        f"<Keywords>{'0x8020000000000000' if event_id == 4688 else '0x8000000000000000'}</Keywords>"
        f"<TimeCreated SystemTime='{stamp}'/><EventRecordID>{record}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='4' ThreadID='{100 + record % 7000}'/><Channel>{channel}</Channel>"
        f"<Computer>{host}</Computer>{security}</System><EventData>"
        + "".join(data(name, value) for name, value in fields) + "</EventData></Event>")


def security_event(rng, record, time, host, user, image, line, parent):
    name, rid = user
    fields = [
        ("SubjectUserSid", f"S-1-5-21-1004336348-1177238915-682003330-{rid}"), ("SubjectUserName", name),
        ("SubjectDomainName", "CORP"), ("SubjectLogonId", hex(rng.randrange(0x3E7, 0x9000000))),
        ("NewProcessId", hex(rng.randrange(0x100, 0x4000) * 4)), ("NewProcessName", image),
        ("TokenElevationType", rng.choice(["%%1936", "%%1937", "%%1938"])),
        ("ProcessId", hex(rng.randrange(0x100, 0x4000) * 4)), ("CommandLine", line), ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", "-"), ("TargetDomainName", "-"), ("TargetLogonId", "0x0"), ("ParentProcessName", parent),
        ("MandatoryLabel", "S-1-16-8192")]
    return event("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-a5ba-3e3b0328c30d}", 4688, 2, 13312,
                 "Security", record, time, host, "<Security/>", fields)


def guid(rng):
    return "{%08x-%04x-%04x-%04x-%012x}" % tuple(rng.getrandbits(n) for n in (32, 16, 16, 16, 48))


def sysmon_event(rng, record, time, host, user, image, line, parent):
    utc = time.strftime("%Y-%m-%d %H:%M:%S") + f".{time.microsecond // 1000:03d}"
    fields = [
        ("RuleName", "-"), ("UtcTime", utc), ("ProcessGuid", guid(rng)), ("ProcessId", rng.randrange(1000, 30000)),
        ("Image", image), ("FileVersion", "10.0.20348.1 (WinBuild.160101.0800)"), ("Description", "Example program"),
        ("Product", "Microsoft® Windows® Operating System"), ("Company", "Microsoft Corporation"),
        ("OriginalFileName", image.rsplit("\\", 1)[1]), ("CommandLine", line),
        ("CurrentDirectory", "C:\\Windows\\system32\\"), ("User", f"CORP\\{user[0]}"), ("LogonGuid", guid(rng)),
        ("LogonId", hex(rng.randrange(0x3E7, 0x9000000))), ("TerminalSessionId", rng.randrange(3)),
        ("IntegrityLevel", rng.choice(["Medium", "High", "System"])), ("Hashes", "SHA256=%064X" % rng.getrandbits(256)),
        ("ParentProcessGuid", guid(rng)), ("ParentProcessId", rng.randrange(500, 9000)), ("ParentImage", parent),
        ("ParentCommandLine", f"\"{parent}\""), ("ParentUser", "NT AUTHORITY\\SYSTEM")]
    return event("Microsoft-Windows-Sysmon", "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}", 1, 5, 1,
                 "Microsoft-Windows-Sysmon/Operational", record, time, host, "<Security UserID='S-1-5-18'/>", fields)


def main():
    rng = random.Random(20220810)
    time = datetime.datetime(2022, 8, 10, 6, 0, 0)
    lines = []
    for record in range(300):
        time += datetime.timedelta(microseconds=rng.randrange(1, 90_000_000))
        user = rng.choice(USERS)
        image, line = rng.choice(PROGRAMS)
        line = line.format(user=user[0], domain="CORP", number=rng.randrange(1, 10000), long=rng.getrandbits(60),
                           service=rng.choice(SERVICES))
        parent = rng.choice([SYSTEM32 + "services.exe", SYSTEM32 + "cmd.exe", "C:\\Windows\\explorer.exe"])
        make = security_event if rng.random() < 0.6 else sysmon_event
        lines.append(make(rng, 237_000 + record, time, rng.choice(HOSTS), user, image, line, parent))
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
