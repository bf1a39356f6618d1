"""AES_ENCRYPT and AES_DECRYPT: AES-128 (FIPS 197), block by block, with the result as base64."""

from __future__ import annotations

import base64
from functools import cache

from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    base64_decoded,
    reader,
    separate,
)
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.utf8 import c_text, octets

_BLOCK = 16
_ROUNDS = 10


def _times(one: int, two: int) -> int:
    """Multiply two octets as polynomials modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while two:
        product ^= one if two & 1 else 0
        one = (one << 1) ^ (0x11B if one & 0x80 else 0)
        two >>= 1
    return product


@cache
def _boxes() -> tuple[bytes, bytes]:
    """Return the substitution of every octet, and its inverse."""
    box = bytearray(256)
    for octet in range(256):
        inverse = next((each for each in range(256) if _times(octet, each) == 1), 0)
        mixed = 0x63
        for turn in range(5):
            mixed ^= ((inverse << turn) | (inverse >> (8 - turn))) & 0xFF
        box[octet] = mixed
    return bytes(box), bytes(box.index(octet) for octet in range(256))


def _round_keys(key: bytes) -> list[bytes]:
    box, words, constant = _boxes()[0], [key[at : at + 4] for at in range(0, _BLOCK, 4)], 1
    for number in range(4, 4 * (_ROUNDS + 1)):
        word = words[-1]
        if number % 4 == 0:
            turned = bytes(box[octet] for octet in word[1:] + word[:1])
            word = bytes([turned[0] ^ constant]) + turned[1:]
            constant = _times(constant, 2)
        words.append(_plus(words[-4], word))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _plus(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=True))


def _shifted(block: bytes, step: int) -> bytes:
    """Turn the rows of a block by their number times a step."""
    return bytes(block[(4 * (at // 4 + step * (at % 4)) + at % 4) % _BLOCK] for at in range(_BLOCK))


def _mixed(block: bytes, row: tuple[int, int, int, int]) -> bytes:
    """Multiply the columns of a block by the matrix that begins with a row."""
    out = bytearray()
    for column in range(0, _BLOCK, 4):
        for at in range(4):
            mixed = 0
            for other in range(4):
                mixed ^= _times(block[column + other], row[(other - at) % 4])
            out.append(mixed)
    return bytes(out)


def _encrypted(block: bytes, keys: list[bytes]) -> bytes:
    block = _plus(block, keys[0])
    for number, key in enumerate(keys[1:], 1):
        block = _shifted(block.translate(_boxes()[0]), 1)
        block = _plus(block if number == _ROUNDS else _mixed(block, (2, 3, 1, 1)), key)
    return block


def _decrypted(block: bytes, keys: list[bytes]) -> bytes:
    for number in range(_ROUNDS, 0, -1):
        block = _plus(block, keys[number])
        block = block if number == _ROUNDS else _mixed(block, (14, 11, 13, 9))
        block = _shifted(block, -1).translate(_boxes()[1])
    return _plus(block, keys[0])


def _given(arguments: str) -> tuple[list[bytes], str]:
    """Return the round keys and the text."""
    key, text = [*separate(arguments, 2), "", ""][:2]
    if not key or not text or len(octets(key)) != _BLOCK:
        raise Rejected("(key,text): the key has 16 octets")
    return _round_keys(octets(key)), text


def _blocks(data: bytes) -> list[bytes]:
    return [data[at : at + _BLOCK].ljust(_BLOCK, b"\0") for at in range(0, len(data), _BLOCK)]


@reader("AES_ENCRYPT")
def _encrypt(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    keys, text = _given(arguments)
    blocks = [_encrypted(block, keys) for block in _blocks(octets(text))]
    return base64.b64encode(b"".join(blocks)).decode()


@reader("AES_DECRYPT")
def _decrypt(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    keys, text = _given(arguments)
    return c_text(b"".join(_decrypted(block, keys) for block in _blocks(base64_decoded(text))))
