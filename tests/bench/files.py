"""The files that the bench measures on, made once in build/bench."""
import gzip
import random
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "data"))
import make_background as background  # pylint: disable=wrong-import-position
import make_events  # pylint: disable=wrong-import-position

ROOT = HERE.parent.parent
FOLDER = ROOT / "build" / "bench"
EVENTS = 200_000
HOSTILE_BYTES = 64_000_000


def once(name, write):
    """The file name in FOLDER, written by write(path) if it is not there yet."""
    path = FOLDER / name
    if not path.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        write(part)
        part.rename(path)
    return path


def events(count, attacks):
    def write(path):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for line in make_events.lines(count, attacks):
                file.write(line + "\n")
    return once(f"events-{count}-{attacks}.xml", write)


def many_times(count, base):
    """count events: the file base, over and over."""
    def write(path):
        with open(path, "wb") as file:
            for _ in range(count // EVENTS):
                subprocess.run(["cat", base], stdout=file, check=True)
    return once(f"events-{count}.xml", write)


def gzipped(path):
    def write(part):
        with open(part, "wb") as file:
            subprocess.run(["gzip", "-c", path], stdout=file, check=True)
    return once(path.name + ".gz", write)


def utf16(path):
    def write(part):
        part.write_bytes(b"\xff\xfe" + path.read_text(encoding="utf-8").encode("utf-16-le"))
    return once(path.stem + "-utf16.xml", write)


def event_with(rng, record, line):
    time = __import__("datetime").datetime(2024, 3, 4)
    return background.security_event(rng, record, time, background.HOSTS[0], background.USERS[0],
                                     background.SYSTEM32 + "cmd.exe", line, background.SYSTEM32 + "cmd.exe")


def full_of(piece):
    """Events whose command line is piece, over and over, 8,000 characters of it."""
    def write(path):
        rng = random.Random(1)
        line = (piece * (8000 // len(piece) + 1))[:8000]
        text = event_with(rng, 1, line) + "\n"
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for _ in range(HOSTILE_BYTES // len(text.encode())):
                file.write(text)
    return write


def one_line(path):
    """One event of a gigabyte: no end before."""
    with open(path, "wb") as file:
        file.write(b"<Event>")
        for _ in range(1000):
            file.write(b"addActiveSyncAllowed" * 50_000)


def nested(path):
    """A million elements, one in the other, in one event, and none closed; again and again."""
    with open(path, "wb") as file:
        for _ in range(16):
            file.write(b"<Event>" + b"<a>" * 1_000_000 + b"</Event>\n")


def nested_small(path):
    """Events of a thousand elements in one another, which hold the rule's terms: all go to the parser."""
    text = (b"<Event><System/><EventData>ActiveSyncAllowedDeviceIDs" + b"<a>" * 1000 + b"</a>" * 1000 +
            b"</EventData></Event>\n")
    path.write_bytes(text * (HOSTILE_BYTES // len(text)))


def references(path):
    """Events that a reference to a letter sends to the parser, though the terms are not there."""
    full_of("&#97;")(path)
    path.write_bytes(path.read_bytes().replace(b"&amp;#97;", b"&#97;"))


def controls(path):
    """References to control characters alone: they part words, so no event need go to the parser for them."""
    full_of("&#13;")(path)
    path.write_bytes(path.read_bytes().replace(b"&amp;#13;", b"&#13;"))


def hostile():
    """(what, file) of each hostile input."""
    pieces = [("near-misses", "near misses: ActiveSyncAllowedDeviceID, no s", "ActiveSyncAllowedDeviceID "),
              ("xadd", "xadd ...", "xadd "), ("addadd", "addaddadd...", "add"),
              ("probes", "probe letters: yvyv...", "yv"), ("probes-3", "probe letters: yvvyyvvy...", "yvvy"),
              ("marks", "'<', '&', '!', '#', '?' in the text", "<&!#?"),
              ("names", "Event, EventID, Ev in the text", "Event EventID Ev>")]
    made = [(what, once(f"hostile-{name}.xml", full_of(piece))) for name, what, piece in pieces]
    made.append(("control characters as references", once("hostile-controls.xml", controls)))
    made += [("one line of 1 GB", once("hostile-line.xml", one_line)),
             ("a million nested elements", once("hostile-nested.xml", nested))]
    return made


def parsed():
    """(what, file) of inputs that make the parser work."""
    return [("1,000 nested elements and a term in each event", once("parsed-nested.xml", nested_small)),
            ("letters as references", once("parsed-references.xml", references))]


def long_evtx(shared):
    """A log of 268 MB: the full chunks of the largest recorded one, again and again; None where there is none."""
    recorded = sorted(evtx(shared), key=lambda path: path.stat().st_size)
    if not recorded:
        return None
    content = recorded[-1].read_bytes()
    chunks = [content[at:at + 65536] for at in range(4096, len(content) - 65535, 65536)]
    full = [chunk for chunk in chunks if int.from_bytes(chunk[48:52], "little") > 60_000]

    def write(part):
        with open(part, "wb") as to:
            to.write(content[:4096])
            for i in range(4096):
                to.write(full[i % len(full)])
    return once("long.evtx", write)


def evtx(shared):
    """The recorded .evtx files, unpacked; [] where there are none."""
    found = []
    for packed in sorted((shared / "corpus" / "evtx").glob("*.evtx.gz")):
        found.append(once(packed.name[:-3], lambda part, packed=packed: part.write_bytes(gzip.open(packed).read())))
    return found
