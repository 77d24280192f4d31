"""What do the encoded words of a header mean (RFC 2047)? Text for any input, never an exception (T-07)."""

from __future__ import annotations

import binascii
import re
from typing import Final

from bounce_plugin.message.charset import codec_of, decode, decode_base64

_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_GAP: Final = re.compile(r"(?<=\?=)[ \t\n]+(?==\?)")


def decode_words(value: str) -> str:
    """A header's value with its encoded words decoded; what is damaged stays as it is."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decode_word, _GAP.sub("", value))


def _decode_word(found: re.Match[str]) -> str:
    charset, encoding, text = found[1].partition("*")[0], found[2], found[3]
    octets = text.encode("utf-8", "replace")
    octets = binascii.a2b_qp(octets, header=True) if encoding in "qQ" else decode_base64(octets)
    return decode(octets, codec_of(charset))
