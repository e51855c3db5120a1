#!/bin/bash
#
# Builds libraries as static ones, from Debian's source packages: all that the Windows program needs, for
# x86_64-w64-mingw32; or, for the Linux program, libcurl alone: Debian's own is linked with thirty libraries, for protocols
# that nobody here speaks, and their loading was most of the program's start and of its memory.
#
#   build-deps.sh [--host]                 build what is missing; the last line, alone on stdout, is the prefix
#   build-deps.sh [--host] --print-prefix  print the prefix, build nothing
#
# Prefix:    ${XDG_CACHE_HOME:-$HOME/.cache}/tripline/deps-<hash of this file and pins.txt>, host-<...> with --host;
#            versions.txt in it says what it holds.
# Downloads: ${XDG_CACHE_HOME:-$HOME/.cache}/tripline/downloads; they survive a change of the recipe.
# TRIPLINE_JOBS: how many compilers at once (default: one a processor).
#
# The prefix appears in one rename at the end, so an interrupted run leaves none; a second run at the same time waits.
# Every source file must have the SHA-256 of pins.txt. A version that can no longer be fetched is replaced by the newest one
# of its suite; apt then checks that one against the archive's signature, and each run says so in one line on stderr.
# To keep libraries bit-identical wherever they are built: no debug information, no source paths, no dates.
set -euo pipefail
umask 022
export LC_ALL=C SOURCE_DATE_EPOCH=1704067200 ZERO_AR_DATE=1

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
pins=$here/pins.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tripline
recipe=$(cat -- "$here/build-deps.sh" "$pins" | sha256sum | cut -c1-16)
downloads=$cache/downloads
jobs=${TRIPLINE_JOBS:-$(nproc)}
triple=x86_64-w64-mingw32
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
aptdir=
is_host='' prefix='' logs='' work='' stage=''
declare -A got_version=() got_how=()

# _WIN32_WINNT: Windows 10, for SRW locks and BCryptGenRandom. _X86INTRIN_H_INCLUDED: windows.h else parses every AVX-512
# intrinsic in each file, four times the time; a file that needs one then fails here instead of calling a missing function.
cflags="-g0 -D_WIN32_WINNT=0x0A00 -D_X86INTRIN_H_INCLUDED -Werror=implicit-function-declaration -fstack-protector-strong"

say() { printf '%s\n' "$*" >&2; }
die() { say "build-deps: $*"; exit 1; }

# need COMMAND PACKAGE
need() { command -v "$1" >/dev/null || die "$1 is missing: install the Debian package $2"; }

check_tools() {
    need flock util-linux; need patch patch; need cmake cmake; need ninja ninja-build; need xz xz-utils; need gzip gzip; need gcc gcc
    if [[ -n $is_host ]]; then
        cc=gcc
        return
    fi
    need make make; need perl perl; need tclsh tcl; need "$triple-ar" binutils-mingw-w64-x86-64
    [[ -f /usr/$triple/lib/libz.a ]] || die "/usr/$triple/lib/libz.a is missing: install the Debian package libz-mingw-w64-dev"
    cc=$triple-gcc-posix
    command -v "$cc" >/dev/null || cc=$triple-gcc
    need "$cc" gcc-mingw-w64-x86-64-posix
}

# --- sources -------------------------------------------------------------------------------------------------------------

# pinned PACKAGE: its lines of pins.txt as "version suite sha256 file".
pinned() { awk -v p="$1" '$1 == p { print $2, $3, $4, $5 }' "$pins"; }
packages() {
    if [[ -n $is_host ]]; then
        echo curl
    else
        awk '!/^#/ && NF && !seen[$1]++ { print $1 }' "$pins"
    fi
}

# sums_match DIRECTORY PACKAGE: are all its pinned files there, and right?
sums_match() {
    pinned "$2" | awk '{ print $3 "  " $4 }' | (cd "$1" && sha256sum --check --quiet --strict - >/dev/null 2>&1)
}

# The addresses under which this machine reaches the Debian archive, however its sources are written.
archive_uris() {
    local own
    own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # apt's variables, not the shell's
    apt-get indextargets --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk -v own="$own" '$1 == "main" && $3 !~ /^cdrom:/ && !seen[$3]++ &&
            ($2 == own || $2 ~ /^(bookworm|trixie|sid|oldstable|stable|testing|unstable)$/) { print $3 }'
}

