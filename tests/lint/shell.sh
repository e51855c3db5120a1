#!/usr/bin/env bash
set -euo pipefail
git ls-files -co --exclude-standard | while read -r file; do
    [ -f "$file" ] && head -c 64 "$file" | head -n 1 | grep -aq '^#!.*bash' && printf '%s\0' "$file"
done | xargs -0 shellcheck -x
