#!/usr/bin/env bash
# Runs tests in surroundings that are not those of a developer's machine: they must pass there, too.
#
#     tests/around.sh [disk|user|network|order|core|dates]...     all of them by default
#     tests/around.sh tests                                       the selection itself, here
#
# The program and the unit tests are built before (`make check-around`). What needs root is skipped without it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

DATES=${DATES:-1970-01-01T00:00:10Z 2019-03-01T00:00:00Z 2025-12-31T23:59:30Z 2028-02-29T12:00:00Z 2036-02-07T06:28:00Z}
PYTHON=${PYTHON:-/usr/bin/python3}
BUILD=${BUILD:-build/release}
# What takes long and asks nothing of the machine: it runs with a small disk only.
LONG="growth|listener_bounds|engine_faults|engine_fault_runs|sender_failures"
MODULES=${MODULES:-clock crash storefront recharge sending verbs admin disk rotation lifecycle logs}

# The selection: black-box and golden tests, the unit tests beside them.
tests() {
    local status=0 name modules=()
    for name in $MODULES; do modules+=("tests/blackbox/test_$name.py"); done
    export SEGRELAY=$PWD/$BUILD/segrelay
    units &
    timeout 1800 "$PYTHON" -m pytest -q -rs -p no:cacheprovider "${modules[@]}" || status=1
    timeout 600 "$PYTHON" -m pytest -q -p no:cacheprovider tests/golden || status=1
    wait $! || status=1
    return $status
}

units() {
    local status=0 name log
    log=$(mktemp)
    for name in tests/unit/test_*.c; do
        name=$(basename "$name" .c)
        [[ $name =~ ^test_($LONG)$ ]] && continue
        timeout 600 "$BUILD/tests/unit/$name" >"$log" 2>&1 && continue
        status=1
        cat "$log" && echo "$name failed"
    done
    rm -f "$log"
    return $status
}

# around NAME COMMAND...: the selection by means of the command.
around() {
    echo "== $1"
    "${@:2}" || failed+=("$1")
}

needs_root() {
    [ "$(id -u)" = 0 ] && return
    echo "== $1: skipped, needs root"
    return 1
}

# A /tmp of 1 GiB must do for all that run at once.
disk() {
    # shellcheck disable=SC2016 # for the other shell
    needs_root disk && around disk unshare -m sh -c 'mount -t tmpfs -o size=1g tmpfs /tmp && exec "$@"' sh \
        make --no-print-directory -j5 -Otarget -k check-unit check-blackbox
}

# Another user, to whom a copy of the tree belongs.
user() {
    local folder
    needs_root user || return
    folder=$(mktemp -d)
    { git ls-files && echo "$BUILD"; } | tar -cf - -T - | tar -xf - -C "$folder"
    chown -R nobody "$folder"
    around user setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
        env HOME="$folder" "$folder/tests/around.sh" tests
    rm -rf "$folder"
}

network() {
    # shellcheck disable=SC2016
    needs_root network && around network unshare -n sh -c 'ip link set lo up && exec "$@"' sh tests/around.sh tests
}

order() {
    for seed in 1 2; do around "order $seed" env TEST_ORDER=$seed tests/around.sh tests; done
}

core() {
    timeout 3600 taskset -c 0 sh -c 'while :; do :; done' &
    trap 'kill $!' EXIT # when interrupted, too
    around core taskset -c 0 tests/around.sh tests
    kill $!
    trap - EXIT
}

# The clock of the tests and of the relays, not that of the files.
dates() {
    local MODULES date library=$PWD/$BUILD/other_date.so
    cc -O2 -Wall -Wextra -shared -fPIC -o "$library" tests/tools/other_date.c || exit 1
    export MODULES="clock crash storefront recharge sending verbs logs"
    for date in $DATES; do
        around "dates $date" env CLOCK_OFFSET=$(($(date -d "$date" +%s) - $(date +%s))) LD_PRELOAD="$library" \
            RELAY_PRELOAD="$library" tests/around.sh tests
    done
}

if [ "${1-}" = tests ]; then
    tests
    exit
fi
failed=()
[ $# -gt 0 ] || set -- disk user network order core dates
for name in "$@"; do
    case $name in
    disk | user | network | order | core | dates) $name ;;
    *) echo "around.sh: no surroundings \"$name\"" >&2 && exit 2 ;;
    esac
done
echo "around: ${#failed[@]} failed${failed[*]:+: ${failed[*]}}"
[ ${#failed[@]} = 0 ]
