"""Did the manager of a mailing list refuse our message? So those answer who may not write to a list, or whom a moderator refuses.

Mailman, Sympa, LISTSERV and others write as themselves, or as who keeps the list, and often send our message back with it.
"""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.wording import LIST_KEEPERS, OF_OUR_MESSAGE, REFUSED_BY_LIST
from bounce_plugin.message.address import find_address
from bounce_plugin.message.report import Action

NAME: Final = "lists"

_MANAGERS: Final = ("sympa@", "listserv@", "majordomo@", "mailman@", "listmaster@", "ecartis@")
_MARKS: Final = frozenset({"x-list-administrivia", "x-sympa-to"})  # Mailman; Sympa
_NEAR: Final = 1500  # characters: the manager's own words stand first


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    name = refusing_list(notice)
    return (
        (build_finding(notice, name, notice.text, detector=NAME, confidence=0.8, action=Action.FAILED, whole=True),)
        if name
        else ()
    )


def refusing_list(notice: Notice) -> str:
    """The address of the list that refuses our message; empty where none does."""
    if not _is_manager(notice):
        return ""
    near = notice.lower[:_NEAR]
    if not REFUSED_BY_LIST.stand_in(near):
        return ""
    if notice.report.returned is None and not OF_OUR_MESSAGE.stand_in(near):
        return ""  # a wish to subscribe may be refused, too
    return _list_behind(notice)


def _is_manager(notice: Notice) -> bool:
    """Whether a mail is from a list's manager, about the list, and no post to it."""
    headers, sender = notice.headers, notice.sender
    if headers.has_any(_MARKS):
        return True
    if not (any(name in sender for name in _MANAGERS) or any(f"{keeper}@" in sender for keeper in LIST_KEEPERS)):
        return False
    automatic = headers.get("auto-submitted").lower().startswith("auto-")
    return automatic or headers.get("precedence").lower() in {"bulk", "list", "junk"}  # and no person's


def _list_behind(notice: Notice) -> str:
    """The list whose manager writes: it says so, its keeper's address does, or our message went to it."""
    posted = find_address(notice.headers.get("x-beenthere"))
    if posted:
        return posted
    local, _, domain = find_address(notice.sender).rpartition("@")
    for keeper in LIST_KEEPERS:
        if local.endswith(keeper):
            return f"{local.removesuffix(keeper)}@{domain}"
    here = [address for address in notice.addressed if address.lower().endswith(f"@{domain}")]
    return here[0] if len(here) == 1 else ""
