#!/bin/bash
#
# test_prefix.sh DLL SELFTEST: prefix.sh makes prefixes in which a console program and a service use the stand-in in
# system32, two of them at once, and leaves nothing behind.
set -u
# shellcheck source-path=SCRIPTDIR source=prefix.sh disable=SC1091
. "$(dirname -- "${BASH_SOURCE[0]}")/prefix.sh"
dll=$1 selftest=$2
work=$(mktemp -d) || exit 1
trap 'for p in "$work"/p*; do winsim_prefix_remove "$p"; done; rm -rf "$work"' EXIT
faults=0

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then echo "ok: $what"; else echo "FAILED: $what"; faults=$((faults + 1)); fi
}

# shellcheck disable=SC2317
fails() { ! "$@" 2>/dev/null; }

event() {
    printf "<Event><System><EventRecordID>%u</EventRecordID><Channel>Security</Channel></System><EventData>" "$1"
    printf "<Data Name='CommandLine'>%s</Data></EventData></Event>\n" "$2"
}

for p in "$work/p 1" "$work/p2"; do
    check "new prefix $p" winsim_prefix_new "$p" "$dll"
    cp "$selftest" "$p/drive_c/" # without the DLL beside it
    check "session" winsim_session_start "$p"
done
check "a prefix is not made twice" fails winsim_prefix_new "$work/p2" "$dll"

p="$work/p 1"
exe='C:\winsim_selftest.exe'
event 1 'first "one"' | winsim_append "$p" Security
check "sc create" winsim_run "$p" "$work/out" sc create selftest binPath= "$exe --service"
check "sc start" winsim_run "$p" "$work/out" sc start selftest
check "the old event arrives" winsim_wait "$p" service.txt '^first "one"' 10
event 2 'second %PATH%' | winsim_append "$p" Security
check "the new event arrives" winsim_wait "$p" service.txt '^second %PATH%' 5
check "sc stop" winsim_run "$p" "$work/out" sc stop selftest
check "no handle is left" winsim_wait "$p" leaks.txt 'program=winsim_selftest.exe handles=0$' 10
check "nothing was ended" test ! -e "$(winsim_folder "$p")/abort.txt"

p="$work/p2"
winsim_run "$p" "$work/out" "$exe" --abort close_null
check "exit code of a wrong use" test $? -eq 86
check "stderr says why" grep -q 'EvtClose: the handle is NULL' "$work/out.err"
check "abort.txt says why" grep -q 'EvtClose: the handle is NULL' "$(winsim_folder "$p")/abort.txt"
check "exit code 0 through cmd" winsim_run_code "$p" "$work/out" "$exe" --abort 'no such 100% name'
check "its code file" test "$(cat "$work/out.code")" = 0
check "an exit code above 255" fails winsim_run_code "$p" "$work/out" cmd /c exit 1603
check "is whole" test "$(cat "$work/out.code")" = 1603
check "the scenario is replaced" winsim_scenario "$p" 'denied Security' 'poll-ms 50'
check "by these lines" test "$(wc -l <"$(winsim_folder "$p")/scenario.txt")" = 2
check "winsim_wait gives up" fails winsim_wait "$p" calls.txt never 1
check "session stops" winsim_session_stop "$p"
check "prefix goes" winsim_prefix_remove "$p"
check "it is gone" test ! -e "$p"
check "the other one still runs" winsim_run "$work/p 1" "$work/out" cmd /c exit
exit $((faults > 0))
