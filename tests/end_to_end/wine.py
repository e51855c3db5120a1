"""Windows in Wine, with our stand-in for the Event Log: tests/winsim/prefix.sh, from Python."""
import os
import shutil
import subprocess
import time
from pathlib import Path

import world

PREFIX_SH = world.HERE.parent / "winsim" / "prefix.sh"


def process_table():
    """pid -> command line, of all processes that are alive."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                    table[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                pass  # it ended meanwhile
    return table


class Wine:
    """A prefix of its own with a running session; program is copied into it, as an administrator would."""

    def __init__(self, directory, program, wevtapi, sechost=None):
        self.prefix = Path(directory) / "prefix"
        self.scratch = Path(directory)
        self.calls = 0
        self.shell("winsim_prefix_new", self.prefix, wevtapi)
        if sechost is not None:
            self.shell("winsim_prefix_etw", self.prefix, sechost)
        self.home = self.prefix / "drive_c" / "Program Files" / "Tripline"
        self.home.mkdir(parents=True)
        shutil.copy(program, self.home / "tripline.exe")
        self.state = self.prefix / "drive_c" / "ProgramData" / "Tripline"
        self.state.mkdir(parents=True, exist_ok=True)
        self.shell("winsim_session_start", self.prefix)

    def shell(self, function, *arguments, check=True):
        """Calls one of prefix.sh's functions; its output goes to files, for Wine's services keep a pipe open."""
        with open(self.scratch / "shell.err", "wb") as errors:
            done = subprocess.run(["bash", "-c", 'source "$1"; shift; "$@"', "bash", PREFIX_SH, function,
                                   *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                  check=False, timeout=180)
        if check and done.returncode != 0:
            raise AssertionError(f"{function}: " + (self.scratch / "shell.err").read_text(errors="replace"))
        return done.returncode

    def run(self, *arguments, program=None):
        """Runs tripline (or program) to its end. Returns exit code, output, errors."""
        self.calls += 1
        out = self.scratch / f"call{self.calls}"
        code = self.shell("winsim_run", self.prefix, out, program or self.windows_path(self.home / "tripline.exe"),
                          *arguments, check=False)
        read = [Path(f"{out}.{kind}").read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
                for kind in ("out", "err")]
        return code, *read

    def windows_path(self, path):
        inside = Path(path).relative_to(self.prefix / "drive_c")
        return "C:\\" + str(inside).replace("/", "\\")

    def channel(self, name):
        return self.prefix / "drive_c" / "winsim" / (name.replace("/", "%4") + ".xml")

    def append(self, channel, *events):
        world.append(self.channel(channel), *events)

    def scenario(self, *directives):
        self.shell("winsim_scenario", self.prefix, *directives)

    def service_pid(self):
        """The pid of the running service, or None."""
        for pid, line in process_table().items():
            if "tripline.exe" in line and " service" in line:
                try:
                    environment = Path(f"/proc/{pid}/environ").read_bytes()
                except OSError:
                    continue
                if os.fsencode(self.prefix) in environment:
                    return pid
        return None

    def log(self):
        path = self.state / "tripline.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def wait_for_log(self, words, timeout_s=20, count=1):
        world.wait_for(lambda: self.log().count(words) >= count, timeout_s, f"{words} in the agent's log")

    def aborts(self):
        """What the stand-in complained of: a wrong use of the Event Log's API."""
        path = self.prefix / "drive_c" / "winsim" / "abort.txt"
        return path.read_text(errors="replace") if path.is_file() else ""

    def leaks(self):
        path = self.prefix / "drive_c" / "winsim" / "leaks.txt"
        return path.read_text(errors="replace") if path.is_file() else ""

    def kill_service(self):
        pid = self.service_pid()
        os.kill(pid, 9)
        world.wait_for(lambda: pid not in process_table(), 10, "the service's end")

    def stop(self):
        self.shell("winsim_prefix_remove", self.prefix, check=False)
        for _ in range(50):
            if not self.prefix.exists():
                return
            time.sleep(0.1)
