"""What does a report look like to a reader? A `Report`, prepared once for all dialects that read its text."""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.wording import DELIVERED, GIVEN_UP, STILL_TRYING, has_any
from bounce_plugin.message.address import find_address, find_addresses
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.report import Action, Report

_LONGEST: Final = 64 * 1024  # characters of text that any dialect reads: a notice is short
_OUR_FIELDS: Final = ("delivered-to", "x-original-to", "envelope-to", "to")


class Notice:
    """One report's text and the few headers that tell who wrote it; each is made ready when it is first asked for."""

    __slots__ = ("_action", "_lines", "_lower", "_named", "_ours", "_sender", "_subject", "_text", "report")

    def __init__(self, report: Report) -> None:
        self.report = report
        self._text: str | None = None
        self._lower: str | None = None
        self._subject: str | None = None
        self._sender: str | None = None
        self._lines: list[str] | None = None
        self._ours: frozenset[str] | None = None
        self._named: tuple[str, ...] | None = None
        self._action: Action | None = None

    @property
    def headers(self) -> Headers:
        """The mail's own header fields."""
        return self.report.headers

    @property
    def text(self) -> str:
        """What people read, without no-break spaces and the form feeds of some gateways."""
        if self._text is None:
            self._text = self.report.text[:_LONGEST].replace("\xa0", " ").replace("\x0c", "\n")
        return self._text

    @property
    def lower(self) -> str:
        """The text, lower case."""
        if self._lower is None:
            self._lower = self.text.lower()
        return self._lower

    @property
    def lines(self) -> list[str]:
        """The text's lines, without trailing blanks."""
        if self._lines is None:
            self._lines = [line.rstrip() for line in self.text.split("\n")]
        return self._lines

    @property
    def subject(self) -> str:
        """The decoded subject on one line, lower case."""
        if self._subject is None:
            subject = decode_words(self.headers.get("subject"))
            self._subject = " ".join(subject.replace("_", " ").split()).lower()
        return self._subject

    @property
    def sender(self) -> str:
        """The From field, decoded, lower case."""
        if self._sender is None:
            self._sender = decode_words(self.headers.get("from")).lower()
        return self._sender

    @property
    def ours(self) -> frozenset[str]:
        """The addresses that the report was sent to, lower case: we are not who failed."""
        if self._ours is None:
            values = [self.headers.get(name) for name in _OUR_FIELDS]
            self._ours = frozenset(address.lower() for value in values if value for address in find_addresses(value))
        return self._ours

    @property
    def named(self) -> tuple[str, ...]:
        """The addresses of X-Failed-Recipients (Exim, Gmail, Mail.Ru): whom, not that; anybody can write it."""
        if self._named is None:
            values = self.headers.all("x-failed-recipients")
            self._named = tuple(
                dict.fromkeys(address for value in values for address in find_addresses(decode_words(value)))
            )
        return self._named

    @property
    def addressed(self) -> tuple[str, ...]:
        """The addresses that the returned message was written to."""
        returned = self.report.returned
        if returned is None:
            return ()
        to = find_addresses(decode_words(returned.headers.get("to")))
        if to:
            return to
        delivered = find_address(returned.headers.get("x-original-to") or returned.headers.get("delivered-to"))
        return (delivered,) if delivered else ()

    @property
    def action(self) -> Action:
        """Whether the text as a whole speaks of a failure, of a delay or of a delivery (D-02)."""
        if self._action is None:
            self._action = _read_action(self.lower)
        return self._action


def _read_action(lower: str) -> Action:
    if has_any(lower, STILL_TRYING):
        return Action.FAILED if "expired" in lower and "given up" in lower else Action.DELAYED
    if has_any(lower, DELIVERED) and not has_any(lower, GIVEN_UP):
        return Action.DELIVERED
    return Action.FAILED
