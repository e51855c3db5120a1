#!/usr/bin/env bash
# Do the sources look as .clang-format says? ./dev format makes them so.
set -euo pipefail
git ls-files -co --exclude-standard '*.c' '*.h' | grep -v unicode_tables.c | xargs clang-format --dry-run -Werror
