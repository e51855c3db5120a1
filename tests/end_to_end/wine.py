"""Windows in Wine, with our stand-in for the Event Log: tests/winsim/prefix.sh, from Python."""
import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import suite
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


IDLE = {}  # (wevtapi, sechost) -> prefixes whose sessions run, as new


@atexit.register
def remove_idle():
    for prefix in itertools.chain(*IDLE.values()):
        shell("winsim_prefix_remove", prefix)
        shutil.rmtree(prefix.parent, ignore_errors=True)


def shell(function, *arguments, errors=subprocess.DEVNULL):
    """Calls one of prefix.sh's functions; its output goes to a file or nowhere, for Wine's services keep a pipe open."""
    return subprocess.run(["bash", "-c", 'source "$1"; shift; "$@"', "bash", PREFIX_SH, function, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, check=False, timeout=180).returncode


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Wine:
    """A prefix with a running session; program is copied into it, as an administrator would. is_shared: one that an
    earlier test of this program left as it found it will do, for a session costs as much as most tests; stop() says."""

    def __init__(self, directory, program, wevtapi, sechost=None, is_shared=False):
        self.scratch = Path(directory)
        self.calls = 0
        self.kind = (wevtapi, sechost)
        self.is_installed = self.is_changed = False
        if is_shared and IDLE.get(self.kind):
            self.prefix = IDLE[self.kind].pop()
        else:
            self.prefix = (Path(tempfile.mkdtemp()) if is_shared else self.scratch) / "prefix"
            self.shell("winsim_prefix_new", self.prefix, wevtapi)
            if sechost is not None:
                self.shell("winsim_prefix_etw", self.prefix, sechost)
            self.shell("winsim_session_start", self.prefix)
        self.drive = self.prefix / "drive_c"
        self.found = self.files()
        self.home = self.drive / "Program Files" / "Tripline"
        self.home.mkdir(parents=True)
        shutil.copy(program, self.home / "tripline.exe")
        self.state = self.drive / "ProgramData" / "Tripline"
        self.state.mkdir(parents=True, exist_ok=True)

    def files(self):
        """All of the drive but what is Windows' own."""
        return {path for top in self.drive.iterdir() if top.name not in ("windows", "users") for path in (top, *top.rglob("*"))}

    def shell(self, function, *arguments, check=True):
        with open(self.scratch / "shell.err", "wb") as errors:
            code = shell(function, *arguments, errors=errors)
        if check and code != 0:
            raise AssertionError(f"{function}: " + (self.scratch / "shell.err").read_text(errors="replace"))
        return code

    def run(self, *arguments, program=None):
        """Runs tripline (or program) to its end. Returns exit code, output, errors."""
        self.calls += 1
        self.is_installed |= arguments[:1] == ("install",)
        self.is_changed |= program is not None and arguments[:1] != ("query",)
        out = self.scratch / f"call{self.calls}"
        code = self.shell("winsim_run", self.prefix, out, program or self.windows_path(self.home / "tripline.exe"),
                          *arguments, check=False)
        if code == 0 and arguments[:1] == ("uninstall",):
            self.is_installed = False
        read = [Path(f"{out}.{kind}").read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
                for kind in ("out", "err")]
        if arguments[:1] == ("start",) and code != 0 and "1359" in read[0] + read[1]:
            self.broke_off("StartService fails with 1359")
        if code == 1 and not read[0] and not read[1]:  # whatever ends tripline with 1 says why
            self.broke_off("a program leaves 1 and not a word")
        return code, *read

    def broke_off(self, how):
        self.is_changed = True
        raise suite.WineFault(how)

    def msiexec(self, *words):
        """Runs it, with its log in C:\\msi.log; its exit code."""
        out, log = self.scratch / "msiexec", self.drive / "msi.log"
        try:
            self.shell("winsim_run_code", self.prefix, out, "msiexec", *words, "/l*", "C:\\msi.log", check=False)
        except subprocess.TimeoutExpired:
            self.broke_off("msiexec hangs")
        try:
            code = int(Path(f"{out}.code").read_text())
        except (FileNotFoundError, ValueError):
            self.broke_off("msiexec leaves no exit code")
        if code != 0 and log.is_file():
            text = log.read_bytes().decode("utf-16-le", errors="replace")
            print("\n".join(line for line in text.splitlines() if "Tripline:" in line))
        return code

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
        world.wait_for(lambda: not is_alive(pid), 10, "the service's end")

    def is_as_found(self):
        """Takes away what the test left: service, program, files, events. False: there may be more."""
        if self.is_changed:
            return False
        if self.service_pid() is not None:
            self.kill_service()
        if self.is_installed and self.run("uninstall")[0] != 0:
            return False
        for path in sorted(self.files() - self.found, reverse=True):
            path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
        return self.files() == self.found

    def stop(self, is_well=False):
        """is_well: the test passed, so the next one may have the session if it is shared."""
        if is_well and self.prefix.parent != self.scratch and self.is_as_found():
            IDLE.setdefault(self.kind, []).append(self.prefix)
            return
        self.shell("winsim_prefix_remove", self.prefix, check=False)
        if self.prefix.parent != self.scratch:
            shutil.rmtree(self.prefix.parent, ignore_errors=True)
