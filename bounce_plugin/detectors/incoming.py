"""Is a mail about others that come in to us? Filters, quarantines and lures speak so: nothing that we sent has failed."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.labels import RECIPIENT, SENDER, find_labelled
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import find_reply
from bounce_plugin.detectors.wording import INCOMING, KEPT_BACK, LURES, OVERVIEWS, TO_US
from bounce_plugin.message.address import are_of_one_site, find_address

_NEAR: Final = 1500  # characters: a report says what it is at its beginning
#: What amavis tells the operator that it did with a mail.
_KEPT_BACK: Final = re.compile(
    r"(?:virus|banned|spam|unsolicited|bad[ -]header|unchecked|oversized)\b.{0,250} from (?:local )?(?:\[[^\[\]]{1,60}\] )?(?:\(\?\) )?<([^<>]{1,254})>$"
)
#: What became of a mail that a filter tells the operator of.
_KEPT: Final = re.compile(r"quarantin|deleted|purged|virus|\brule\b|gelöscht|supprimé|eliminad|eliminat|verwijderd")


def is_about_incoming(notice: Notice, *, daemon: bool, plainly: bool) -> bool:
    """Whether the mail is about others that come in, or a lure; `plainly`: it shows no reply and no returned message."""
    near = notice.flat[:_NEAR]
    if is_lure(notice):
        return True
    kept_back = _KEPT_BACK.match(notice.subject)
    if kept_back and _is_of_another_site(notice, kept_back[1]):
        return True
    if plainly and INCOMING.stand_in(f"{notice.subject}\n{near}"):
        return True
    if notice.report.returned is None and not notice.named and not daemon and _is_of_a_quarantine(notice):
        return True
    if notice.report.returned is None and _names_us_as_recipient(notice):
        return True
    return not daemon and TO_US.stand_in(f"{notice.subject}\n{near}")  # filters and postmasters write so


def _is_of_a_quarantine(notice: Notice) -> bool:
    """Whether the subject is that of a list of what is kept back from us; such a list quotes whatever subjects there are."""
    subject = notice.subject
    return KEPT_BACK.stand_in(subject) and OVERVIEWS.stand_in(subject) and not notice.titled


def _is_of_another_site(notice: Notice, address: str) -> bool:
    """Whether an address is one that is not of the site that the mail was sent to."""
    told = find_address(notice.headers.get("to").lower())
    return told != "" and not are_of_one_site(address, told)


def _names_us_as_recipient(notice: Notice) -> bool:
    """Whether a text labels a stranger as the sender of what it is about, and somebody of our site as the recipient."""
    domain = find_address(notice.headers.get("to").lower()).rpartition("@")[2]
    if not domain or domain not in notice.lower:  # as mostly
        return False
    sender, recipient = (find_labelled(label, notice) for label in (SENDER, RECIPIENT))
    if not sender or not recipient or sender == recipient:
        return False
    ours = notice.is_ours(recipient) or (
        notice.is_of_our_site(recipient) and _KEPT.search(notice.lower) is not None and find_reply(notice.text) is None
    )
    return ours and not notice.is_ours(sender) and not are_of_one_site(sender, recipient)


def is_lure(notice: Notice) -> bool:
    """Whether a text wants, behind a link, what no mail server wants."""
    near = notice.flat[:_NEAR]
    return "http" in near and LURES.stand_in(near)
