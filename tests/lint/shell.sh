#!/usr/bin/env bash
set -euo pipefail
scripts=()
while read -r file; do
    [ -f "$file" ] || continue
    if head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*(bash|/bin/sh)'; then
        scripts+=("$file")
    fi
done < <(git ls-files -co --exclude-standard)
[ ${#scripts[@]} -gt 0 ]
shellcheck -x "${scripts[@]}"
