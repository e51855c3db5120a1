#!/usr/bin/env bash
# clang_tidy.sh BUILD_TREE: every source that the build tree compiles, but for the tests.
set -euo pipefail
tree=$1
mapfile -t sources < <(/usr/bin/python3 -c '
import json, sys
root = sys.argv[2] + "/"
for entry in json.load(open(sys.argv[1] + "/compile_commands.json")):
    path = entry["file"]
    if path.startswith(root) and not path.startswith((root + "tests/", root + "build/")) and "unicode_tables" not in path:
        print(path)
' "$tree" "$PWD" | sort -u)
[ ${#sources[@]} -gt 0 ] || { echo "no sources in $tree/compile_commands.json" >&2; exit 1; }
printf '%s\0' "${sources[@]}" | xargs -0 -n 8 -P 2 clang-tidy --quiet -p "$tree"
