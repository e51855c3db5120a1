#!/usr/bin/env bash
# run.sh SECONDS|--short [TARGET]: builds the fuzz targets with clang and lets each (or one) run; new inputs go to
# build/fuzz/corpus. --short: a fixed number of inputs from the same start, so that each run does the same.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ "$1" = --short ]; then
    limit=(-runs=10000 -seed=1) how="10,000 inputs"
else
    limit=(-max_total_time="$1") how="$1 s"
fi
only=${2:-}
tree=$top/build/fuzz
mkdir -p "$tree"
curl=$("$top/cmake/deps/build-deps.sh" --host)
CC=clang cmake -S "$top" -B "$tree" -G Ninja -DTRIPLINE_FUZZ=ON -DTRIPLINE_CURL_PREFIX="$curl" -DCMAKE_BUILD_TYPE=Debug \
    >"$tree/cmake.log" 2>&1 || { tail -n 20 "$tree/cmake.log" >&2; exit 1; }
mapfile -t targets < <(cd "$top/tests/fuzz" && for file in fuzz_*.c; do echo "${file%.c}"; done)
if [ -n "$only" ]; then
    [[ " ${targets[*]} " == *" $only "* ]] || { echo "no target $only; there are: ${targets[*]}" >&2; exit 2; }
    targets=("$only")
fi
ninja -C "$tree" --quiet "${targets[@]}"
for target in "${targets[@]}"; do
    found=$tree/corpus/${target#fuzz_}
    [ "$1" != --short ] || found=$(mktemp -d "$tree/short.XXXXXX")
    mkdir -p "$found"
    echo "==> $target: $how" >&2
    (cd "$tree" && "tests/fuzz/$target" "${limit[@]}" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 \
        "$found" "$top/tests/fuzz/corpus/${target#fuzz_}") >"$tree/$target.log" 2>&1 ||
        { tail -n 40 "$tree/$target.log" >&2; echo "$target: found something; its input lies in $tree" >&2; exit 1; }
    grep -E 'number_of_executed_units|peak_rss' "$tree/$target.log" >&2
    [ "$1" != --short ] || rm -r "$found"
done
