"""Did the manager of a mailing list refuse our message? So those answer who may not write to a list, or whom a moderator refuses.

Mailman, Sympa, LISTSERV and others write as themselves, or as who keeps the list, and often send our message back with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import find_reply
from bounce_plugin.detectors.wording import (
    DAEMONS,
    HELD_BY_LIST,
    INTROS,
    LIST_KEEPERS,
    OF_OUR_MESSAGE,
    REFUSED_BY_LIST,
    TROUBLE,
    is_contact,
)
from bounce_plugin.message.address import find_address
from bounce_plugin.message.automatic import calls_itself_automatic
from bounce_plugin.message.report import Action

NAME: Final = "lists"

_MANAGERS: Final = ("sympa@", "listserv@", "majordomo@", "mailman@", "ecartis@")
_REJECTED: Final = "rejected posting to "  # LISTSERV
_MANAGED: Final = re.compile("|".join(_MANAGERS))
_KEPT: Final = re.compile("|".join((*_MANAGERS, *[f"{keeper}@" for keeper in LIST_KEEPERS])))
_OF_A_LIST: Final = frozenset(
    {"list-id", "x-beenthere", "x-list-administrivia", "x-mailman-version", "x-sympa-to", "x-lsv-listid"}
)
#: A list by its address, behind the word for it.
_NAMED: Final = re.compile(
    r"\b(?:list|liste|lista|listę|listy|lijst|listan|listen|seznam|listesi)\W{1,3}([^\s<>@:,;\x00-\x1f\x7f]{1,64}@[a-z0-9.-]{1,253})"
)
#: A member whom a list has stopped, for what came back from him.
_DROPPED: Final = re.compile(
    r"\b(?:due to|excessive|too many) (?:excessive )?bounces|bounce score|auto-deleted|after the delivery errors? shown|delivery error for the "
)
#: Majordomo shows who keeps the list what it did not pass on, and why: BOUNCE news@club.example: Non-member submission from […]
_TO_THE_KEEPER: Final = re.compile(
    r"bounce ([^\s@]{1,64})@[^\s:]{1,255}: +(?:non-member|approval|admin request|message too long|taboo|global|header|body|forwarding)"
)
_OF_A_MEMBER: Final = re.compile(
    r"removed from|was deleted|subscription|unsubscri|membership|mitglied|abonn|lidmaatschap|iscrizion|suscri"
)
_ADDRESS: Final = re.compile(r"\S{1,320}@\S{1,320}|https?://\S{1,500}")
_TO_A_MEMBER: Final = re.compile(
    r"\b(?:confirm|welcome|willkommen|you have been|your (?:address|subscription|membership|mail|message|post)|uw (?:lidmaatschap|abonnement|adres|bericht)|je (?:lidmaatschap|abonnement|adres)|u (?:bent|ontvangt)|twoj[aąe]|twój|sua (?:inscrição|assinatura)|você|dit (?:medlemskab|abonnement)|ditt (?:medlemskap|abonnemang)|deine?[rnms]?|du (?:bekommst|wirst|bist)|ihr werdet|euer|eure?[rnms]?|werdet|l['’]abonnement|pour (?:le |la )?réactiver|liebe mitglieder|dear members|hallo|ihre?[rnms]? (?:abonnement|mitgliedschaft|adresse|abo)|vous avez été|votre (?:abonnement|adresse|message)|tu (?:dirección|suscripción)|su suscripción"
    r"|(?:tua|sua) iscrizione|probe|test|prueba|prova)\b"
)
_OF_BOUNCES: Final = re.compile(
    r"\bbounc|\brejets |\brejet non reconnu|en erreur|taux d.erreurs|fehlerrate|unzustellbar|delivery errors?\b|error monitoring|\brebot|errori di consegna|odbi[cć]"
)
_NEAR: Final = 1500  # characters: the manager's own words stand first


@lru_cache(maxsize=8)  # of one notice it is asked again and again
def _is_kept(sender: str) -> bool:
    return _KEPT.search(sender) is not None


@lru_cache(maxsize=8)
def _is_managed(sender: str) -> bool:
    return _MANAGED.search(sender) is not None


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    name = refusing_list(notice)
    return (
        (build_finding(notice, name, notice.text, detector=NAME, confidence=0.8, action=Action.FAILED, whole=True),)
        if name
        else ()
    )


def refusing_list(notice: Notice) -> str:
    """The address of the list that refuses our message; empty where none does.

    Where the message does not come back, the manager must say that it speaks of one: a wish to subscribe may be refused, too.
    What it quotes, such as a moderator's words, does not say so.
    """
    if not _is_kept(notice.sender) and not notice.headers.has_any(_OF_A_LIST):
        return ""  # as mostly; to read the text takes longer
    near = _near(notice)
    refused = REFUSED_BY_LIST.stand_in(near) or notice.subject.startswith(_REJECTED)
    if not refused or HELD_BY_LIST.stand_in(near) or HELD_BY_LIST.stand_in(notice.subject):
        return ""
    name = _list_behind(notice)
    if not name:
        return ""
    returned = notice.report.returned
    if notice.subject.startswith(_REJECTED):
        return name
    if returned is None:
        return name if OF_OUR_MESSAGE.stand_in(near.partition('"')[0]) else ""
    return name if notice.is_of_our_site(find_address(returned.headers.get("from").lower())) else ""


def _near(notice: Notice) -> str:
    """The manager's own words, on one line."""
    return " ".join(notice.flat[:_NEAR].split())


