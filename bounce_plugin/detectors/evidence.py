"""Is this text a report at all, and who says so? The evidence for mails without a delivery status part.

Words can be quoted by anybody, so they count only where the sender is a machine that delivers mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.incoming import is_about_incoming, is_lure
from bounce_plugin.detectors.lists import refusing_list
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import find_reply
from bounce_plugin.detectors.wording import (
    DAEMONS,
    DELIVERED,
    DIGESTS,
    GIVEN_UP,
    GOODS,
    HINTS,
    INTROS,
    OF_MAIL,
    OF_OUR_MESSAGE,
    POSTMASTERS,
    PROGRAMS,
    REFUSED_BY_LIST,
    STILL_TRYING,
    SUBJECTS,
    TROUBLE,
    is_contact,
)
from bounce_plugin.message.address import are_of_one_site, find_address, find_addresses, is_rewritten
from bounce_plugin.message.forward import GREETING, GREETINGS, is_commented_forward, is_from_a_person
from bounce_plugin.message.quick import quick
from bounce_plugin.message.status import EnhancedStatus

BOUNCE: Final = 4  # this much evidence makes a bounce
OVERWHELMING: Final = BOUNCE + 2  # this much makes a bounce of what looks like an auto-reply
REVIEW: Final = 2  # this much, and a person should look

_LEAST: Final = -1  # what a text can say that says nothing but a greeting
_NEAR: Final = 1500  # characters: a report says what it is at its beginning
# Two patterns, because one that begins with a plain character is searched much faster than one with a choice.
_REPLIES: Final = tuple(
    [
        re.compile(
            rf"{digit}\d\d(?<![\d.\w]...)[ -](?:#?[45]\.\d{{1,3}}\.\d{{1,3}}|(?!(?:EUR|USD|GBP|CHF|PLN|SEK|DKK|NOK|CZK|HUF|RON|BRL|JPY|Euro|lei|kr|zł|Kč|Ft|GB|MB|kB|TB)\b)[^\n]{{0,3}}[<A-Za-z\"'])"
        )
        for digit in "54"
    ]
)
_ANSWER: Final = re.compile(r"(?:re|aw|sv|antw|rv|tr|fw|fwd|wg|vs|enc|i|r|回复|答复|转发)(?:\[\d\])? ?: ?")
_GREETED: Final = re.compile(rf"\s*+{GREETINGS}[^.@]{{0,40}}(?:,|!|\n|$)")
_LETTER: Final = re.compile(
    rf"^>|^(?:hi(?!\. this is the)|hello|hallo|dear|liebe|sehr geehrte|bonjour|hola|ciao|guten tag)\b|\A\s*+{GREETINGS}",
    re.MULTILINE,
)
_UNMISTAKABLE: Final = (
    "undelivered mail returned",
    "non-delivery",
    "returned mail:",
    "delivery status notification",
    "failure notice",
    "mail delivery failed",
)
# What help desks, trackers and cron write: what they hold is what somebody sent to them, or what a program printed.
_OF_A_TRACKER: Final = frozenset({
    "x-cron-env",
    "x-rt-ticket", "x-rt-loop-prevention", "x-otrs-loop", "x-znuny-loop", "x-jira-fingerprint", "x-zammad-ticket-id", "x-github-reason", "x-github-sender", "x-gitlab-project", "x-gitlab-issue-id",
    "x-gitlab-notificationreason", "x-redmine-project", "x-redmine-issue-id", "x-redmine-host", "x-bugzilla-reason", "x-bugzilla-url", "x-mantis-id", "x-trac-ticket-id", "x-zendesk-from-account-id",
    "x-fd-email-category", "x-freshdesk-ticket-id", "x-servicenow-generated", "x-sentry-project", "x-sentry-transaction", "x-helpscout-conversation", "x-phabricator-sent-this-message", "x-launchpad-bug", "x-debian-pr-message", "x-roundup-name",
})  # fmt: skip
_PROGRAMS: Final = frozenset({"x-powered-by", "x-mailer"})
_HELP_DESKS: Final = ("otrs", "znuny", "zammad")
_STATISTICS: Final = ("mail delivery statist", "delivery statist")
_NDR_FIELDS: Final = ("x-ms-exchange-message-is-ndr", "x-ms-embedded-report")  # Exchange; without a value, often


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How much speaks for a report: `origin` for a mail server as its writer, `words` for its text.

    `known` tells whether the writer gives itself out as a mail server at all: an auto-reply comes from a null return
    path, too, and may well say that somebody's mailbox does not exist any more.
    """

    origin: int
    words: int
    known: bool
    nameless: bool  # it comes from nobody (a null return path), or from elsewhere than it says
    letter: bool = False  # who keeps the mail server greets us: what the letter quotes is another's
    null: bool = False  # its return path is null, as that of a mail server's is
    machine: bool  # it has a mark that people's mail has not: a mail server's name, or a report's header fields

    @property
    def score(self) -> int:
        """Words without a mail server behind them are worth no more than a look."""
        if self.origin <= 0:
            return min(self.words, REVIEW)
        score = self.origin + self.words
        return score if self.known and not self.letter else min(score, BOUNCE - 1)


