"""Debian's rsyslog and syslog-ng on the bench's events: unpacked below build/bench, never installed (they conflict)."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import files

FOLDER = files.FOLDER / "peers"
TERM = "ActiveSyncAllowedDeviceIDs"
LIBRARIES = "usr/lib/x86_64-linux-gnu"

RSYSLOG = """module(load="imfile")
global(workDirectory="{work}" maxMessageSize="64k")
input(type="imfile" File="{path}" Tag="events" freshStartTail="off" addMetadata="off")
if $msg contains_i "Set-CASMailbox" and $msg contains_i "{term}" and $msg contains_i "add" then {{
    action(type="omfile" file="{work}/out" template="RSYSLOG_TraditionalFileFormat")
}}
"""
SYSLOG_NG = """@version: 3.38
options {{ stats-freq(0); log-msg-size(65536); keep-hostname(yes); use-dns(no); }};
source s {{ file("{path}" flags(no-parse) follow-freq(1)); }};
parser p {{ xml(prefix("x.")); }};
filter f {{ match("{term}" value("x.Event.EventData.Data") type(string) flags(ignore-case substring)); }};
destination d {{ file("{work}/out" template("$MESSAGE\\n")); }};
log {{ source(s); parser(p); filter(f); destination(d); }};
"""


class Cost:
    def __init__(self, cpu, wall, mib):
        self.cpu, self.wall, self.mib = cpu, wall, mib


def unpack(name, packages):
    """The packages and what they need beyond what is installed; returns the folder."""
    root, archives = FOLDER / name, FOLDER / (name + "-archives")
    if not root.is_dir():
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*as_root, "apt-get", "install", "-y", "--no-install-recommends", "--download-only",
                        "-o", f"Dir::Cache::archives={archives}", *packages], check=True, capture_output=True)
        part = root.with_suffix(".part")
        for package in archives.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, part], check=True)
        part.rename(root)
    return root


def used(pid):
    """CPU seconds so far, and peak MiB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    peak = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak) / 1024


def run(name, command, root, work):
    """Runs a program that never ends by itself, until it has been idle for two seconds; says what it had used by then."""
    begin = time.monotonic()
    environment = dict(os.environ, LD_LIBRARY_PATH=f"{root / LIBRARIES}:{root / 'usr/lib/syslog-ng'}")
    with open(work / "log", "wb") as log:
        process = subprocess.Popen(list(map(str, command)), env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
    cpu, mib, busy = 0.0, 0.0, time.monotonic()
    while time.monotonic() - busy < 2 and process.poll() is None:
        time.sleep(0.1)
        if process.poll() is None:
            now, mib = used(process.pid)
            if now > cpu + 0.011:
                cpu, busy = now, time.monotonic()
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    out = work / "out"
    found = len(out.read_bytes().splitlines()) if out.is_file() else 0
    print(f"{name}: {found} events found")
    if found == 0:
        print((work / "log").read_text(errors="replace")[-2000:])
        return None
    return Cost(cpu, busy - begin, mib)


def workplace(name, config, path):
    work = FOLDER / (name + "-work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / "conf").write_text(config.format(work=work, path=path, term=TERM))
    return work


def measure(path):
    """(what, Cost) of each that ran."""
    results = []
    root, work = unpack("syslog-ng", ["syslog-ng-core", "syslog-ng-mod-xml-parser"]), workplace("syslog-ng", SYSLOG_NG, path)
    modules = next(root.glob("usr/lib/syslog-ng/*"))
    results.append(("syslog-ng 3.38 (xml parser + filter)", run("syslog-ng", [
        root / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", work / "conf", "-R", work / "persist", "-c", work / "control",
        "-p", work / "pid", f"--module-path={modules}"], root, work)))
    root, work = unpack("rsyslog", ["rsyslog"]), workplace("rsyslog", RSYSLOG, path)
    results.append(("rsyslog 8.2302 (contains, three terms)", run("rsyslog", [
        root / "usr/sbin/rsyslogd", "-n", "-f", work / "conf", "-i", work / "pid", "-M", root / LIBRARIES / "rsyslog"], root,
        work)))
    return [(name, spent) for name, spent in results if spent is not None]
