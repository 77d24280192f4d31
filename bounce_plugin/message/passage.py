"""What do people read in this mail? The text of the notice, decoded when somebody asks: a machine seldom needs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.markup import html_to_text
from bounce_plugin.message.part import Part
from bounce_plugin.message.quick import lazy
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

    is_cut = False  # whether text was read up to `limits.DECODED` only, and no returned message had begun before

    def __init__(self, parts: Sequence[Part] = (), original: Part | None = None) -> None:
        self._parts = parts
        self._part = original

    @classmethod
    def of(cls, text: str, original: ReturnedMessage | None = None, copied: ReturnedMessage | None = None) -> Passage:
        """A text that is known already."""
        passage = cls()
        vars(passage).update(text=text, whole=text, lower=text.lower(), original=original, copied=copied)
        return passage

    @lazy
    def text(self) -> str:
        """The text before the returned message (T1); plain text where there is some, else what the HTML says (T2)."""
        return self._read()

    @lazy
    def lower(self) -> str:
        """The text in lower case."""
        self._read()
        return self.lower

    @lazy
    def original(self) -> ReturnedMessage | None:
        """The returned message, if the mail has it as a part of its own (RFC 6522, section 3)."""
        return read_returned(self._part) if self._part is not None else None

    @property
    def has_original(self) -> bool:
        """The same, without reading it."""
        return self._part is not None or self.__dict__.get("original") is not None

    @lazy
    def copied(self) -> ReturnedMessage | None:
        """The returned message, if the text ends with a copy of it."""
        self._read()
        return self.copied

    @property
    def octets(self) -> bytes:
        """The plain text alone, whatever its charset is: for words in ASCII it need not be decoded."""
        if "whole" in self.__dict__:
            return self.whole.encode("utf-8", "replace")
        plain = _plain_parts(self._parts)
        return plain[0].octets if len(plain) == 1 else b"\n".join([part.octets for part in plain])

    @lazy
    def whole(self) -> str:
        """The text with everything in it."""
        parts = _plain_parts(self._parts)
        plain = parts[0].text() if len(parts) == 1 else "\n".join([part.text() for part in parts])
        plain = plain[: limits.DECODED]
        return plain if plain and not plain.isspace() else _read_page(self._parts) or plain

    @lazy
    def below(self) -> str:
        """The plain text in parts behind the one of the returned message: a footer, or what a person writes there."""
        types = [part.type for part in self._parts]
        at = next((at for at, one in enumerate(types) if one in RETURNED_TYPES), len(types))
        return "\n".join([part.text() for part in self._parts[at:] if part.type in _PLAIN])[: limits.DECODED]

    @property
    def has_page_file(self) -> bool:
        """Whether a page of HTML is attached as a file: lures hide in one; what people are to read has no name."""
        return any(part.type == "text/html" and "name=" in part.head.content_type for part in self._parts)

    def _read(self) -> str:
        """Read all that depends on where the returned message begins."""
        whole = self.whole
        lower = whole.lower()
        at = find_returned(whole, lower)
        known = self.__dict__
        known["copied"] = read_returned_text(whole, at) if at < len(whole) else None
        known["text"] = text = whole[:at]
        if at == len(whole) and self._parts and self._parts[-1].end > limits.DECODED:
            known["is_cut"] = len(whole) == limits.DECODED or any(map(_is_long_text, self._parts))
        # Few characters, as the Turkish capital I with a dot, become two; where they stand the places do not agree.
        known["lower"] = lower[:at] if len(lower) == len(whole) else text.lower()
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
