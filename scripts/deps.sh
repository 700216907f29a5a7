#!/bin/sh
# Installs the missing Debian packages of the given groups: build, test, browser, lint, bench.
# Needs neither root nor the network when nothing is missing. `deps.sh --list GROUP...` only lists
# the missing packages.
set -eu

packages_of() {
    case "$1" in
    build)
        echo "make gcc libc6-dev libmicrohttpd-dev libcurl4-openssl-dev libcjson-dev libssl-dev" \
            "uuid-dev libsqlite3-dev libconfuse-dev libsystemd-dev zlib1g-dev ca-certificates"
        ;;
    demo) echo "python3" ;;
    test) echo "libcmocka-dev python3 python3-pytest" ;;
    browser)
        # Node of another source brings its own npm, and Debian's packages would be at odds with it.
        if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
            echo "chromium"
        else
            echo "chromium nodejs npm"
        fi
        ;;
    lint) echo "clang clang-format clang-tidy cppcheck shellcheck systemd mandoc" ;;
    sanitize) echo "clang libclang-rt-dev" ;;
    bench) echo "wrk valgrind python3" ;;
    *)
        echo "deps.sh: no group \"$1\": build, demo, test, browser, lint, sanitize, bench" >&2
        exit 2
        ;;
    esac
}

list=false
if [ "${1-}" = "--list" ]; then
    list=true
    shift
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps.sh: this is not Debian; install by your system's means: $(packages_of build)" >&2
    exit 0
fi

missing=""
for group in "$@"; do
    for package in $(packages_of "$group"); do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        case "$state $missing " in
        installed*) ;;
        *" $package "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
done

if $list || [ -z "$missing" ]; then
    echo "missing:${missing:- nothing}"
    exit 0
fi

echo "installing:$missing"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
fi
# A new machine has no package lists; an old one may have stale ones.
install() {
    # shellcheck disable=SC2086 # the list is meant to be split
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}
$as_root apt-get update -q
install
