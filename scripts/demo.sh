#!/bin/sh
# The demonstration: a relay with SQLite in a temporary folder, a stand-in for Segment, and the webhooks
# of an order with its fulfilment, refund and cancellation. Prints the calls that arrived; leaves nothing
# behind.
set -eu

program=${1:-build/release/segrelay}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-/usr/bin/python3}
shop=aurora-outfitters.myshopify.com
folder=$(mktemp -d)
relay=""
segment=""

finish() {
    status=$?
    trap - EXIT INT TERM
    for process in $relay $segment; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    if [ "$status" -ne 0 ]; then
        echo "The demonstration failed. What was logged:" >&2
        cat "$folder"/*.log >&2 || true
    fi
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Waits up to a minute for a line in a file.
wait_for() {
    tries=0
    until grep -q "$1" "$2" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ]; then
            echo "waited in vain for \"$1\"" >&2
            return 1
        fi
        sleep 0.1
    done
}

"$python" -B "$root/tests/standin/segment.py" --port 0 --print --save "$folder/calls.json" \
    >"$folder/segment.log" 2>&1 &
segment=$!
wait_for "listening at" "$folder/segment.log"
url=$(sed -n 's/^listening at //p' "$folder/segment.log")

cat >"$folder/segrelay.conf" <<EOF
listen = "127.0.0.1:0"
admin  = "127.0.0.1:0"
store  = "sqlite:$folder/segrelay.db"
destination "main" {
    write_key  = "demodemodemodemodemodemodemodemo"
    url        = "$url"
    batch_wait = "200ms"
    batches_in_flight = 1 # the calls arrive in their order
}
shop "$shop" {
    secrets = {"shpss_demo"}
}
EOF
"$program" serve --config "$folder/segrelay.conf" 2>"$folder/relay.log" &
relay=$!
wait_for "msg=started" "$folder/relay.log"
address=$(sed -n 's/.* listen=\([^ ]*\) .*/\1/p' "$folder/relay.log")

printf 'shpss_demo\n' >"$folder/secret"
post() {
    printf '%-20s ' "$1"
    "$program" post --shop "$shop" --topic "$1" --secret-file "$folder/secret" \
        --url "http://$address/webhooks/shopify" "$2"
}

echo "Webhooks, signed as Shopify signs them, and the relay's answers:"
for topic in orders/create fulfillments/create refunds/create orders/cancelled; do
    post "$topic" "$root/config/examples/$(echo "$topic" | tr / _).json"
done
echo
echo "The same order once more, as Shopify repeats deliveries:"
post orders/create "$root/config/examples/orders_create.json"

wait_for "Order Cancelled" "$folder/segment.log"
sleep 0.5
calls=$(wc -l <"$folder/calls.json")
echo
echo "What Segment got ($calls calls):"
grep -v "^listening at" "$folder/segment.log"
echo
echo "Order Completed in full:"
grep '"event":"Order Completed"' "$folder/calls.json" | PYTHONPATH="$root/tests" "$python" -B -c \
    'import sys; from standin import exact; print(exact.pretty(exact.loads(sys.stdin.read())))'

for event in "Order Completed" "Fulfilment Update" "Order Refunded" "Order Cancelled"; do
    if [ "$(grep -c "\"event\":\"$event\"" "$folder/calls.json")" -ne 1 ]; then
        echo "$event did not arrive once" >&2
        exit 1
    fi
done

# The stand-in ends with 1 when a call was against Segment's rules or the catalogue.
kill "$segment"
if ! wait "$segment"; then
    echo "Segment objected" >&2
    exit 1
fi
segment=""
