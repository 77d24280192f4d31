"""How does a dialect's reading become a `Finding`? Codes, stage and hosts are read the same way for all of them."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import find_reply, quote_found, read_stage, read_status
from bounce_plugin.message import limits
from bounce_plugin.message.report import Action

_NAME: Final = r"([A-Za-z0-9][A-Za-z0-9.-]{1,250}\.[A-Za-z]{2,24})\b"
_WRAPPED: Final = re.compile(r"\(in\s{1,8}reply\s{1,8}to\s{1,8}[a-z][a-z\s]{2,40}command\)")
#: Words before the name of a host, and the name; `mail-hosting.example` is no cue.
_HOSTS: Final = (
    ("host", re.compile(rf"(?<![a-z0-9-])host(?:: ?| |(?=\[))\[?{_NAME}")),
    ("while talking to", re.compile(rf"while talking to:? ?\[?{_NAME}")),
    ("connected to", re.compile(rf"connected to:? ?\[?{_NAME}")),
    ("remote system: dns;", re.compile(rf"remote system: dns; ?{_NAME}")),
    (" by", re.compile(rf" by:? ?\[?{_NAME}")),
)


def build_finding(
    notice: Notice,
    recipient: str,
    diagnostic: str,
    *,
    detector: str,
    confidence: float,
    others: tuple[str, ...] = (),
    action: Action | None = None,
    whole: bool = False,
) -> Finding:
    """One finding from the words that a text has about one recipient; the action is read from the text if not given.

    `whole` says that the words are all that the notice says, of which only the reply is quoted.
    """
    if "said:_" in diagnostic and "@" not in diagnostic:  # qmail-ldap puts them between all words
        diagnostic = diagnostic.replace("_", " ")
    found = find_reply(diagnostic)
    said = quote_found(found, diagnostic) if whole else diagnostic
    words = " ".join(said[: 2 * limits.DIAGNOSTIC].split())[: limits.DIAGNOSTIC]
    lower = diagnostic.lower()
    status = notice.report.delivery_status
    return Finding(
        recipient=recipient,
        other_recipients=tuple(dict.fromkeys([name for name in others if name and name != recipient]))
        if others
        else (),
        action=action or notice.action,
        status=read_status(found, diagnostic),
        reply_code=found[1] if found else "",
        diagnostic_code=words,
        stage=_stage(lower),
        remote_mta=_remote_host(lower),
        reporting_mta=status.reporting_mta if status else "",
        detector=detector,
        confidence=confidence,
    )


def _stage(lower: str) -> Stage:
    """The command that was refused; only Postfix breaks its lines within the cue."""
    found = _WRAPPED.search(lower) if "\n" in lower and "(in" in lower else None
    return (found and read_stage(" ".join(found[0].split()))) or read_stage(lower)


def _remote_host(lower: str) -> str:
    """The host that the words, in lower case, say they come from."""
    for cue, pattern in _HOSTS:
        if cue in lower and (found := pattern.search(lower)):
            return found[1]
    return ""
