"""ETW as a test writes it: records for the stand-in sechost.dll (tests/winsim/etw/), sessions, scenarios."""
import os
import struct
import time

PROCESS = bytes.fromhex("d0a86f3d05fed0119dda00c04fd7ba7c")
SYSMON_GUID = "5770385f-c22a-43e0-bf4c-06f5698ffbd9"
SYSMON = bytes.fromhex("5f3870572ac2e043bf4c06f5698ffbd9")
SECURITY = bytes.fromhex("2596845478549449a5ba3e3b0328c30d")
START, END, DC_START = 1, 2, 3

# S-1-5-18 and one that nobody has a name for.
SYSTEM = bytes([1, 1, 0, 0, 0, 0, 0, 5]) + struct.pack("<I", 18)
NOBODY = bytes([1, 4, 0, 0, 0, 0, 0, 5]) + struct.pack("<4I", 21, 1, 2, 1104)


def filetime(unix=None):
    """100 ns since 1601."""
    return 116444736000000000 + int((time.time() if unix is None else unix) * 10_000_000)


def units(text):
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def record(provider, payload, event_id=0, version=0, opcode=0, pid=4, flags=0x40, when=None):
    head = struct.pack("<HHBBHIIQ", flags, event_id, version, opcode, 0, pid & 0xFFFFFFFF, 0,
                       filetime() if when is None else when) + provider
    return struct.pack("<I", 4 + len(head) + len(payload)) + head + payload


def process(pid, parent, command_line, creator=None, opcode=START, version=4, pointer=8, sid=SYSTEM, when=None,
            image="powershell.exe"):
    """An event of the kernel's class Process, as systems of that version and pointer size write it."""
    form = "<Q" if pointer == 8 else "<I"
    key = struct.pack(form, 0x80AABBCC)
    payload = key + struct.pack("<4I", pid, parent, 1, 259)
    if version >= 3:
        payload += key
    if version >= 4:
        payload += struct.pack("<I", 0)
    payload += key + struct.pack(form, 0) + sid if sid else struct.pack("<I", 0)
    payload += image.encode("cp1252") + b"\0" + units(command_line)
    if version >= 4:
        payload += units("") + units("")
    if version >= 5:
        payload += bytes(8)
    return record(PROCESS, payload, version=version, opcode=opcode, pid=parent if creator is None else creator,
                  flags=0x40 if pointer == 8 else 0x20, when=when)


def sysmon(pid, parent, command_line, parent_command_line="cmd.exe", when=None):
    guid = bytes(range(16))
    payload = (units("-") + units("2024-05-06 07:08:09.123") + guid + struct.pack("<I", pid) + units("C:\\p.exe") +
               units("m") * 5 + units(command_line) + units("C:\\") + units("CONTOSO\\dadmin") + guid +
               struct.pack("<QI", 0x569860, 1) + units("High") + units("SHA256=00") + guid + struct.pack("<I", parent) +
               units("C:\\Windows\\System32\\cmd.exe") + units(parent_command_line) + units("CONTOSO\\boss"))
    return record(SYSMON, payload, event_id=1, version=5, when=when)


def security(pid, parent, command_line, when=None):
    payload = (NOBODY + units("dadmin") + units("CONTOSO") + struct.pack("<QQ", 0x569860, pid) + units("C:\\p.exe") +
               units("%%1936") + struct.pack("<Q", parent) + units(command_line) + NOBODY + units("-") + units("-") +
               struct.pack("<Q", 0) + units("C:\\Windows\\System32\\cmd.exe") + SYSTEM)
    return record(SECURITY, payload, event_id=4688, version=2, when=when)


class Etw:
    """The folder of the stand-in in one prefix."""

    def __init__(self, prefix):
        self.winsim = prefix / "drive_c" / "winsim"
        self.folder = self.winsim / "etw"

    def write(self, name, *records):
        """Appends in one go, so that the stand-in sees whole records."""
        fd = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(fd, b"".join(records))
        finally:
            os.close(fd)

    def kernel(self, *records):
        self.write("kernel.bin", *records)

    def scenario(self, *directives):
        new = self.folder / "scenario.new"
        new.write_text("".join(line + "\n" for line in directives))
        new.rename(self.folder / "scenario.txt")

    def session(self, name):
        return self.folder / "sessions" / (name + ".txt")

    def calls(self):
        path = self.winsim / "calls.txt"
        return path.read_text(errors="replace") if path.is_file() else ""

    def leaks(self):
        path = self.winsim / "leaks-etw.txt"
        return path.read_text(errors="replace") if path.is_file() else ""
