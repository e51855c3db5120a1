#!/usr/bin/env bash
# ./dev bench: builds what is measured and measures it; see bench.py. Figures, never a verdict: no timed test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p build/bench
# Anew, for a library that was installed for the bench alone.
cmake --preset host >build/bench/cmake.log 2>&1 || { tail -n 20 build/bench/cmake.log >&2; exit 1; }
ninja -C build/host --quiet bench
exec /usr/bin/python3 tests/bench/bench.py "$@"
