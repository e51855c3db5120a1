#!/usr/bin/env bash
# Runs a Windows test program in Wine, as ctest's emulator: tests/wine.sh PROGRAM [ARGUMENT ...]
# --begin makes the session that such programs share, --end ends it; without them each program makes one of its own.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/winsim/prefix.sh
source "$top/tests/winsim/prefix.sh"
prefix=$top/build/win64/wine

begin() {
    winsim_prefix_remove "$prefix"
    winsim_prefix_new "$prefix" "$top/build/win64/tests/winsim/wevtapi.dll" test_eventlog_figures.exe
    winsim_session_start "$prefix"
}

case ${1:-} in
--begin) begin ;;
--end) winsim_prefix_remove "$prefix" ;;
'') echo "usage: tests/wine.sh PROGRAM [ARGUMENT ...] | --begin | --end" >&2; exit 2 ;;
*)
    own=
    if [ ! -d "$prefix" ]; then
        own=yes
        begin
    fi
    code=0
    winsim_env "$prefix" wine "$@" || code=$?
    [ -z "$own" ] || winsim_prefix_remove "$prefix"
    exit $code
    ;;
esac
