#!/bin/sh
# What a peer sends is read where it lies, by pointer and length: no file of src/receive/ copies it into an array of a
# fixed size. Copies go to the arena (request_copy), to a struct text, or to the body.
set -eu
cd "$(dirname "$0")/.."

set -- src/receive/*.c src/receive/*/*.c src/admin/admin_*.c src/admin/pages.c src/admin/unix_socket.c
status=0
# Functions that copy without knowing where to end, and copies out of a span.
if grep -nE '\b(strcpy|strncpy|strcat|strncat|stpcpy|sprintf|vsprintf|strdupa|strndupa|alloca|sscanf)\(' "$@"; then
    status=1
fi
if grep -nPzo '\bmemcpy\([^;]*(->|\.)start\b[^;]*;' "$@" |
    tr '\0' '\n' | grep -v '^src/receive/http/head_check.c:'; then
    status=1
fi
# Arrays of characters, other than those for what the relay itself writes.
if grep -nE '\bchar [a-z_]+\[[^]]' "$@" | grep -vE 'static const|\[(TIME_TEXT|CODE_TEXT|CLIENT_TEXT|SHA256_HEX|SHA256_SIZE|HOST_MAX)\]'; then
    status=1
fi
[ $status = 0 ] || echo "check_copies.sh: fixed-size copies of a peer's bytes in src/receive: use request_copy or a struct text" >&2
exit $status
