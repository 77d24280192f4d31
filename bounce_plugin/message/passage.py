"""What do people read in this mail? The text of the notice, decoded when somebody asks: a machine seldom needs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.markup import html_to_text
from bounce_plugin.message.part import Part
from bounce_plugin.message.returned import (
    RETURNED_TYPES,
    ReturnedMessage,
    find_returned,
    read_returned,
    read_returned_text,
)

_PLAIN: Final = ("text/plain", "text")
_READABLE: Final = (*_PLAIN, "text/html")


class Passage:
    """The readable text of a mail, up to the returned message; and that message, where the text holds a copy of it."""

    __slots__ = ("_copied", "_is_cut", "_lower", "_original", "_parts", "_text", "_whole")

    def __init__(self, parts: Sequence[Part] = (), original: Part | None = None) -> None:
        self._parts = parts
        self._original: Part | ReturnedMessage | None = original
        self._whole: str | None = None
        self._text: str | None = None
        self._is_cut = False

    @classmethod
    def of(cls, text: str, original: ReturnedMessage | None = None, copied: ReturnedMessage | None = None) -> Passage:
        """A text that is known already."""
        passage = cls()
        passage._original = original
        passage._text = passage._whole = text
        passage._lower = text.lower()
        passage._copied = copied
        return passage

    @property
    def text(self) -> str:
        """The text before the returned message (T1); plain text where there is some, else what the HTML says (T2)."""
        return self._read() if self._text is None else self._text

    @property
    def lower(self) -> str:
        """The text in lower case."""
        if self._text is None:
            self._read()
        return self._lower

    @property
    def original(self) -> ReturnedMessage | None:
        """The returned message, if the mail has it as a part of its own (RFC 6522, section 3)."""
        if isinstance(self._original, Part):
            self._original = read_returned(self._original)
        return self._original

    @property
    def copied(self) -> ReturnedMessage | None:
        """The returned message, if the text ends with a copy of it."""
        if self._text is None:
            self._read()
        return self._copied

    @property
    def octets(self) -> bytes:
        """The plain text alone, whatever its charset is: for words in ASCII it need not be decoded."""
        if self._whole is not None:
            return self._whole.encode("utf-8", "replace")
        return b"\n".join([part.octets for part in _plain_parts(self._parts)])

    @property
    def whole(self) -> str:
        """The text with everything in it."""
        if self._whole is None:
            plain = "\n".join([part.text() for part in _plain_parts(self._parts)])[: limits.DECODED]
            self._whole = plain if plain and not plain.isspace() else _read_page(self._parts) or plain
        return self._whole

    @property
    def is_cut(self) -> bool:
        """Whether text was read up to `limits.DECODED` only, and no returned message had begun before."""
        return self._is_cut

    def _read(self) -> str:
        whole = self.whole
        lower = whole.lower()
        at = find_returned(whole, lower)
        self._copied = read_returned_text(whole, at) if at < len(whole) else None
        self._text = text = whole[:at]
        if at == len(whole) and self._parts and self._parts[-1].end > limits.DECODED:
            self._is_cut = len(whole) == limits.DECODED or any(map(_is_long_text, self._parts))
        # Few characters, as the Turkish capital I with a dot, become two; where they stand the places do not agree.
        self._lower = lower[:at] if len(lower) == len(whole) else text.lower()
        return text


def _is_long_text(part: Part) -> bool:
    return part.end - part.start > limits.DECODED and part.type in _READABLE


def _plain_parts(parts: Sequence[Part]) -> list[Part]:
    plain = []
    for part in parts:
        if part.type in RETURNED_TYPES:
            break
        if part.type in _PLAIN:
            plain.append(part)
    return plain


def _read_page(parts: Sequence[Part]) -> str:
    """What the first HTML part says to people."""
    for part in parts:
        if part.type in RETURNED_TYPES:
            break
        if part.type == "text/html":
            return html_to_text(part.text())[: limits.DECODED]
    return ""