def weigh(notice: Notice) -> Evidence:
    """The evidence that a mail without a delivery status part is a report about mail that failed.

    The text is not looked at any more where the rest is overwhelming, whatever it says.
    """
    headers = notice.headers
    path = headers.get("return-path").lower()
    null = (path == "" and "return-path" in headers) or path == "<>" or "mailer-daemon" in path
    daemon = (
        DAEMONS.stand_in(notice.sender)
        or "<>" in notice.sender
        or (not path.strip("<> ") and "delivery system" in notice.sender)
    )
    postmaster = not daemon and POSTMASTERS.stand_in(notice.sender)
    nameless = path == "<>" or _fails_spf(notice)
    marked = _NDR_FIELDS[0] in headers or _NDR_FIELDS[1] in headers
    typed = "report-type=delivery-status" in headers.get("content-type").lower().replace('"', "").replace(" ", "")
    automatic = headers.get("auto-submitted").lower().startswith("auto-")
    titled = notice.titled and (null or daemon or not is_from_a_person(headers))
    returned = notice.report.returned is not None
    refused = bool(refusing_list(notice))
    origin = 2 * (daemon or marked or typed or refused) + postmaster + (2 if path == "<>" else 1) * null
    origin += bool(notice.named) + automatic + titled
    if is_of_a_tracker(notice) or (not returned and _is_digest(notice)):
        return Evidence(origin=0, words=titled + returned, known=False, nameless=False, machine=False)
    if not daemon and not marked:
        origin -= _personal(notice)
        if "list-id" in headers and notice.subject.startswith("["):
            origin -= 2  # a post to a list (RFC 2919), which tags its subject
    machine = daemon or marked or typed or bool(notice.named) or refused
    reported = (
        automatic
        and titled
        and (OF_MAIL.stand_in(notice.subject) or OF_OUR_MESSAGE.stand_in(notice.flat[:_NEAR]) or _gives_code(notice))
    )
    named = bool(notice.named) and (null or path == "")  # anybody can write the field
    plain = not (marked or typed or named or returned or reported)
    known = (
        daemon or marked or typed or bool(notice.named) or postmaster or refused
        or (titled and (null or reported or returned or notice.subject.startswith(_UNMISTAKABLE)))
        or (null and returned and not automatic)
    )  # fmt: skip
    letter = postmaster and not (null or automatic or returned or titled) and GREETING.match(notice.text) is not None
    letter = letter or (not (null or automatic) and is_commented_forward(notice.text, headers))
    if known and plain and not refused and _pretends(notice, path, null):
        known = False
    if (
        known
        and not letter
        and origin + titled + returned + _LEAST >= OVERWHELMING
        and (returned or not is_lure(notice))
    ):
        return Evidence(
            origin=origin, words=titled + returned, known=known, nameless=nameless, null=null, machine=machine
        )
    quoted = _gives_code(notice)
    words = _words(notice) + titled + returned + quoted + 2 * refused
    if is_about_incoming(notice, daemon=daemon, plainly=not (returned or quoted)):
        return Evidence(origin=origin, words=words, known=False, nameless=False, machine=False)
    if null and not known and PROGRAMS.stand_in(notice.flat[:_NEAR]):
        known = not (plain and _pretends(notice, path, null))
    if titled and quoted and not known:
        known = not (plain and _pretends(notice, path, null))
    return Evidence(
        origin=origin, words=words, known=known, letter=letter, nameless=nameless, null=null, machine=machine
    )


