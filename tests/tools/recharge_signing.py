"""Signs as ReCharge does: with a time, and the older way; and how the older way can be extended."""

import hashlib
import hmac
import struct
import time

SECRETS = ("rcs_4f0d7a51c2e94b6d", "rcs_91b3e6f8a05d4c27")  # of the old and the new API token
TOKEN = "sk_test_7c21e9d04ab84f16"


def legacy(body, secret=SECRETS[0]):
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v1(body, t, secret=SECRETS[0]):
    return hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()


def headers(topic, body, secret=SECRETS[0], scheme="v1", t=None):
    """What comes with a webhook: "v1" has both signatures, "legacy" the older one alone."""
    made = {"Content-Type": "application/json", "X-Recharge-Topic": topic,
            "X-Recharge-Hmac-Sha256": legacy(body, secret)}
    if scheme == "v1":
        t = int(time.time()) if t is None else t
        made |= {"X-Recharge-Webhook-Timestamp": str(t),
                 "X-Recharge-Webhook-Signature": f"t={t},v1={v1(body, t, secret)}"}
    return made


# ---- length extension: SHA-256 goes on from a digest, without what made it ----

def _constants(root):
    """The first 32 bits of the fractional parts of the primes' roots (FIPS 180-4), exactly."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    for prime in primes:
        low, high = 0, 1 << 40
        while high - low > 1:  # the integer root of prime * 2 ** (32 * root)
            middle = (low + high) // 2
            low, high = (middle, high) if middle ** root <= prime << (32 * root) else (low, middle)
        yield low & 0xffffffff


K = list(_constants(3))


def _turn(value, bits):
    return (value >> bits | value << (32 - bits)) & 0xffffffff


def _compress(state, block):
    words = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        small = _turn(words[i - 15], 7) ^ _turn(words[i - 15], 18) ^ words[i - 15] >> 3
        large = _turn(words[i - 2], 17) ^ _turn(words[i - 2], 19) ^ words[i - 2] >> 10
        words.append((words[i - 16] + small + words[i - 7] + large) & 0xffffffff)
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(K, words):
        first = (h + (_turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)) + (e & f ^ ~e & g) + constant
                 + word) & 0xffffffff
        second = (_turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & 0xffffffff, a, b, c, (d + first) & 0xffffffff, e, f, g
    return [(x + y) & 0xffffffff for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def _padding(length):
    return b"\x80" + b"\0" * ((55 - length) % 64) + struct.pack(">Q", length * 8)


def extended(body, digest, secret_length, more):
    """A longer body and its older signature, made from a body and its signature alone."""
    padding = _padding(secret_length + len(body))
    done = secret_length + len(body) + len(padding)
    rest = more + _padding(done + len(more))
    state = list(struct.unpack(">8I", bytes.fromhex(digest)))
    for at in range(0, len(rest), 64):
        state = _compress(state, rest[at:at + 64])
    return body + padding + more, struct.pack(">8I", *state).hex()
