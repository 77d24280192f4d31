"""Which characters do these octets mean? Every decoder here gives text for any octets, and never raises (T3)."""

from __future__ import annotations

import binascii
import codecs
from functools import lru_cache

# Windows-1252 stands for every single-octet charset that was not declared; it is what such mail mostly is.
_LAST_RESORT = "cp1252"
_MISNAMED = {
    "ansi_x3.110-1983": "latin-1",  # Exim's autoreply on some hosts
    "unicode-1-1-utf-7": "utf-7",
    "x-unknown": "ascii",
    "unknown-8bit": "ascii",
    "cp-850": "cp850",
    "iso-8859-8-i": "iso-8859-8",
    "x-sjis": "shift_jis",
    "x-gbk": "gbk",
}


def octets_to_text(octets: bytes) -> str:
    """UTF-8, or else Windows-1252."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode(_LAST_RESORT, "replace")


def decode(octets: bytes, codec: str) -> str:
    """The declared charset, as `codec_of` names it, or else UTF-8, or else Windows-1252."""
    if codec:
        try:
            return octets.decode(codec)
        except ValueError:
            if not _looks_utf8(octets):
                return octets.decode(codec, "replace") if codec not in ("ascii", "utf-8") else octets_to_text(octets)
    return octets_to_text(octets)


def _looks_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=256)
def codec_of(charset: str) -> str:
    """Python's name of a charset, or empty for what it does not know; codecs that are no charset do not count."""
    charset = _MISNAMED.get(charset.lower(), charset)
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return ""
    return found.name if found._is_text_encoding and found.name not in ("idna", "punycode", "unicode_escape") else ""


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding in lower case (RFC 2045, section 6); damage, and unknown ones, are left."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    if encoding == "base64":
        return decode_base64(octets)
    return octets


def decode_base64(octets: bytes) -> bytes:
    """The octets that are good base64, up to the first that are not; the octets themselves if that is nothing."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        pass
    alphabet = octets.rstrip(b"=\n\t ")
    body = bytes(byte for byte in alphabet if byte not in b"=\n\t ")
    try:
        return binascii.a2b_base64(body[: len(body) // 4 * 4]) or octets
    except binascii.Error:
        return octets
