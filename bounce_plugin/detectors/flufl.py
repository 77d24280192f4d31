"""Whom do the rules of flufl.bounce find? The last resort: sure of addresses only, unaware of codes and of delays.

It is given a copy of the text that can hurt nobody: its rules take seconds for megabytes, and some of them raise.
"""

from __future__ import annotations

import logging
import re
from email.message import Message
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_address

NAME: Final = "flufl.bounce"

_LONGEST: Final = 16 * 1024  # characters
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_log = logging.getLogger(__name__)
# It logs a traceback for every mail that one of its rules cannot read, which an operator can do nothing about.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    from flufl.bounce import all_failures

    try:
        _temporary, permanent = all_failures(_copy(notice))
    except Exception as error:  # noqa: BLE001 - IndexError and AttributeError are known, others are likely
        _log.debug("flufl.bounce could not read a mail: %s", error)
        return ()
    addresses = sorted(find_address(found.decode("utf-8", "replace")) for found in permanent)
    return tuple(
        build_finding(notice, address, notice.text, detector=NAME, confidence=0.4)
        for address in addresses
        if address and not notice.is_ours(address) and address.lower() not in notice.asked
    )


def _copy(notice: Notice) -> Message:
    """The notice as a plain mail in ASCII, with the two header fields that the rules ask for."""
    message = Message()
    for name, value in (("From", notice.sender), ("Subject", notice.subject)):
        # Its rule for Yale raises on an empty From, and ends the search.
        message[name] = " ".join(value.encode("ascii", "replace").decode().split()) or "-"
    text = _EMPTY_LINES.sub("\n\n", notice.text[:_LONGEST].lstrip("\n"))
    message.set_payload(text.encode("ascii", "replace").decode())
    return message
