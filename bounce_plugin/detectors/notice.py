"""What does a report look like to a reader? A `Report`, prepared once for all dialects that read its text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bounce_plugin.message.address import find_address, find_addresses
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.report import Report

_LONGEST: Final = 64 * 1024  # characters of text that any dialect reads: a notice is short
_OUR_FIELDS: Final = ("delivered-to", "x-original-to", "envelope-to", "to")


@dataclass(frozen=True)
class Notice:
    """One report's text and the few headers that tell who wrote it."""

    report: Report

    @property
    def headers(self) -> Headers:
        """The mail's own header fields."""
        return self.report.headers

    @cached_property
    def text(self) -> str:
        """What people read, without no-break spaces and the form feeds of some gateways."""
        return self.report.text[:_LONGEST].replace("\xa0", " ").replace("\x0c", "\n")

    @cached_property
    def lower(self) -> str:
        """The text, lower case."""
        return self.text.lower()

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, without trailing blanks."""
        return [line.rstrip() for line in self.text.split("\n")]

    @cached_property
    def subject(self) -> str:
        """The decoded subject on one line, lower case."""
        return " ".join(decode_words(self.headers.get("subject")).replace("_", " ").split()).lower()

    @cached_property
    def sender(self) -> str:
        """The From field, decoded, lower case."""
        return decode_words(self.headers.get("from")).lower()

    @cached_property
    def ours(self) -> frozenset[str]:
        """The addresses that the report was sent to, lower case: we are not who failed."""
        values = (self.headers.get(name) for name in _OUR_FIELDS)
        return frozenset(address.lower() for value in values for address in find_addresses(value))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The addresses of X-Failed-Recipients (Exim, Gmail, Mail.Ru): whom, not that; anybody can write it."""
        values = self.headers.all("x-failed-recipients")
        return tuple(dict.fromkeys(address for value in values for address in find_addresses(decode_words(value))))

    @cached_property
    def addressed(self) -> tuple[str, ...]:
        """The addresses that the returned message was written to."""
        returned = self.report.returned
        if returned is None:
            return ()
        delivered = find_address(returned.headers.get("x-original-to")) or find_address(
            returned.headers.get("delivered-to")
        )
        to = find_addresses(decode_words(returned.headers.get("to")))
        return to or ((delivered,) if delivered else ())
