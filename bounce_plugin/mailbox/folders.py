"""What are our folders called on this IMAP server? (RFC 2342 namespaces, RFC 9051 section 5.1)"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

_NAMESPACE: Final = re.compile(rb'\(\("((?:[^"\\]|\\.)*)" (?:"((?:[^"\\]|\\.))"|NIL)')
_DELIMITER: Final = re.compile(rb'\([^)]*\) "((?:[^"\\]|\\.))"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a server composes the names of a person's folders."""

    prefix: str  # "INBOX." where all folders lie below the inbox
    delimiter: str  # between a folder and those below it; "" where there are no levels

    @classmethod
    def from_namespace(cls, answer: bytes) -> Self | None:
        """Read the first personal namespace out of the answer to NAMESPACE; None: the server names none."""
        found = _NAMESPACE.match(answer)
        if found is None:
            return None
        return cls(prefix=_unquote(found[1]), delimiter=_unquote(found[2] or b""))

    @classmethod
    def from_list(cls, answer: bytes) -> Self:
        """Read the answer to `LIST "" ""`, which tells the delimiter alone."""
        found = _DELIMITER.match(answer)
        return cls(prefix="", delimiter=_unquote(found[1]) if found else "")

    def real_name(self, name: str) -> str:
        """The server's name of a folder that an operator calls `bounces/processed`: with "/", whatever is used here.

        A name that has the prefix already is left as it is, and so is the inbox.
        """
        if name.upper() == "INBOX":
            return "INBOX"
        real = name.replace("/", self.delimiter) if self.delimiter else name
        return real if real.upper().startswith(self.prefix.upper()) else self.prefix + real


def _unquote(octets: bytes) -> str:
    return re.sub(rb"\\(.)", rb"\1", octets).decode("ascii", "replace")
