#!/usr/bin/env bash
set -euo pipefail
mapfile -t files < <(git ls-files -co --exclude-standard | while read -r file; do [ ! -f "$file" ] || echo "$file"; done)
mapfile -t scripts < <(awk 'FNR == 1 && /^#!.*(bash|\/bin\/sh)/ { print FILENAME } { nextfile }' "${files[@]}")
[ ${#scripts[@]} -gt 0 ]
shellcheck -x "${scripts[@]}"