# apt_open SUITE: a private apt with the suite's source packages, made once; the machine's own lists, caches and hooks are not
# touched, its proxies and download settings are kept. The signatures are checked with the Debian archive's keys.
apt_open() {
    local suite=$1 dir uris
    dir=$aptdir/$suite
    [[ ! -e $dir ]] || return 0
    need apt-get apt
    [[ -f $keyring ]] || die "$keyring is missing: install the Debian package debian-archive-keyring"
    uris=$(archive_uris | tr '\n' ' ')
    [[ -n $uris ]] || die "apt's sources name no Debian archive (component main), so the sources cannot be fetched"
    mkdir -p "$dir"/{sources,parts,lists/partial,cache,state}
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$uris" "$suite" "$keyring" \
        >"$dir/sources/debian.sources"
    # A proxy's address may hold a password.
    (umask 077 && apt-config dump | grep '^Acquire' >"$dir/apt.conf")
    cat >>"$dir/apt.conf" <<EOF
Dir::Etc::Parts "$dir/parts";
Dir::Etc::Main "/dev/null";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$dir/sources";
Dir::State "$dir/state";
Dir::State::Lists "$dir/lists";
Dir::State::Status "/var/lib/dpkg/status";
Dir::Cache "$dir/cache";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Retries "3";
EOF
    APT_CONFIG=$dir/apt.conf apt-get --error-on=any update >>"$logs/apt.log" 2>&1 ||
        say "build-deps: the source index of $suite could not be read (log: $logs/apt.log)"
}

# apt_fetch PACKAGE VERSION SUITE: into $work/fetch, emptied first.
apt_fetch() {
    rm -rf "$work/fetch"
    mkdir -p "$work/fetch"
    (cd "$work/fetch" && APT_CONFIG=$aptdir/$3/apt.conf \
        apt-get source --download-only --only-source "$1=$2" >>"$logs/apt.log" 2>&1)
}

