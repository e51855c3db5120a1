#!/usr/bin/python3
"""Writes detect/base/unicode_tables.c from the Unicode Character Database (Debian package unicode-data).

    detect/base/make_unicode_tables.py [/usr/share/unicode] > detect/base/unicode_tables.c

Letters and digits: UnicodeData.txt, general categories L* and Nd. Folding: CaseFolding.txt, status C and S, without the
four pairs that cross between ASCII and the rest. Upper and lower case: the simple mappings of UnicodeData.txt, without
those that cross. The version is the one CaseFolding.txt names in its first line.
"""
import re
import sys

# U+0130 and U+0131 have no simple folding (status F, T), the other two fold to s and k.
CROSSES_TO_ASCII = {0x017F, 0x212A, 0x0130, 0x0131}


def word_ranges(path):
    ranges, first = [], None
    for line in open(path, encoding="utf-8"):
        field = line.split(";")
        code = int(field[0], 16)
        if field[1].endswith(", First>"):
            first = code
            continue
        begin = first if field[1].endswith(", Last>") else code
        first = None
        if field[2][0] != "L" and field[2] != "Nd":
            continue
        if ranges and ranges[-1][1] == begin - 1:
            ranges[-1][1] = code
        else:
            ranges.append([begin, code])
    return ranges


def fold_ranges(path):
    pairs = []
    for line in open(path, encoding="utf-8"):
        field = [part.strip() for part in line.split("#")[0].split(";")]
        if len(field) >= 3 and field[1] in ("C", "S"):
            code = int(field[0], 16)
            if code not in CROSSES_TO_ASCII:
                pairs.append((code, int(field[2], 16) - code))
    return ranges_of(pairs)


def case_ranges(path, column):
    pairs = []
    for line in open(path, encoding="utf-8"):
        field = line.split(";")
        code = int(field[0], 16)
        other = int(field[column], 16) if field[column] else code
        if other != code and (code < 0x80) == (other < 0x80):
            pairs.append((code, other - code))
    return ranges_of(pairs)


def ranges_of(pairs):
    pairs.sort()
    ranges = []  # [first, last, delta, step]
    for code, delta in pairs:
        if ranges and ranges[-1][2] == delta:
            gap = code - ranges[-1][1]
            if ranges[-1][3] == 0 and gap in (1, 2):
                ranges[-1][1], ranges[-1][3] = code, gap
                continue
            if gap == ranges[-1][3]:
                ranges[-1][1] = code
                continue
        ranges.append([code, code, delta, 0])
    return [(first, last, delta, step or 1) for first, last, delta, step in ranges]


def rows(items, per_line):
    for start in range(0, len(items), per_line):
        print("    " + ", ".join(items[start:start + per_line]) + ",")


def main():
    base = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"
    first_line = open(base + "/CaseFolding.txt", encoding="utf-8").readline()
    version = re.match(r"# CaseFolding-([0-9.]+)\.txt", first_line).group(1)
    print("/* Made by detect/base/make_unicode_tables.py from the Unicode Character Database", version + "; do not edit. */")
    print("/* clang-format off */")
    print('#include "detect/base/unicode.h"\n#include "detect/base/unicode_tables.h"\n')
    print(f'const char unicode_version[] = "{version}";\n')
    print("const struct unicode_range unicode_word_ranges[] = {")
    rows([f"{{0x{a:X}, 0x{b:X}}}" for a, b in word_ranges(base + "/UnicodeData.txt")], 5)
    print("};\nconst size_t unicode_word_range_count = sizeof(unicode_word_ranges) / sizeof(unicode_word_ranges[0]);\n")
    mappings = (("fold", fold_ranges(base + "/CaseFolding.txt")), ("upper", case_ranges(base + "/UnicodeData.txt", 12)),
                ("lower", case_ranges(base + "/UnicodeData.txt", 13)))
    for number, (name, ranges) in enumerate(mappings):
        print(("\n" if number else "") + f"const struct unicode_fold_range unicode_{name}_ranges[] = {{")
        rows([f"{{0x{a:X}, 0x{b:X}, {d}, {s}}}" for a, b, d, s in ranges], 3)
        print(f"}};\nconst size_t unicode_{name}_range_count = sizeof(unicode_{name}_ranges) / "
              f"sizeof(unicode_{name}_ranges[0]);")


main()
