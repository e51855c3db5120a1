#!/usr/bin/python3
"""Enters section .ldcfg of a 64-bit Windows program into its header as the load configuration, which GNU ld does not do.

    load_config.py PROGRAM...      rewrites the header in place
    load_config.py --show PROGRAM  prints the DependentLoadFlags that the loader will find, in hex
"""
import struct
import sys
from pathlib import Path

LOAD_CONFIG = 10  # index of the data directory (learn.microsoft.com/windows/win32/debug/pe-format)


def headers(data):
    """Where the data directories begin, and {section name: (virtual address, virtual size, file offset)}."""
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    if data[:2] != b"MZ" or data[pe:pe + 4] != b"PE\0\0":
        raise ValueError("no Windows program")
    count, optional_size = struct.unpack_from("<H12xH", data, pe + 6)
    optional = pe + 24
    if struct.unpack_from("<H", data, optional)[0] != 0x20B:
        raise ValueError("not a 64-bit program")
    sections = {}
    for i in range(count):
        name, size, address, _, offset = struct.unpack_from("<8sIIII", data, optional + optional_size + 40 * i)
        sections[name.rstrip(b"\0").decode("ascii")] = (address, size, offset)
    return optional + 112, sections


def enter(path):
    data = bytearray(path.read_bytes())
    directories, sections = headers(data)
    if ".ldcfg" not in sections:
        raise ValueError("no section .ldcfg")
    address, _, offset = sections[".ldcfg"]
    size = struct.unpack_from("<I", data, offset)[0]
    struct.pack_into("<II", data, directories + 8 * LOAD_CONFIG, address, size)
    path.write_bytes(data)


def show(path):
    data = path.read_bytes()
    directories, sections = headers(data)
    address, size = struct.unpack_from("<II", data, directories + 8 * LOAD_CONFIG)
    for begin, length, offset in sections.values():
        if size and begin <= address < begin + length:
            print(f"0x{struct.unpack_from('<H', data, offset + address - begin + 0x4E)[0]:x}")
            return
    raise ValueError("no load configuration")


def main():
    arguments = sys.argv[1:]
    work = enter
    if arguments[:1] == ["--show"]:
        work, arguments = show, arguments[1:]
    for name in arguments:
        try:
            work(Path(name))
        except (OSError, ValueError, struct.error) as error:
            print(f"load_config.py: {name}: {error}", file=sys.stderr)
            return 1
    return 0


sys.exit(main())
