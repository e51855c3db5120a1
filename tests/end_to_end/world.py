"""The world around the agent under test: events, a config, a receiver of our own with throw-away certificates."""
import atexit
import datetime
import fcntl
import functools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

HERE = Path(__file__).resolve().parent

# ./dev test --long: each test tries the whole of what it can.
LONG = os.environ.get("TRIPLINE_LONG") == "1"

# Time limits of waits end what hangs; on a machine that is busy with other things everything takes several times as long.
PATIENCE = 5

# The command line that was published of the Solorigate intrusions, with its placeholders.
ATTACK = ("powershell.exe -PSConsoleFile exshell.psc1 -Command \"Set-CASMailbox -Identity user@example.com "
          "-ActiveSyncAllowedDeviceIDs @{add='XXXXXXXXXXXXX'}\"")
HARMLESS = "powershell.exe -Command \"Get-CASMailbox -Identity user@example.com\""
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"

SECURITY = "Security"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
FORWARDED = "ForwardedEvents"


def now():
    """The present as Windows writes it into an event."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def seconds(timestamp):
    """An event's time as seconds since 1970."""
    return datetime.datetime.strptime(timestamp[:26] + "+0000", "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def text(value):
    return escape(value).replace("\r", "&#13;").replace("\n", "&#10;")


def event(provider, event_id, channel, record, data, when=None, computer="EXCH01.corp.example.com"):
    """One event on one line, as EvtRender gives it."""
    fields = "".join(f"<Data Name='{name}'>{text(value)}</Data>" for name, value in data.items())
    return ("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            f"<Provider Name='{provider}'/><EventID>{event_id}</EventID><Version>2</Version><Level>0</Level>"
            f"<Task>13312</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords>"
            f"<TimeCreated SystemTime='{when or now()}'/><EventRecordID>{record}</EventRecordID><Correlation/>"
            f"<Execution ProcessID='4' ThreadID='8'/><Channel>{channel}</Channel><Computer>{computer}</Computer>"
            f"<Security/></System><EventData>{fields}</EventData></Event>")


def event_4688(record, command_line, when=None, pid=9636, **more):
    data = {"SubjectUserSid": "S-1-5-21-1377283216-344919071-3415362939-1104", "SubjectUserName": "dadmin",
            "SubjectDomainName": "CONTOSO", "SubjectLogonId": "0x569860", "NewProcessId": f"0x{pid:x}",
            "NewProcessName": POWERSHELL, "TokenElevationType": "%%1936", "ProcessId": "0x1544",
            "CommandLine": command_line, "TargetUserSid": "S-1-0-0", "TargetUserName": "-", "TargetDomainName": "-",
            "TargetLogonId": "0x0", "ParentProcessName": r"C:\Windows\System32\cmd.exe",
            "MandatoryLabel": "S-1-16-12288"}
    return event("Microsoft-Windows-Security-Auditing", 4688, SECURITY, record, data, when, **more)


def event_sysmon(record, command_line, when=None, parent="cmd.exe", pid=9640, parent_pid=5444, **more):
    """By default of another process than event_4688: the same one would be one alert."""
    data = {"RuleName": "-", "UtcTime": "2024-05-06 07:08:09.123",
            "ProcessGuid": "{0f0f0f0f-1111-2222-3333-444444444444}", "ProcessId": str(pid), "Image": POWERSHELL,
            "CommandLine": command_line, "CurrentDirectory": "C:\\", "User": r"CONTOSO\dadmin",
            "LogonId": "0x569860", "ParentProcessId": str(parent_pid), "ParentImage": r"C:\Windows\System32\cmd.exe",
            "ParentCommandLine": parent, "ParentUser": r"CONTOSO\dadmin"}
    return event("Microsoft-Windows-Sysmon", 1, SYSMON, record, data, when, **more)


def event_cleared(record, event_id=1102, channel=SECURITY, log="", when=None):
    """What Windows writes when a log was cleared: 1102 into Security itself, 104 into System with the log's name."""
    whole = event("Microsoft-Windows-Eventlog", event_id, channel, record, {}, when)
    named = f"<Channel>{log}</Channel><BackupPath></BackupPath>" if log else ""
    return whole.replace("<EventData></EventData>", (
        "<UserData><LogFileCleared xmlns='http://manifests.microsoft.com/win/2004/08/windows/eventlog'>"
        "<SubjectUserName>dadmin</SubjectUserName><SubjectDomainName>CONTOSO</SubjectDomainName>"
        f"{named}</LogFileCleared></UserData>"))


@functools.cache
def certificates():
    """Made once a test program."""
    directory = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    subprocess.run([HERE / "certificates.sh", directory], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return directory


def make_certificates(directory):
    """A throw-away authority and what it signed; see certificates.sh. The same ones for each test of a program."""
    shutil.copytree(certificates(), directory, dirs_exist_ok=True)


PORTS = []  # the locks of those that this program has


def free_port():
    """A port that is this program's to its end: no other test program gets it from here, and it lies below those that
    the kernel gives to who doesn't ask for one."""
    folder = Path(tempfile.gettempdir()) / f"tripline-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(range(20000, 30000), 1000):
        lock = open(folder / str(port), "ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        PORTS.append(lock)
        return port
    raise AssertionError("no port is free")


class Receiver:
    """The central collector: our HTTPS server, as a process of its own."""

    def __init__(self, directory, certificates, *arguments, port=0):
        self.out = Path(directory) / "received.jsonl"
        self.errors = open(Path(directory) / "receiver.log", "ab")
        port_file = Path(directory) / "port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, HERE / "receiver.py", "--port", str(port or free_port()), "--port-file", port_file,
             "--certificate", certificates / "server.pem", "--key", certificates / "server.key",
             "--out", self.out, *arguments],
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        self.port = int(wait_for(lambda: port_file.is_file() and port_file.read_text().strip(), 15, "the receiver"))

    @property
    def url(self):
        return f"https://localhost:{self.port}/alerts"

    def received(self):
        """Each alert that came, oldest first, as the receiver wrote it down."""
        if not self.out.is_file():
            return []
        with open(self.out, encoding="utf-8") as file:
            # At once: a line that is being written would else come in two pieces.
            return [json.loads(line) for line in file.read().split("\n")[:-1]]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()


def wait_for(condition, timeout_s, what):
    """condition()'s first true value. timeout_s: what a quiet machine needs at most; PATIENCE times that is waited before an
    error names what did not come: what, or what what() says then."""
    end = time.monotonic() + PATIENCE * timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what() if callable(what) else what}: not within {PATIENCE * timeout_s} s")


def write_config(path, url, ca_file, channels, state, lookback="all", output="", eventlog="", limits="", extra=""):
    """A config for the agent, without doctor and heartbeats. Paths as the agent's system writes them. channels: names, or
    (name, query); eventlog, limits, output: more attributes of <eventlog>, <state>, <webhook>; extra: more elements."""
    names = ""
    for channel in channels:
        name, query = (channel, None) if isinstance(channel, str) else channel
        names += f"        <channel name={quoteattr(name)}{'' if query is None else ' query=' + quoteattr(query)}/>\n"
    Path(path).write_text(
        f"<tripline version=\"1\">\n    <state directory={quoteattr(state)} {limits}/>\n    <log level=\"debug\"/> "
        f"<doctor interval=\"0s\"/><heartbeat interval=\"0s\"/>\n"
        f"    <eventlog lookback={quoteattr(lookback)} {eventlog}>\n{names}    </eventlog>{extra}\n    <outputs start-spread=\"0s\">\n"
        f"        <webhook name=\"central\" url={quoteattr(url)} ca-file={quoteattr(ca_file)} {output}/>\n"
        f"    </outputs>\n</tripline>\n", encoding="utf-8")


def append(path, *events):
    """Adds events to a channel's file in one write, so that a reader never sees half of one."""
    data = "".join(line + "\n" for line in events).encode("utf-8")
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
