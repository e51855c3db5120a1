#!/bin/bash
#
# Wine prefixes with the stand-in wevtapi.dll, for tests, the demo and benchmarks. To be sourced; README.md has an example.
#
#   winsim_prefix_new DIR DLL [EXE...]     makes the prefix DIR; programs named EXE use DLL, as tripline.exe always does
#   winsim_prefix_etw DIR DLL [EXE...]     gives it the stand-in sechost.dll (ETW) too; before the session starts
#   winsim_session_start DIR               starts Wine there; services live until winsim_session_stop
#   winsim_run DIR OUT COMMAND...          runs a Windows program: OUT.out, OUT.err; returns its exit code (mod 256)
#   winsim_run_code DIR OUT COMMAND...     the same through cmd.exe: the whole exit code is in OUT.code; returns 0 if it is 0
#   winsim_session_stop DIR                ends all of its programs
#   winsim_prefix_remove DIR               stops the session and deletes DIR
#   winsim_folder DIR                      prints the folder that is C:\winsim
#   winsim_append DIR CHANNEL [FILE]       appends FILE's lines (or stdin) to the channel's file
#   winsim_scenario DIR [DIRECTIVE...]     replaces scenario.txt by these lines, whole at once
#   winsim_wait DIR FILE REGEX [SECONDS]   waits until a line of FILE in C:\winsim matches; returns 1 after SECONDS (30)
#
# Each returns 0 or says what went wrong and returns 1. All variables are local; WINEPREFIX is never exported. TMPDIR must
# not change between the calls for one prefix: Wine finds its server through it.

winsim_say() { printf 'winsim: %s\n' "$*" >&2; }

# Runs a command with the environment of prefix $1; without a UTF-8 locale Wine can't open files whose names are not ASCII. The first one ends with winsim_session_start's wineserver.
winsim_env() {
    local prefix=$1
    shift
    LC_ALL=C.UTF-8 WINEPREFIX=$prefix WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all} \
        WINEDLLOVERRIDES="mscoree,mshtml=;winedbg.exe=d${WINEDLLOVERRIDES:+;$WINEDLLOVERRIDES}" "$@"
}

winsim_need_wine() {
    command -v wine >/dev/null && command -v wineserver >/dev/null && return 0
    winsim_say "wine is missing: install the Debian packages wine and wine64"
    return 1
}

# Prints the template's path; makes it once a Wine version, about 6 s.
winsim_template() {
    local cache version template work
    winsim_need_wine || return 1
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/tripline
    version=$(wine --version 2>/dev/null | tail -n 1 | tr -cs 'A-Za-z0-9.\n' '-') || return 1
    template=$cache/${version%-}-template
    mkdir -p "$cache" || return 1
    ( # Wine's programs must not inherit the lock
        flock 9 || exit 1
        [[ -e $template/system.reg ]] && exit 0
        work=$template.new
        rm -rf "$work"
        winsim_env "$work" wineboot -i </dev/null >"$template.log" 2>&1 9>&- &&
            winsim_env "$work" winecfg -v win10 </dev/null >>"$template.log" 2>&1 9>&-
        winsim_env "$work" wineserver -k </dev/null >>"$template.log" 2>&1 9>&-
        winsim_env "$work" wineserver -w </dev/null >>"$template.log" 2>&1 9>&-
        [[ -e $work/system.reg ]] && mv "$work" "$template"
    ) 9>"$template.lock"
    if [[ ! -e $template/system.reg ]]; then
        winsim_say "Wine could not make a prefix: see $template.log"
        return 1
    fi
    printf '%s\n' "$template"
}

# The registry lines that make program $1 load wevtapi.dll (or $2) from the prefix instead of Wine's own.
winsim_override() {
    printf '\n[Software\\\\Wine\\\\AppDefaults\\\\%s\\\\DllOverrides]\n"%s"="native"\n' "$1" "${2:-wevtapi}"
}

