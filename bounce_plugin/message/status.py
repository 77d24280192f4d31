"""Which enhanced status code is this (RFC 3463), and which reply code (RFC 5321)?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Guards, so that IPv4 addresses, versions such as 5.5.2657.72 and paths such as perl/5.36.0 are no codes (D-14); a leading `#` is qmail's (D-15).
STATUS: Final = re.compile(r"([245])(?<![\d./].)\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")


_SHORT: Final = 11  # characters of the longest code, 5.123.123, and a little


@dataclass(frozen=True, slots=True, order=True)
class EnhancedStatus:
    """An enhanced mail system status code, class.subject.detail (RFC 3463, section 2)."""

    class_: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.class_}.{self.subject}.{self.detail}"

    @property
    def generic(self) -> bool:
        """Whether the code says no more than its class: X.0.0."""
        return self.subject == 0 and self.detail == 0

    @classmethod
    def find(cls, text: str) -> EnhancedStatus | None:
        """The first code in a text, or None."""
        return _find_again(text) if len(text) <= _SHORT else _find(text)


def _find(text: str) -> EnhancedStatus | None:
    found = STATUS.search(text) if "." in text else None
    return _known(found[0]) if found else None


@lru_cache(maxsize=1024)
def _known(code: str) -> EnhancedStatus:
    """The same few codes come again and again."""
    class_, subject, detail = code.split(".")
    return EnhancedStatus(int(class_), int(subject), int(detail))


#: And so do the fields that hold nothing else.
_find_again: Final = lru_cache(maxsize=1024)(_find)