def shows_a_members_failure(notice: Notice) -> bool:
    """Whether the manager of a list tells its keeper of a member who failed, and is none of ours; it may show the report."""
    kept = _is_kept(notice.sender)
    if (shown := _TO_THE_KEEPER.match(notice.subject)) is not None:
        own = ("majordomo@", " owner-", *[f" {shown[1]}{keeper}@" for keeper in LIST_KEEPERS])
        if any(one in notice.sender.replace("<", " ") for one in own):
            return True
    if not kept and "x-list-administrivia" not in notice.headers:
        return False  # as mostly
    managed = kept and (is_of_a_manager(notice) or _is_of_a_keeper(notice))
    if not managed and "x-list-administrivia" not in notice.headers:
        return False
    returned = notice.report.returned
    if returned is None:
        if not managed or refusing_list(notice):
            return False
        answers = notice.headers.get("auto-submitted").lower().startswith("auto-replied")
        path = find_address(notice.headers.get("return-path"))
        # What LISTSERV itself could not deliver it lists by these labels.
        tells = (path != "" or is_of_a_manager(notice)) and "error-for:" not in notice.lower
        if answers or calls_itself_automatic(notice.lower) or _reads_as_report(notice):
            tells = False
        return tells or _DROPPED.search(_near(notice)) is not None
    keeper = find_address(returned.headers.get("to").lower()).partition("@")[0]
    daemon = DAEMONS.stand_in(f" {returned.headers.get('from').lower()}")
    return (daemon or keeper.endswith(LIST_KEEPERS)) and not refusing_list(notice)


def _reads_as_report(notice: Notice) -> bool:
    """Whether a text is a mail server's, of whoever it comes from: it says that something failed, and why, and nothing of a membership."""
    near = _near(notice)
    if _is_to_a_keeper(notice) or _OF_A_MEMBER.search(near) is not None:
        return False
    if not INTROS.stand_in(near):
        return False
    null = notice.headers.get("return-path").strip() == "<>"
    return find_reply(notice.text) is not None or (null and notice.titled and TROUBLE.stand_in(near))


def _is_to_a_keeper(notice: Notice) -> bool:
    """Whether a mail was written to who keeps a list, and not to where it has its bounces sent."""
    return find_address(notice.headers.get("to").lower()).rpartition("@")[0].endswith(("-owner", "-request"))


def tells_of_bounces(notice: Notice) -> bool:
    """Whether what `shows_a_members_failure` tells who keeps a list of its bounces, and asks him to decide on no message."""
    if _TO_THE_KEEPER.match(notice.subject):
        return False
    if "in-reply-to" in notice.headers and notice.subject.startswith(("re:", "aw:", "antw:", "sv:", "odp:")):
        return False  # a person
    near = _ADDRESS.sub("", f"{notice.subject} {_near(notice)}")
    if not _is_to_a_keeper(notice) and _TO_A_MEMBER.search(near):
        return False
    return _OF_BOUNCES.search(near) is not None and not HELD_BY_LIST.stand_in(near)


def is_of_a_manager(notice: Notice) -> bool:
    """Whether the manager of many lists writes, who goes by the name of the program."""
    return _is_managed(notice.sender)


def _is_of_a_keeper(notice: Notice) -> bool:
    """Whether who keeps a list writes, or the list's program in that name."""
    return notice.headers.has_any(_OF_A_LIST) and any(f"{keeper}@" in notice.sender for keeper in LIST_KEEPERS)


def holds_our_message(notice: Notice) -> bool:
    """Whether the manager of a list says that a moderator has yet to see our message: no failure, and no answer of anybody's."""
    if not _is_kept(notice.sender):
        return False
    if not (is_of_a_manager(notice) or _is_of_a_keeper(notice)) or find_reply(notice.text) is not None:
        return False
    near = _near(notice)
    ours = OF_OUR_MESSAGE.stand_in(notice.subject) or OF_OUR_MESSAGE.stand_in(near)
    return ours and (HELD_BY_LIST.stand_in(notice.subject) or HELD_BY_LIST.stand_in(near))


def _list_of(address: str) -> str:
    """The list that a keeper's address belongs to; empty where it is none, or that of the program for all its lists."""
    local, _, domain = address.rpartition("@")
    for keeper in LIST_KEEPERS:
        if local.endswith(keeper) and f"{local.removesuffix(keeper)}@" not in _MANAGERS:
            return f"{local.removesuffix(keeper)}@{domain}"
    return ""


def _list_behind(notice: Notice) -> str:
    """The list whose manager writes: it says so, or our message went to it, and its manager or its keeper answers.

    `it-request@` alone may be anybody.
    """
    headers, sender = notice.headers, notice.sender
    if notice.subject.startswith(_REJECTED) and "listserv@" in sender:
        return find_address(notice.subject.removeprefix(_REJECTED))
    keeper = next((keeper for keeper in LIST_KEEPERS if f"{keeper}@" in sender), "")
    manager = is_of_a_manager(notice)
    listed = headers.has_any(_OF_A_LIST)
    if not (keeper or manager or listed):
        return ""
    domain = find_address(sender).rpartition("@")[2]
    kept = _list_of(find_address(sender)) or _list_of(find_address(headers.get("sender").lower()))
    if listed and (manager or keeper):
        posted = find_address(headers.get("x-beenthere"))
        if posted or kept:
            return posted or kept
    automatic = headers.get("auto-submitted").lower().startswith("auto-")
    if not (listed or automatic or headers.get("precedence").lower() in {"bulk", "list", "junk"}):
        return ""  # a person who keeps the list
    if kept and kept in notice.lower[:_NEAR]:
        return kept
    for address in notice.addressed:
        lower = address.lower()
        if lower == kept or (manager and len(notice.addressed) == 1 and lower.endswith(f"@{domain}")):
            return address
    if not manager or notice.addressed:
        return ""
    named = _NAMED.search(notice.lower, 0, _NEAR)
    return named[1] if named and named[1].endswith(f"@{domain}") and not is_contact(named[1]) else ""
