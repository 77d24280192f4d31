"""What does a bounce mailbox hold that no standard foresees? Damaged mails, made from the samples.

A seed gives the same mails each time. `python -m tests.fuzz SEED NUMBER` writes one of them to standard output, so that
a failure of a test, which names both, can be looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import TypeAlias

SAMPLES = Path(__file__).parent / "samples"

Mutation: TypeAlias = Callable[[Random, bytes, Sequence[bytes]], bytes]

_CHARSETS = (b"utf-8", b"utf-16", b"utf-7", b"iso-2022-jp", b"x-unknown", b"\xff\xfe", b"idna", b"rot13", b"hex", b"'")
_ENCODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"binary", b"nonsense", b"BASE64 ; x")
_ODD = (
    *(bytes([octet]) for octet in b"\0\xff\x80\x0c\x0b\x85"),
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
    b"\x1b$B",
    b"\xef\xbb\xbf",
)
_MARKS = (*rb'@ < > " ( ) ; : , \ =? ?= -- + ='.split(), b"\n", b"\n\n", b" ")
_HEADER = re.compile(rb"^[!-9;-~]+:.*(?:\n[ \t].*)*\n?", re.MULTILINE)
_VALUE = re.compile(rb"\d\.\d{1,3}\.\d{1,3}|\b[245]\d\d\b")


def read_samples() -> list[bytes]:
    """Every sample, in a fixed order."""
    return [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.eml"))]


def prefixes(raw: bytes) -> Iterator[bytes]:
    """The mail, cut off after each of its lines, as a full disk or a lost connection does it."""
    return (raw[: found.end()] for found in re.finditer(rb"\n", raw))


def suffixes(raw: bytes) -> Iterator[bytes]:
    """The mail, begun at each of its lines."""
    return (raw[found.end() :] for found in re.finditer(rb"\n", raw))


def mutants(raws: Sequence[bytes], seed: int, first: int = 0) -> Iterator[bytes]:
    """Damaged mails without end; number n depends on `raws`, the seed and n alone."""
    number = first
    while True:
        yield mutant(raws, seed, number)
        number += 1


def mutant(raws: Sequence[bytes], seed: int, number: int) -> bytes:
    """Damaged mail number n: a sample that one to four things happened to."""
    random = Random(seed * 1_000_003 + number)
    raw = random.choice(raws)
    for mutate in random.choices(MUTATIONS, k=random.choice((1, 1, 2, 3, 4))):
        raw = mutate(random, raw, raws)
    return raw


def _place(random: Random, raw: bytes) -> int:
    return random.randrange(len(raw) + 1)


def _line_start(random: Random, raw: bytes) -> int:
    return raw.find(b"\n", _place(random, raw)) + 1


def _replace(found: re.Match[bytes] | None, raw: bytes, by: bytes) -> bytes:
    return raw if found is None else raw[: found.start()] + by + raw[found.end() :]


def _pick(random: Random, pattern: re.Pattern[bytes] | bytes, raw: bytes) -> re.Match[bytes] | None:
    """One of the places where a pattern matches."""
    found = list(islice(re.finditer(pattern, raw), 200))
    return random.choice(found) if found else None


def cut_the_end(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    return raw[: _place(random, raw)]


def cut_the_beginning(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    return raw[_line_start(random, raw) :]


def lose_lines(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    start = _line_start(random, raw)
    return raw[:start] + raw[raw.find(b"\n", min(len(raw), start + random.randrange(300))) + 1 :]


def flip_octets(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    octets = bytearray(raw)
    for _ in range(random.choice((1, 3, 20)) if octets else 0):
        octets[random.randrange(len(octets))] = random.randrange(256)
    return bytes(octets)


def flip_bits(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    octets = bytearray(raw)
    for _ in range(random.choice((1, 5)) if octets else 0):
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
    return bytes(octets)


def insert_odd_octets(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    at = _place(random, raw)
    return raw[:at] + random.choice(_ODD) * random.choice((1, 1, 2, 500)) + raw[at:]


def insert_marks(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    at = _place(random, raw)
    return raw[:at] + random.choice(_MARKS) * random.choice((1, 1, 2, 300)) + raw[at:]


def damage_an_address(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, b"@", raw)
    if found is None:
        return raw
    at = found.start() + random.choice((-3, -1, 0, 1, 2, 4))
    return raw[: max(at, 0)] + random.choice(_MARKS + _ODD) + raw[max(at, 0) :]


def swap_parts(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    parts = re.split(rb"(?m)^(?=--)", raw)
    random.shuffle(parts)
    return b"".join(parts)


def repeat_a_part(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    parts = re.split(rb"(?m)^(?=--)", raw)
    at = random.randrange(len(parts))
    return b"".join((*parts[:at], parts[at] * random.choice((2, 3, 150)), *parts[at + 1 :]))[:300_000]


def swap_lines(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    lines = raw.splitlines(keepends=True)
    if len(lines) > 1:
        one, other = random.randrange(len(lines)), random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def join_two(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    other = random.choice(raws)
    return raw[: _line_start(random, raw)] + other[_line_start(random, other) :]


def repeat_a_header(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, _HEADER, raw)
    return _replace(found, raw, found[0] * random.choice((2, 2, 30))) if found else raw


def remove_a_header(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    return _replace(_pick(random, _HEADER, raw), raw, b"")


def borrow_a_header(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, _HEADER, random.choice(raws))
    return found[0].rstrip(b"\n") + b"\n" + raw if found else raw


def empty_a_header(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, _HEADER, raw)
    return _replace(found, raw, found[0].partition(b":")[0] + b":\n") if found else raw


def fold_a_header(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, rb"[;: ]", raw)
    return _replace(found, raw, random.choice((b"\n ", b"\n\t", b"\r ", b"\n", b"\r\n\r\n "))) if found else raw


def flood_with_headers(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    found = _pick(random, _HEADER, raw)
    line = found[0].rstrip(b"\n") + b"\n" if found else b"X: y\n"
    return line * random.choice((20, 600, 3000)) + raw


def mix_line_ends(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    ends = random.choices((b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\r"), k=2)
    return b"".join(line.rstrip(b"\r\n") + random.choice(ends) for line in raw.splitlines(keepends=True))


def change_a_charset(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    charset = b"charset=" + random.choice(_CHARSETS)
    found = _pick(random, rb'charset\s*=\s*"?[^\s;"]*"?', raw)
    if found is None:
        return b"Content-Type: text/plain; " + charset + b"\n" + raw
    return _replace(found, raw, charset)


def change_an_encoding(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    field = b"Content-Transfer-Encoding: " + random.choice(_ENCODINGS) + b"\n"
    found = _pick(random, rb"(?i)content-transfer-encoding:.*\n", raw)
    if found is None:
        found = _pick(random, rb"(?i)(?<=\n)(?=content-type:)", raw)
    return field + raw if found is None else _replace(found, raw, field)


def change_a_boundary(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    by = random.choice((b"boundary=", b'boundary=""', b'boundary="', b"boundary=--", b'boundary=" "', b"boundary=a=b"))
    return _replace(_pick(random, rb'boundary="?[^"\s]*"?', raw), raw, by)


def nest(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    for level in range(random.choice((1, 3, 9, 60))):
        head = f'Content-Type: multipart/mixed; boundary="n{level}"\n\n--n{level}\n'.encode()
        raw = head + raw + f"\n--n{level}--\n".encode()
    return raw


def forward(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    kind = random.choice((b"message/rfc822", b"message/delivery-status", b"text/rfc822-headers", b"text/plain"))
    return b'Content-Type: multipart/mixed; boundary="f"\n\n--f\nContent-Type: ' + kind + b"\n\n" + raw + b"\n--f--\n"


def change_a_code(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    codes = (
        b"9.9.9",
        b"5.",
        b"5.999.999",
        b"550-",
        b"000",
        b"999",
        b"2.1.5",
        b"4.4.7",
        b"250",
        b"5.7.1",
        b"\xd9\xa5\xd9\xa5\xd9\xa0",
    )
    return _replace(_pick(random, _VALUE, raw), raw, random.choice(codes))


def wreck_encoded_words(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    words = (
        b"=?utf-8?b?@@@?=",
        b"=?x?q?=zz?=",
        b"=?utf-8?q?=0D=0A?=",
        b"=?idna?b?eA?=",
        b"=?utf-16?b?2AA=?=",
        b"=?utf-8?b?AAAA?=",
    )
    found = _pick(random, rb"(?m)^(?:Subject|From|To|X-Failed-Recipients|Final-Recipient): *", raw)
    return raw if found is None else raw[: found.end()] + random.choice(words) + raw[found.end() :]


def write_wide_characters(random: Random, raw: bytes, raws: Sequence[bytes]) -> bytes:
    return raw[:50_000].decode("latin-1").encode(random.choice(("utf-16", "utf-16-be", "utf-32", "utf-7")))


MUTATIONS: tuple[Mutation, ...] = (
    cut_the_end,
    cut_the_beginning,
    lose_lines,
    flip_octets,
    flip_bits,
    insert_odd_octets,
    insert_marks,
    damage_an_address,
    damage_an_address,  # twice as often: an address that is read wrongly blames somebody else
    swap_parts,
    repeat_a_part,
    swap_lines,
    join_two,
    repeat_a_header,
    remove_a_header,
    borrow_a_header,
    empty_a_header,
    fold_a_header,
    flood_with_headers,
    mix_line_ends,
    change_a_charset,
    change_an_encoding,
    change_a_boundary,
    nest,
    forward,
    change_a_code,
    wreck_encoded_words,
    write_wide_characters,
)


if __name__ == "__main__":
    sys.stdout.buffer.write(mutant(read_samples(), int(sys.argv[1]), int(sys.argv[2])))
