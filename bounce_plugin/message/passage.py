"""What do people read in this mail? The text of the notice, decoded when somebody asks: a machine seldom needs to."""

from __future__ import annotations

from collections.abc import Sequence

from bounce_plugin.message import limits
from bounce_plugin.message.markup import html_to_text
from bounce_plugin.message.returned import RETURNED_TYPES, ReturnedMessage, find_returned, read_returned_text
from bounce_plugin.message.scan import Part


class Passage:
    """The readable text of a mail, up to the returned message; and that message, where the text holds a copy of it."""

    __slots__ = ("_copied", "_parts", "_text", "_whole")

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self._parts = parts
        self._text: str | None = None
        self._whole: str | None = None
        self._copied: ReturnedMessage | None = None

    @classmethod
    def of(cls, text: str, copied: ReturnedMessage | None = None) -> Passage:
        """A text that is known already."""
        passage = cls()
        passage._text = passage._whole = text
        passage._copied = copied
        return passage

    @property
    def text(self) -> str:
        """The text before the returned message (T1); plain text where there is some, else what the HTML says (T2)."""
        return self._read() if self._text is None else self._text

    @property
    def copied(self) -> ReturnedMessage | None:
        """The returned message, if the text ends with a copy of it."""
        if self._text is None:
            self._read()
        return self._copied

    @property
    def plain(self) -> str:
        """The plain text alone, with everything in it; empty where there is only HTML."""
        return self._whole if self._whole is not None else _join_plain(_before_original(self._parts))

    @property
    def whole(self) -> str:
        """The text with everything in it."""
        if self._whole is None:
            self._whole = _join(self._parts)
        return self._whole

    def _read(self) -> str:
        whole = self.whole
        at = find_returned(whole, whole.lower())
        if at < len(whole):
            self._copied = read_returned_text(whole, at)
        self._text = whole[:at]
        return self._text


def _join(parts: Sequence[Part]) -> str:
    before = _before_original(parts)
    text = _join_plain(before)
    if text and not text.isspace():
        return text
    page = next((part for part in before if part.type == "text/html"), None)
    return html_to_text(page.text())[: limits.DECODED] if page else text


def _before_original(parts: Sequence[Part]) -> list[Part]:
    before: list[Part] = []
    for part in parts:
        if part.type in RETURNED_TYPES:
            break
        before.append(part)
    return before


def _join_plain(parts: Sequence[Part]) -> str:
    return "\n".join([part.text() for part in parts if part.type in ("text/plain", "text")])[: limits.DECODED]
