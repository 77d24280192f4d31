"""Does a line of a list begin an entry of its own, or go on with the one above? Reporters break their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bounce_plugin.detectors.wording import TROUBLE

#: What stands before an address that begins an entry of its own.
_MARKED: Final = re.compile(r"[-*>•·=#]|[\"'\[(]+$|[\"'\[(]*(?:smtp:|mailto:|rfc822;)$", re.IGNORECASE)
#: A person's name before an address, and behind it what is said of it.
_NAMED: Final = re.compile(
    r"[ \t]*[^\W\d_a-z][\w.'-]{1,30}(?: [^\W\d_a-z][\w.'-]{0,30}){1,3} <[^\s<>@]{1,64}@[^\s<>]{1,253}>[ \t]{0,3}[:(]"
)
#: What a host says before an address, in capitals: `No Such User <a@b> (in reply to RCPT TO command)`.
_NO_NAME: Final = re.compile(
    r"\b(?:user|recipient|mailbox|address|account|sender|alias|policy|prohibit|prohibition|denied|access|no|not|by|for)\b"
)
_BEGINS_WITH_CODE: Final = re.compile(r"[245]\.\d|[245]\d\d\b")


def goes_on_from(said: Sequence[str], named: str, head: str, line: str, address: str) -> bool:
    """Whether a line goes on with the words that begin beside an address, and names that address again, or words before it.

    So Postfix breaks its lines: `<a@b>: host c said: 550`, and beneath it, indented, `5.1.1 <a@b>: User unknown`.
    """
    if len(said) != 1 or not said[0] or indent(line) <= indent(head):
        return False
    if address.lower() == named.lower():
        return True
    before = line[: line.find(address)].strip(" \t<")
    if not before or _MARKED.match(before):
        return False
    if _NAMED.match(line) and not _NO_NAME.search(before.lower()) and not TROUBLE.stand_in(before.lower()):
        return False
    if _NAMED.match(head) and not _BEGINS_WITH_CODE.match(before):
        return False  # each of several with a name
    both = TROUBLE.stand_in(said[0].lower()) and TROUBLE.stand_in(line.lower())
    return not both or _BEGINS_WITH_CODE.match(before) is not None


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())