winsim_prefix_new() {
    local prefix=$1 dll=$2 template exe
    shift 2
    template=$(winsim_template) || return 1
    [[ -f $dll ]] || { winsim_say "$dll is missing"; return 1; }
    [[ ! -e $prefix ]] || { winsim_say "$prefix is there already"; return 1; }
    mkdir -p "$(dirname "$prefix")" || return 1
    # Hard links where that can be; the registry is written to, so it is copied.
    if ! cp -al "$template" "$prefix" 2>/dev/null; then
        rm -rf "$prefix"
        cp -a "$template" "$prefix" || return 1
    fi
    rm -f "$prefix/wineserver" "$prefix/drive_c/windows/system32/wevtapi.dll"
    cp --remove-destination "$template"/*.reg "$prefix/" || return 1
    cp "$dll" "$prefix/drive_c/windows/system32/wevtapi.dll" || return 1
    for exe in tripline.exe winsim_selftest.exe "$@"; do
        winsim_override "$exe"
    done >>"$prefix/user.reg"
    mkdir -p "$prefix/drive_c/winsim"
}

# Wine's own sechost.dll stays, as the one that all but six calls go on to.
winsim_prefix_etw() {
    local prefix=$1 dll=$2 system32=$1/drive_c/windows/system32 exe
    shift 2
    [[ -f $dll ]] || { winsim_say "$dll is missing"; return 1; }
    cp --remove-destination "$system32/sechost.dll" "$system32/sechost_wine.dll" || return 1
    cp --remove-destination "$dll" "$system32/sechost.dll" || return 1
    for exe in tripline.exe "$@"; do
        winsim_override "$exe" sechost
    done >>"$prefix/user.reg"
    mkdir -p "$prefix/drive_c/winsim/etw/sessions"
}

winsim_session_start() {
    local prefix=$1
    winsim_env "$prefix" wineserver -p </dev/null >/dev/null 2>&1
    # Output to a file: services.exe inherits it, and a pipe would stay open as long as the session.
    winsim_env "$prefix" wine cmd /c exit </dev/null >/dev/null 2>"$prefix/session.log" && return 0
    winsim_say "Wine does not start in $prefix: see $prefix/session.log"
    return 1
}

winsim_run() {
    local prefix=$1 out=$2
    shift 2
    winsim_env "$prefix" wine "$@" </dev/null >"$out.out" 2>"$out.err"
}

winsim_run_code() {
    local prefix=$1 out=$2 bat name word code
    shift 2
    bat=$(mktemp "$prefix/drive_c/winsim-XXXXXX.bat") || return 1
    name=C:\\$(basename "$bat")
    {
        printf '@echo off\r\n'
        for word in "$@"; do
            # Plain words stay bare: cmd.exe knows "/c" from /c.
            if [[ $word =~ ^[A-Za-z0-9_.:\\/=+-]+$ ]]; then printf '%s ' "$word"; else printf '"%s" ' "${word//%/%%}"; fi
        done
        printf '\r\n>"%s.code" echo %%errorlevel%%\r\n' "$name"
    } >"$bat"
    rm -f "$out.code"
    winsim_run "$prefix" "$out" cmd /c "$name"
    [[ -f $bat.code ]] && tr -d '\r ' <"$bat.code" >"$out.code"
    rm -f "$bat" "$bat.code"
    code=$(cat "$out.code" 2>/dev/null)
    [[ $code == 0 ]]
}

winsim_session_stop() {
    local prefix=$1
    winsim_env "$prefix" wineserver -k </dev/null >/dev/null 2>&1
    # -w returns when the server is gone.
    winsim_env "$prefix" timeout 20 wineserver -w </dev/null >/dev/null 2>&1 && return 0
    winsim_say "the wineserver of $prefix does not end"
    return 1
}

winsim_prefix_remove() {
    local prefix=$1 name
    [[ -d $prefix ]] || return 0
    [[ -d $prefix/drive_c ]] || { winsim_say "$prefix is no Wine prefix"; return 1; }
    winsim_session_stop "$prefix"
    # Debian's wineserver leaves the folder that it makes for its socket, whose name is in this file.
    name=$(cat "$prefix/wineserver" 2>/dev/null) || name=
    [[ $name != wine-?????? ]] || rm -rf "${TMPDIR:-/tmp}/$name"
    rm -rf "$prefix"
}

winsim_folder() { printf '%s\n' "$1/drive_c/winsim"; }

winsim_append() {
    local prefix=$1 channel=$2 file=${3:-/dev/stdin}
    cat -- "$file" >>"$prefix/drive_c/winsim/${channel//\//%4}.xml"
}

winsim_scenario() {
    local folder=$1/drive_c/winsim
    shift
    { [[ $# -eq 0 ]] || printf '%s\n' "$@"; } >"$folder/scenario.new" && mv "$folder/scenario.new" "$folder/scenario.txt"
}

winsim_wait() {
    local file=$1/drive_c/winsim/$2 regex=$3 left=$((${4:-30} * 20))
    until [[ -f $file ]] && grep -qE -- "$regex" "$file"; do
        if ((left-- <= 0)); then
            winsim_say "no line of $file matches $regex"
            return 1
        fi
        sleep 0.05
    done
}
