"""What does a report look like to a reader? A `Report`, prepared once for all dialects that read its text."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.wording import DELIVERED, GIVEN_UP, STILL_TRYING
from bounce_plugin.message.address import find_address, find_addresses
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.report import Action, Report

_LONGEST: Final = 64 * 1024  # characters of text that any dialect reads: a notice is short
_OUR_FIELDS: Final = ("delivered-to", "x-original-to", "envelope-to", "to")
_FAILED: Final = Action.FAILED  # Python 3.11 takes ten times as long to find a member of an enumeration
# An address that stands for itself, with nothing to be trimmed or decoded.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9.-]{0,180}[A-Za-z0-9]")


def is_plain(value: str) -> bool:
    """Whether a value is a plain address, as most are: then there is no need to look for one in it, which takes longer."""
    return _PLAIN.fullmatch(value) is not None


class Notice:
    """One report's text and the few headers that tell who wrote it; each is made ready when it is first asked for."""

    # No slots: what is not asked for is not even set, as it would be for every mail whose delivery status says all.
    _text: str | None = None
    _lower: str | None = None
    _subject: str | None = None
    _sender: str | None = None
    _lines: list[str] | None = None
    _places: list[int] | None = None
    _our_fields: str | None = None
    _ours: frozenset[str] | None = None
    _named: tuple[str, ...] | None = None
    _action: Action | None = None

    def __init__(self, report: Report) -> None:
        self.report = report

    @property
    def headers(self) -> Headers:
        """The mail's own header fields."""
        return self.report.headers

    @property
    def text(self) -> str:
        """What people read, without no-break spaces and the form feeds of some gateways."""
        if self._text is None:
            text = self.report.text[:_LONGEST].replace("\x0c", "\n")
            self._text = text if text.isascii() else text.replace("\xa0", " ")
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
            self._lines = list(map(str.rstrip, self.text.split("\n")))
        return self._lines

    @property
    def places(self) -> list[int]:
        """Which of the lines hold an address, if any do: those with an @."""
        if self._places is None:
            self._places = [number for number, line in enumerate(self.lines) if "@" in line] if "@" in self.text else []
        return self._places

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

    def is_ours(self, address: str) -> bool:
        """Whether the report was sent to this address: we are not who failed."""
        if self._our_fields is None:
            self._our_fields = "\n".join(map(self.headers.get, _OUR_FIELDS))
        fields, lower = self._our_fields, address.lower()
        if fields.isascii() and lower not in fields.lower():
            return False  # as mostly; to read the addresses of the fields takes long
        if self._ours is None:
            found = [address for value in fields.split("\n") if value for address in find_addresses(value)]
            self._ours = frozenset(map(str.lower, found))
        return lower in self._ours

    @property
    def named(self) -> tuple[str, ...]:
        """The addresses of X-Failed-Recipients (Exim, Gmail, Mail.Ru): whom, not that; anybody can write it."""
        if self._named is None:
            values = self.headers.all("x-failed-recipients")
            if len(values) == 1 and is_plain(values[0]):
                self._named = values
            else:
                found = [address for value in values for address in find_addresses(decode_words(value))]
                self._named = tuple(dict.fromkeys(found))
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
    if STILL_TRYING.stand_in(lower) and "delayed or failed" not in lower:  # MailEnable says so of both
        return _FAILED if "expired" in lower and "given up" in lower else Action.DELAYED
    if DELIVERED.stand_in(lower) and not GIVEN_UP.stand_in(lower):
        return Action.DELIVERED
    return _FAILED
