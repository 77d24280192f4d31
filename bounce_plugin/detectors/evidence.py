"""Is this text a report at all, and who says so? The evidence for mails without a delivery status part.

Words can be quoted by anybody, so they count only where the sender is a machine that delivers mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.wording import INTROS, SENDERS, SUBJECTS

BOUNCE: Final = 4  # this much evidence makes a bounce
REVIEW: Final = 2  # this much, and a person should look

_NEAR: Final = 1500  # characters: a report says what it is at its beginning
_REPLY: Final = re.compile(r"(?<![\d.\w])[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}|[^\n]{0,3}[<A-Za-z\"'])")
_ANSWER: Final = re.compile(r"(?:re|aw|sv|antw|rv|tr|fw|fwd|wg|vs|enc|i|r|回复|答复|转发)(?:\[\d\])? ?: ?")
_GREETING: Final = re.compile(r"(?:hi|hello|hallo|dear|liebe[rs]?|sehr geehrte|bonjour|hola|ciao|guten tag|moin|servus|good (?:morning|afternoon|day))\b[^.@]{0,40}(?:,|!|\n|$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for a report: `origin` for a mail server as its writer, `words` for its text."""

    origin: int
    words: int

    @property
    def score(self) -> int:
        """Words without a machine behind them are worth nothing."""
        return self.origin + self.words if self.origin > 0 else min(self.words, REVIEW)


def weigh(notice: Notice) -> Evidence:
    """The evidence that a mail without a delivery status part is a report about mail that failed."""
    return Evidence(origin=_origin(notice), words=_words(notice))


def _origin(notice: Notice) -> int:
    headers = notice.headers
    path = headers.get("return-path").strip().lower()
    daemon = any(name in notice.sender for name in SENDERS) or (bool(notice.sender) and "<>" in notice.sender)
    origin = 2 * daemon
    if "return-path" in headers and (path in ("<>", "") or "mailer-daemon" in path):
        origin += 2 if path == "<>" else 1
    if notice.named:
        origin += 1
    if headers.get("auto-submitted").lower().startswith("auto-") or "x-ms-exchange-message-is-ndr" in headers:
        origin += 1
    if notice.subject.startswith(SUBJECTS):
        origin += 1
    if "report-type=delivery-status" in headers.get("content-type").lower().replace('"', "").replace(" ", ""):
        origin += 2
    if not daemon:
        if "list-unsubscribe" in headers or "list-id" in headers:
            origin -= 2  # a newsletter; but some lists pass reports on, with their own header fields
        if "in-reply-to" in headers and _ANSWER.match(notice.subject):
            origin -= 3
    return origin


def _words(notice: Notice) -> int:
    near = notice.lower[:_NEAR]
    words = 0
    if any(subject in notice.subject for subject in SUBJECTS):
        words += 1
    if any(intro in near for intro in INTROS):
        words += 2
    if _REPLY.search(notice.text, 0, 4 * _NEAR):
        words += 1
    if notice.report.returned is not None:
        words += 1
    if _GREETING.match(near.lstrip()):
        words -= 1  # a person, or a machine that pretends to be one
    return words
