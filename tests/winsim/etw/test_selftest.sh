#!/bin/bash
#
# test_selftest.sh WEVTAPI SECHOST SELFTEST: runs the ETW stand-in's selftest in a prefix of its own.
set -u
# shellcheck source-path=SCRIPTDIR source=../prefix.sh disable=SC1091
. "$(dirname -- "${BASH_SOURCE[0]}")/../prefix.sh"
work=$(mktemp -d) || exit 1
prefix=$work/prefix
trap 'winsim_prefix_remove "$prefix"; rm -rf "$work"' EXIT
winsim_prefix_new "$prefix" "$1" || exit 1
winsim_prefix_etw "$prefix" "$2" winsim_etw_selftest.exe || exit 1
cp "$3" "$prefix/drive_c/winsim_etw_selftest.exe" || exit 1
winsim_session_start "$prefix" || exit 1
winsim_run "$prefix" "$work/out" 'C:\winsim_etw_selftest.exe'
code=$?
cat "$work/out.out" "$work/out.err"
exit $code