def _gives_code(notice: Notice) -> bool:
    """Whether something like a reply of a host stands in a text, no amount of money."""
    return any([pattern.search(notice.text, 0, 4 * _NEAR) for pattern in _REPLIES])  # noqa: C419 - a generator is slow


def names_a_stranger(notice: Notice) -> bool:
    """Whether a text names an address that is neither ours nor the writer's, as an answer hardly does."""
    if "@" not in notice.text:
        return False
    writers = {*find_addresses(notice.sender), *find_addresses(notice.headers.get("reply-to").lower())}
    named = [one for one in find_addresses(notice.lower) if not is_contact(one) and not notice.is_ours(one)]
    return any(one not in writers for one in named)


def speaks_of_failure(notice: Notice) -> bool:
    """Whether a mail server's text shows a code, or says in words that we know that something failed.

    Exchange writes in its own name that a meeting was passed on, too; and what was delivered after all may be shown as well.
    """
    if notice.named or notice.titled:
        return True
    if refusing_list(notice):
        return True
    if find_reply(notice.text) is not None or EnhancedStatus.find(notice.text) is not None:
        return True
    near = notice.flat[: 4 * _NEAR]
    if any(words.stand_in(near) for words in (INTROS, GIVEN_UP, STILL_TRYING, REFUSED_BY_LIST, DELIVERED)):
        return True
    return notice.report.returned is not None and TROUBLE.stand_in(near)


def _pretends(notice: Notice, path: str, null: bool) -> bool:
    """Whether a mail came from somebody's own address, though it may call itself a mail server's.

    Anybody can write "Mail Delivery System" as a name, and a bounce's words below it; a mail server leaves the return
    path empty, or writes as itself, from its own domain. Where the path is our own, somebody here passed the mail on.
    """
    if null or not path:
        return False
    if _fails_spf(notice):
        return True
    who = find_address(notice.sender)
    name = f" {who}"
    foreign = not _is_one_site(path, who) and not _is_one_site(path, find_address(notice.headers.get("to").lower()))
    if DAEMONS.stand_in(path) or POSTMASTERS.stand_in(path):
        return who != "" and foreign
    return foreign or not (DAEMONS.stand_in(name) or POSTMASTERS.stand_in(name))


def _fails_spf(notice: Notice) -> bool:
    """Whether our own server noted that the domain of the return path does not send from there (RFC 7208, section 9.1)."""
    return notice.headers.get("received-spf").lower().startswith("fail")


def _is_one_site(path: str, who: str) -> bool:
    """Whether two addresses are of one site, as far as the last labels of their domains tell."""
    domain = path.strip("<> ").rpartition("@")[2]
    if not domain or is_rewritten(path):
        return True
    return are_of_one_site(domain, who)


def is_of_a_tracker(notice: Notice) -> bool:
    """Whether a help desk's or a tracker's program wrote it, by its own header fields, or by what it calls itself there."""
    headers = notice.headers
    if headers.has_any(_OF_A_TRACKER):
        return True
    return headers.has_any(_PROGRAMS) and any(headers.get(name).lower().startswith(_HELP_DESKS) for name in _PROGRAMS)


def _is_digest(notice: Notice) -> bool:
    """Whether the subject, up to a colon, is that of statistics or of a list of many mails."""
    subject = notice.subject.partition(":")[0]
    if "@" in subject or notice.named or not DIGESTS.stand_in(subject):
        return False
    return subject.startswith(_STATISTICS) or not (SUBJECTS.begin(subject) or DAEMONS.stand_in(notice.sender))


def _personal(notice: Notice) -> int:
    """How much speaks for a writer who is no mail server."""
    headers = notice.headers
    against = 0
    if "list-unsubscribe" in headers:
        against += 2  # a newsletter
    if "in-reply-to" in headers and _ANSWER.match(notice.subject) and _LETTER.search(notice.lower):
        against += 3
    if GOODS.stand_in(notice.subject) or GOODS.stand_in(notice.flat[:_NEAR]):
        against += 2
    return against


def _words(notice: Notice) -> int:
    """How much the text speaks for a report, `_LEAST` at least."""
    near = notice.flat[:_NEAR]
    words = 0
    if INTROS.stand_in(near):
        words += 2
    elif HINTS.stand_in(near):
        words += 1
    if not notice.named and notice.report.returned is None and _GREETED.match(near):
        words -= 1  # a person, or a machine that pretends to be one
    return words
