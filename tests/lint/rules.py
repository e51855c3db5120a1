#!/usr/bin/python3
"""The rules of the house that a program can check (docs/style.md). Prints file:line: what; exit 1 if there is any.

    tests/lint/rules.py [ROOT]
"""
import re
import subprocess
import sys
from pathlib import Path

MAX_FILE = 500
MAX_FUNCTION = 60
GENERATED = {"detect/base/unicode_tables.c"}

# Which rooms the sources of a room may include from (docs/architecture.md).
MAY_INCLUDE = {
    "detect": {"detect"},
    "collectors": {"collectors", "detect"},
    "transport": {"transport", "detect"},
    "agent": {"agent", "collectors", "transport", "detect"},
}
ROOMS = set(MAY_INCLUDE) | {"tests"}

# Libraries by room: what a room is not built on, it does not include.
LIBRARIES = {
    "expat.h": {"collectors", "agent"},
    "zlib.h": {"collectors", "transport", "agent"},
    "jansson.h": {"transport", "agent"},
    "sqlite3.h": {"transport", "agent"},
    "yaml.h": {"detect", "agent"},
    "pcre2.h": {"detect", "agent"},
    "curl/": {"transport", "agent"},
    "openssl/": {"transport", "agent"},
}

BANNED = re.compile(r"\b(strcpy|strcat|strncpy|sprintf|vsprintf|strtok|gets|atoi|atol|alloca|system|popen)\s*\(")
LOAD_LIBRARY = re.compile(r"\bLoadLibrary(Ex)?[AW]?\s*\(")
PLATFORM = re.compile(r"\b(_WIN32|_WIN64|WIN32|__linux__|__unix__|__MINGW32__|__MINGW64__)\b")
WINDOWS_HEADER = re.compile(r'#\s*include\s*<(windows|win\w+|evn\w+|tdh|sddl|aclapi|shlobj\w*|ws2tcpip|io|direct)\.h>')
PRINTS = re.compile(r"(?<![\w])f?printf\s*\(")
# The way itself; HTML; figures alone, with a carriage return; what comes before there is one.
MAY_PRINT = {"agent/system/plain.c", "agent/scan/scan_page.c", "agent/scan/scan_watch.c", "agent/main_win.c"}
TYPEDEF_STRUCT = re.compile(r"^\s*typedef\s+(struct|union|enum)\b")


def folder_orders(root):
    """Per room its folders, in the order in which its CMakeLists.txt names them: each may use those before it."""
    orders = {}
    for room in MAY_INCLUDE:
        listed = re.search(r"\bFOLDERS\b([^)]*?)(?:\bLINK\b|\))", (root / room / "CMakeLists.txt").read_text(encoding="utf-8"))
        orders[room] = listed.group(1).split()
    return orders


def check_order(path, lines, orders):
    """Includes go to the own folder or one before it: so there is no circle of folders."""
    parts = path.split("/")
    if parts[0] not in orders or len(parts) != 3:
        return
    order = orders[parts[0]]
    if parts[1] not in order:
        yield 1, f"{parts[0]}/CMakeLists.txt does not name the folder {parts[1]}"
        return
    for number, line in enumerate(lines, 1):
        ours = re.match(r'\s*#\s*include\s*"' + parts[0] + r'/(\w+)/[^"]+"', line)
        if ours and ours.group(1) in order and order.index(ours.group(1)) > order.index(parts[1]):
            yield number, f"{parts[1]}/ comes before {ours.group(1)}/ in {parts[0]}/CMakeLists.txt and may not use it"


def check_mirror(path, orders):
    """Tests lie in folders of the same names as what they test."""
    parts = path.split("/")
    if parts[0] == "tests" and parts[1] in orders and len(parts) > 3 and parts[2] not in orders[parts[1]]:
        yield 1, f"tests/{parts[1]}/{parts[2]}/: there is no folder {parts[1]}/{parts[2]}"


def strip_comments(text):
    """Comments and string contents become blanks, so that line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token.startswith(("\"", "'")):
            return token[0] + token[0]
        return re.sub(r"[^\n]", " ", token)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def check_includes(path, lines):
    room = path.split("/")[0]
    for number, line in enumerate(lines, 1):
        ours = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if ours:
            target = ours.group(1).split("/")[0]
            if target not in ROOMS:
                yield number, f'"{ours.group(1)}": include lines are written from the top, room first'
            elif room in MAY_INCLUDE and target not in MAY_INCLUDE[room]:
                yield number, f"{room}/ must not include {target}/"
        for library, rooms in LIBRARIES.items():
            if re.match(r"\s*#\s*include\s*<" + re.escape(library), line) and room in MAY_INCLUDE and room not in rooms:
                yield number, f"{room}/ is not built on <{library}>"


def check_words(path, code):
    is_windows = path.endswith("_win.c") or path.startswith("tests/winsim/")
    for number, line in enumerate(code, 1):
        banned = BANNED.search(line)
        if banned:
            yield number, f"{banned.group(1)}() is banned: use a call that knows the buffer's size, or none at all"
        if path.startswith("agent/") and path not in MAY_PRINT and PRINTS.search(line):
            yield number, "prints as it is what others may have written: plain_printf (agent/system/plain.h)"
        if LOAD_LIBRARY.search(line):
            yield number, "LoadLibrary: libraries are linked, and never found by bare name"
        if PLATFORM.search(line):
            yield number, "no platform macro in sources: x_win.c and x_posix.c, chosen by the build"
        if WINDOWS_HEADER.search(line) and not is_windows:
            yield number, "Windows headers only in *_win.c"
        if TYPEDEF_STRUCT.search(line):
            yield number, "no typedef for structs, unions and enums"


def check_sizes(lines, code):
    if len(lines) > MAX_FILE:
        yield len(lines), f"{len(lines)} lines: a file has at most {MAX_FILE}"
    begin = None
    for number, line in enumerate(code, 1):
        if line.startswith("{"):
            begin = number
        elif line.startswith("}") and begin is not None:
            if number - begin - 1 > MAX_FUNCTION:
                yield begin, f"{number - begin - 1} lines: a function has at most {MAX_FUNCTION}"
            begin = None


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                           check=True, capture_output=True, text=True).stdout.split()
    files = [path for path in files if (root / path).is_file()]
    if not files:
        print("no sources found", file=sys.stderr)
        return 1
    found = 0
    orders = folder_orders(root)
    for path in files:
        text = (root / path).read_text(encoding="utf-8")
        lines, code = text.splitlines(), strip_comments(text).splitlines()
        problems = list(check_includes(path, lines)) + list(check_words(path, code))
        problems += list(check_order(path, lines, orders)) + list(check_mirror(path, orders))
        if path not in GENERATED:
            problems += check_sizes(lines, code)
        for number, what in sorted(problems):
            print(f"{path}:{number}: {what}")
            found += 1
    print(f"{len(files)} sources, {found} problems")
    return 1 if found else 0


sys.exit(main())
