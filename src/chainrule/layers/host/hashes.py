"""Hashes of bytes, as TensorFlow and so Keras has them: FarmHash's Fingerprint64, SipHash-2-4.

Both are fixed for good: what a model's file means must not depend on the process, as Python's own
`hash` does.
"""

from __future__ import annotations

__all__ = ["fingerprint", "joined", "siphash"]

_M = (1 << 64) - 1  # all arithmetic is modulo 2⁶⁴
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CAT = 0xC6A4A7935BD1E995


def _turn(v: int, n: int) -> int:
    """v rotated to the right."""
    v &= _M
    return (v >> n | v << (64 - n)) & _M


def _mix(v: int) -> int:
    v &= _M
    return v ^ v >> 47


def _two(u: int, v: int, mul: int) -> int:
    """Two words become one."""
    a = _mix((u ^ v) * mul)
    return _mix((v ^ a) * mul) * mul & _M


def _word(s: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(s[at : at + size], "little")


def _seeded(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """32 bytes and two seeds become two words."""
    w, x, y, z = (_word(s, at + k) for k in (0, 8, 16, 24))
    a += w
    b = _turn(b + a + z, 21)
    c = a
    a += x + y
    b += _turn(a, 44)
    return (a + z) & _M, (b + c) & _M


def fingerprint(s: bytes) -> int:
    """Fingerprint64 of FarmHash (Pike 2014), from 0 to 2⁶⁴ − 1: TensorFlow's "fast" hash.

    Example:
        >>> [fingerprint(s) % 3 for s in (b"Hello", b"TensorFlow", b"2.x")]  # of TensorFlow's page
        [0, 2, 2]
    """
    n = len(s)
    mul = _K2 + 2 * n
    if n > 64:
        return _long(s)
    if n > 16:
        return _middle(s, mul)
    if n >= 8:
        a, b = _word(s, 0) + _K2, _word(s, n - 8)
        return _two((_turn(b, 37) * mul + a) & _M, (_turn(a, 25) + b) * mul & _M, mul)
    if n >= 4:
        return _two(n + (_word(s, 0, 4) << 3), _word(s, n - 4, 4), mul)
    if n:
        y, z = s[0] + (s[n >> 1] << 8), n + (s[-1] << 2)
        return _mix(y * _K2 ^ z * _K0) * _K2 & _M
    return _K2


def _middle(s: bytes, mul: int) -> int:
    """17 to 64 bytes."""
    n = len(s)
    a, b = _word(s, 0) * (_K1 if n <= 32 else _K2), _word(s, 8)
    c, d = _word(s, n - 8) * mul, _word(s, n - 16) * _K2
    y = (_turn(a + b, 43) + _turn(c, 30) + d) & _M
    z = _two(y, (a + _turn(b + _K2, 18) + c) & _M, mul)
    if n <= 32:
        return z
    e, f = _word(s, 16) * mul, _word(s, 24)
    g, h = (y + _word(s, n - 32)) * mul, (z + _word(s, n - 24)) * mul
    first = (_turn(e + f, 43) + _turn(g, 30) + h) & _M
    return _two(first, (e + _turn(f + a, 18) + g) & _M, mul)


def _long(s: bytes) -> int:
    """More than 64 bytes, 64 at a time; the last 64 once more at the end."""
    left = (len(s) - 1) % 64
    y = (81 * _K1 + 113) & _M
    state = (81 * _K2 + _word(s, 0)) & _M, y, _mix(y * _K2 + 113) * _K2 & _M, (0, 0), (0, 0)
    for at in range(0, (len(s) - 1) // 64 * 64, 64):
        state = _round(s, at, state, _K1, 1)
    x, y, z, v, w = state
    mul = _K1 + ((z & 0xFF) << 1)
    first = w[0] + left
    v = ((v[0] + first) & _M, v[1])
    w = ((first + v[0]) & _M, w[1])
    x, y, z, v, w = _round(s, len(s) - 64, (x, y, z, v, w), mul, 9)
    a = _two(v[0], w[0], mul) + _mix(y) * _K0 + z
    return _two(a & _M, (_two(v[1], w[1], mul) + x) & _M, mul)


def _round(s: bytes, at: int, state: tuple, mul: int, times: int) -> tuple:
    x, y, z, v, w = state
    x = _turn(x + y + v[0] + _word(s, at + 8), 37) * mul & _M
    y = _turn(y + v[1] + _word(s, at + 48), 42) * mul & _M
    x ^= w[1] * times & _M
    y = (y + v[0] * times + _word(s, at + 40)) & _M
    z = _turn(z + w[0], 33) * mul & _M
    v = _seeded(s, at, v[1] * mul, x + w[0])
    w = _seeded(s, at + 32, z + w[1], y + _word(s, at + 16))
    return z, y, x, v, w  # x and z change places


def siphash(s: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 (Aumasson and Bernstein 2012), a hash with a key of two 64-bit numbers.

    Example:
        >>> key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
        >>> hex(siphash(bytes(range(15)), key))  # the paper's own example
        '0xa129ca6149be45e5'
    """
    k0, k1 = (k & _M for k in key)
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    padded = s + bytes(7 - len(s) % 8) + bytes([len(s) & 0xFF])
    for at in range(0, len(padded), 8):
        word = _word(padded, at)
        v[3] ^= word
        _sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[int], rounds: int) -> None:
    for _ in range(rounds):
        v[0] = (v[0] + v[1]) & _M
        v[2] = (v[2] + v[3]) & _M
        v[1] = _turn(v[1], 51) ^ v[0]  # to the right by 64 − n is to the left by n
        v[3] = _turn(v[3], 48) ^ v[2]
        v[0] = _turn(v[0], 32)
        v[2] = (v[2] + v[1]) & _M
        v[0] = (v[0] + v[3]) & _M
        v[1] = _turn(v[1], 47) ^ v[2]
        v[3] = _turn(v[3], 43) ^ v[0]
        v[2] = _turn(v[2], 32)


def joined(first: int, second: int) -> int:
    """Two fingerprints become one, the order counting: TensorFlow's FingerprintCat64.

    Example:
        >>> joined(1, 2) == joined(2, 1)
        False
    """
    y = first ^ _CAT ^ _mix(second * _CAT) * _CAT & _M
    return _mix(_mix(y * _CAT) * _CAT)
