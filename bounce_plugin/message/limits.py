"""How much of a mail is read? The caps, in octets where no unit is given; a mail over one of them goes to review."""

from __future__ import annotations

from typing import Final

MESSAGE: Final = 10 * 1024 * 1024  # of the whole mail; above, only the head is read
HEAD: Final = 256 * 1024  # how much of a mail over that cap is read
DEPTH: Final = 8  # multiparts within multiparts
PARTS: Final = 100
HEADER_FIELDS: Final = 500  # lines of the header fields of a mail
HEADER_BLOCK: Final = 64 * 1024
RECIPIENTS: Final = 100  # of one report; readers give one more, so that it is seen that there are too many
DIAGNOSTIC: Final = 4 * 1024  # characters
DECODED: Final = 1024 * 1024  # of text in one mail
