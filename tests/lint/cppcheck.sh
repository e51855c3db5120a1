#!/usr/bin/env bash
set -euo pipefail
cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --quiet -I . \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --library=windows,gnu,posix -j 2 \
    agent collectors detect installer transport