# listed_versions PACKAGE SUITE: newest first. Release candidates are no replacement.
listed_versions() {
    local version list=()
    while read -r version; do
        local i=${#list[@]}
        while ((i > 0)) && dpkg --compare-versions "$version" gt "${list[i - 1]}"; do
            list[i]=${list[i - 1]}
            i=$((i - 1))
        done
        list[i]=$version
    done < <(APT_CONFIG=$aptdir/$2/apt.conf apt-cache showsrc --only-source "$1" 2>>"$logs/apt.log" |
        awk '$1 == "Version:" && $2 !~ /~(rc|alpha|beta)/ && !seen[$2]++ { print $2 }')
    ((${#list[@]} == 0)) || printf '%s\n' "${list[@]}"
}

# keep PACKAGE: moves what was fetched into downloads and notes the two or three files that a build needs.
keep() {
    local file
    : >"$work/files-$1"
    local changes=("$work/fetch/$1"_*.debian.tar.?z)
    [[ -f ${changes[0]} ]] || changes=("$work/fetch/$1"_*.diff.gz)
    for file in "$work/fetch/$1"_*.orig.tar.?z "${changes[@]}"; do
        [[ -f $file ]] || die "the source package $1 has no ${file##*/}"
        mv -f -- "$file" "$downloads/"
        printf '%s\n' "${file##*/}" >>"$work/files-$1"
    done
}

fetch_replacement() {
    local package=$1 wanted=$2 suite=$3 version
    for version in $(listed_versions "$package" "$suite"); do
        if [[ $version != "$wanted" ]] && apt_fetch "$package" "$version" "$suite"; then
            keep "$package"
            got_version[$package]=$version
            got_how[$package]="fallback: the pinned $wanted could not be fetched from $suite"
            return 0
        fi
    done
    die "no version of $package can be fetched from $suite (log: $logs/apt.log)"
}

fetch() {
    local package=$1 version suite
    read -r version suite _ _ < <(pinned "$package")
    got_version[$package]=$version
    got_how[$package]="pinned ($suite)"
    if ! sums_match "$downloads" "$package"; then
        apt_open "$suite"
        if ! apt_fetch "$package" "$version" "$suite"; then
            fetch_replacement "$package" "$version" "$suite"
            return
        fi
        sums_match "$work/fetch" "$package" ||
            die "$package $version: the archive's files do not have the SHA-256 sums of $pins; not used"
        keep "$package"
    fi
    pinned "$package" | awk '{ print $4 }' >"$work/files-$package"
}

# unpack PACKAGE [PATCH TO LEAVE OUT...]: to $work/src/PACKAGE, with Debian's patches (security fixes) applied in order.
unpack() {
    local package=$1 dir=$work/src/$1 file name
    shift
    mkdir -p "$dir"
    while read -r file; do
        case $file in
        *.debian.tar.*) tar -C "$dir" -xf "$downloads/$file" ;;
        *.diff.gz) gzip -dc "$downloads/$file" | patch -d "$dir" -p1 --batch --forward ;;
        *) tar -C "$dir" --strip-components=1 -xf "$downloads/$file" ;;
        esac
    done <"$work/files-$package"
    cd "$dir"
    [[ -f debian/patches/series ]] || return 0
    while read -r name _; do
        [[ -n $name && $name != \#* && " $* " != *" $name "* ]] || continue
        printf 'patch %s\n' "$name"
        patch -p1 --batch --forward <"debian/patches/$name"
    done <debian/patches/series
}

# --- the libraries -------------------------------------------------------------------------------------------------------

# build_with_cmake NAME SOURCE [OPTION...]
build_with_cmake() {
    local name=$1 source=$2 cross=()
    shift 2
    [[ -n $is_host ]] || cross=(-DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=x86_64
        -DCMAKE_RC_COMPILER="$triple-windres" -DCMAKE_FIND_ROOT_PATH="$stage;/usr/$triple"
        -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY
        -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY)
    cmake -G Ninja -S "$source" -B "$work/build/$name" "${cross[@]}" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS="$cflags -ffile-prefix-map=$work=." -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
        -DCMAKE_INSTALL_PREFIX="$stage" -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DBUILD_SHARED_LIBS=OFF "$@"
    cmake --build "$work/build/$name" --parallel "$jobs"
    cmake --install "$work/build/$name"
}

# Debian builds it for mingw-w64 itself; a copy makes the prefix whole.
build_zlib() {
    cp "/usr/$triple/include/zlib.h" "/usr/$triple/include/zconf.h" "$stage/include/"
    cp "/usr/$triple/lib/libz.a" "$stage/lib/"
}

# Kept on purpose: AES-GCM, ChaCha20-Poly1305, ECDHE, RSA, Ed25519, ML-KEM (X25519MLKEM768), OCSP, and DES for old .p12 files.
# -Os (SQLite too): the program is a sixth smaller; ciphers and hashes are assembly in any case.
# OSSL_WINCTX: openssl.cnf and modules are looked for only where a key in HKLM says, never in a directory that a user could
# make (NOTES-WINDOWS.md of OpenSSL). no-ui-console: a key's missing passphrase is an error, not a question on the console.
build_openssl() {
    unpack openssl
    # shellcheck disable=SC2086 # the flags are words
    ./Configure mingw64 --cross-compile-prefix="$triple-" CC="${cc#"$triple-"}" \
        --prefix=/deps --openssldir=/deps/ssl --libdir=lib -DOSSL_WINCTX=tripline \
        no-shared no-module no-tests no-apps no-docs no-makedepend no-filenames no-autoload-config \
        no-legacy no-engine no-quic no-dtls no-srtp no-sctp no-cms no-cmp no-ts no-ct no-srp no-comp no-ssl-trace \
        no-ui-console no-tls1 no-tls1-method no-tls1_1 no-tls1_1-method no-aria no-bf no-camellia no-cast no-gost no-idea no-md4 \
        no-mdc2 no-rc2 no-rc4 no-rmd160 no-seed no-sm2 no-sm3 no-sm4 no-whirlpool no-slh-dsa no-dsa no-ec2m no-nextprotoneg \
        $cflags -Os
    make -j"$jobs" build_libs
    make DESTDIR="$work/openssl" install_dev
    cp -r "$work/openssl/deps/include/openssl" "$stage/include/"
    cp "$work/openssl/deps/lib/libssl.a" "$work/openssl/deps/lib/libcrypto.a" "$stage/lib/"
}

build_expat() {
    unpack expat
    build_with_cmake expat "$PWD/expat" -DEXPAT_SHARED_LIBS=OFF -DEXPAT_BUILD_TOOLS=OFF -DEXPAT_BUILD_EXAMPLES=OFF \
        -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_DOCS=OFF
}

# HTTP and HTTPS alone. CURL_DISABLE_CA_SEARCH: else a curl-ca-bundle.crt on the search path would be trusted.
# On Linux with Debian's OpenSSL and its certificates.
build_curl() {
    local off
    unpack curl
    local options=(-DCMAKE_UNITY_BUILD=ON -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON -DBUILD_STATIC_LIBS=ON
        -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON)
    if [[ -n $is_host ]]; then
        options+=(-DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=/etc/ssl/certs)
    else
        options+=(-DOPENSSL_ROOT_DIR="$stage" -DOPENSSL_USE_STATIC_LIBS=ON -DZLIB_ROOT="$stage" -DCURL_WINDOWS_SSPI=ON
            -DCURL_ENABLE_NTLM=ON -DENABLE_UNICODE=ON -DCURL_TARGET_WINDOWS_VERSION=0x0A00 -DCURL_DISABLE_CA_SEARCH=ON)
    fi
    for off in ALTSVC SRP COOKIES AWS DOH FORM_API HSTS IPFS MIME NETRC WEBSOCKETS; do
        options+=("-DCURL_DISABLE_$off=ON")
    done
    for off in BUILD_CURL_EXE BUILD_TESTING BUILD_EXAMPLES BUILD_LIBCURL_DOCS BUILD_MISC_DOCS ENABLE_CURL_MANUAL \
        ENABLE_UNIX_SOCKETS CURL_BROTLI CURL_ZSTD USE_NGHTTP2 USE_LIBIDN2 CURL_USE_LIBPSL CURL_USE_LIBSSH2 CURL_USE_PKGCONFIG; do
        options+=("-D$off=OFF")
    done
    build_with_cmake curl "$PWD" "${options[@]}"
}

# Debian's 02-use-packaged-lempar.c wants the lemon package's template; SQLite's own is the same file.
build_sqlite3() {
    unpack sqlite3 02-use-packaged-lempar.c.patch
    ./configure --disable-tcl
    make sqlite3.c
    # shellcheck disable=SC2086 # the flags are words
    "$cc" -Os $cflags -DSQLITE_DQS=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_THREADSAFE=1 -c sqlite3.c -o sqlite3.o
    "$triple-ar" rcsD "$stage/lib/libsqlite3.a" sqlite3.o
    cp sqlite3.h "$stage/include/"
}

build_jansson() {
    unpack jansson
    build_with_cmake jansson "$PWD" -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
}

# The parser alone: no emitter, no loader.
build_libyaml() {
    unpack libyaml
    local file objects=()
    for file in api reader scanner parser; do
        # shellcheck disable=SC2086 # the flags are words
        "$cc" -Os $cflags -Iinclude -DYAML_DECLARE_STATIC -DYAML_VERSION_MAJOR=0 -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=5 \
            -DYAML_VERSION_STRING='"0.2.5"' -ffunction-sections -c "src/$file.c" -o "$file.o"
        objects+=("$file.o")
    done
    "$triple-ar" rcsD "$stage/lib/libyaml.a" "${objects[@]}"
    cp include/yaml.h "$stage/include/"
}

# For 8-bit text, without the compiler to machine code.
build_pcre2() {
    unpack pcre2
    local flags=$cflags
    local cflags="$flags -ffunction-sections -fdata-sections"
    build_with_cmake pcre2 "$PWD" -DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_BUILD_TESTS=OFF -DPCRE2_SUPPORT_JIT=OFF \
        -DPCRE2_SUPPORT_UNICODE=ON -DPCRE2_NEVER_BACKSLASH_C=ON -DPCRE2_SUPPORT_LIBBZ2=OFF -DPCRE2_SUPPORT_LIBZ=OFF \
        -DPCRE2_SUPPORT_LIBREADLINE=OFF -DCMAKE_C_FLAGS_RELEASE="-Os -DNDEBUG"
}

# No autotools: all of it but the Curses and Windows front ends.
build_cunit() {
    local file objects=()
    unpack cunit
    cd CUnit/Sources
    for file in Automated/Automated Basic/Basic Console/Console Framework/{CUError,MyMem,TestDB,TestRun,Util}; do
        # shellcheck disable=SC2086 # the flags are words
        "$cc" -O2 $cflags -I../Headers -c "$file.c" -o "${file##*/}.o"
        objects+=("${file##*/}.o")
    done
    "$triple-ar" rcsD "$stage/lib/libcunit.a" "${objects[@]}"
    mkdir -p "$stage/include/CUnit"
    cp ../Headers/*.h "$stage/include/CUnit/"
}

# --- the run -------------------------------------------------------------------------------------------------------------

# step TEXT FUNCTION [ARGUMENT...]: one line with the seconds taken; on failure the end of the log.
step() {
    local text=$1 log=$logs/$1.log start=$SECONDS rc
    shift
    set +e
    (set -e; "$@") >"$log" 2>&1
    rc=$?
    set -e
    if ((rc != 0)); then
        tail -n 30 "$log" >&2
        die "$text failed (log: $log)"
    fi
    printf '  %-10s %3d s\n' "$text" $((SECONDS - start)) >&2
}

write_versions() {
    local package
    for package in $(packages); do
        printf '%s %s %s\n' "$package" "${got_version[$package]}" "${got_how[$package]}"
        (cd "$downloads" && xargs -a "$work/files-$package" sha256sum | sed 's/^/    /')
    done
    [[ -n $is_host ]] ||
        printf 'zlib %s this machine'\''s libz-mingw-w64-dev\n' "$(dpkg-query -W -f '${Version}' libz-mingw-w64-dev)"
    printf 'compiler %s\n' "$("$cc" --version | head -n 1)"
}

report_fallbacks() {
    local line
    while read -r line; do
        say "build-deps: $line"
    done < <(grep ' fallback: ' "$prefix/versions.txt" || true)
}

clean_up() {
    rm -rf "$work"
    [[ -z $aptdir ]] || rm -rf "$aptdir"
}

build_all() {
    local start=$SECONDS package
    check_tools
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    rm -rf "$work" # of a run that was killed: this one holds the lock
    mkdir -p "$work" "$stage/include" "$stage/lib" "$downloads" "$logs"
    : >"$logs/apt.log"
    aptdir=$(mktemp -d "${TMPDIR:-/tmp}/tripline-apt.XXXXXX")
    chmod 755 "$aptdir" # apt downloads as the user _apt when it runs as root

    if [[ -n $is_host ]]; then
        say "Building libcurl for Linux (once; half a minute):"
    else
        say "Building the Windows libraries (once; a few minutes):"
    fi
    for package in $(packages); do
        fetch "$package"
    done
    printf '  %-10s %3d s\n' sources $((SECONDS - start)) >&2
    for package in $(if [[ -n $is_host ]]; then echo curl; else echo zlib openssl expat curl sqlite3 jansson libyaml pcre2 cunit; fi); do
        step "$package" "build_$package"
    done
    rm -rf "${stage:?}"/{bin,share,lib/cmake,lib/pkgconfig} # they name the building directory
    write_versions >"$stage/versions.txt"
    mv -T -- "$stage" "$prefix"
    printf '  %-10s %3d s\n' total $((SECONDS - start)) >&2
}

main() {
    local kind=deps
    if [[ ${1-} == --host ]]; then
        is_host=yes kind=host cflags="-g0 -fstack-protector-strong"
        shift
    fi
    prefix=$cache/$kind-$recipe logs=$cache/logs/$kind-$recipe work=$cache/work-$kind-$recipe
    stage=$work/prefix
    case ${1-} in
    --print-prefix) printf '%s\n' "$prefix"; return ;;
    '') ;;
    *) die "unknown argument '$1'; known: --host, --print-prefix" ;;
    esac
    if [[ ! -f $prefix/versions.txt ]]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        if ! flock --nonblock 9; then
            say "build-deps: another run is building; waiting for it"
            flock 9
        fi
        [[ -f $prefix/versions.txt ]] || build_all
    fi
    report_fallbacks
    printf '%s\n' "$prefix"
}

main "$@"
