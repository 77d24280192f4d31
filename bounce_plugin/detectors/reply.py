"""What did the refusing host answer, and to which command? Codes and stage in a diagnostic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bounce_plugin.detectors.finding import NO_STAGE, Stage
from bounce_plugin.message.status import EnhancedStatus

# One pattern for each class of code: one that begins with a plain character is searched eight times as fast as one that
# begins with a choice. The look-behinds stand behind what they guard, so that the search runs from one digit to the next.
# A reply code with an enhanced code of its own class behind it is certain; `550-5.1.1`, `550 #5.1.1`, `550 (5.1.1)`.
_BOTH: Final = tuple(
    [
        (
            f"{digit}.",
            re.compile(
                rf"({digit}\d\d)(?<![\d.\w]...)[ -]{{1,3}}[#(<\[]{{0,2}}({digit}\.\d{{1,3}}\.\d{{1,3}})(?![\d.]*\d)"
            ),
        )
        for digit in "542"
    ]
)
# Alone it has to begin the text, a line, or what a host is quoted to have said.
_ALONE: Final = tuple([re.compile(rf"({digit}\d\d)(?=[ \-:;#,.)\]'\"\n]|$)(?!\.\d)") for digit in "54"])
# The same as `status.STATUS`.
_STATUS: Final = tuple(
    [(f"{digit}.", re.compile(rf"{digit}(?<![\d./].)\.\d{{1,3}}\.\d{{1,3}}(?![\d.]*\d)")) for digit in "542"]
)
#: What would be a reply code, and is none: the ports at which mail is handed in (RFC 8314).
_PORTS: Final = frozenset({"465", "587"})
_BEFORE: Final = tuple("\n:;=<>'\"(]#,")
_WORDS_BEFORE: Final = ("said", "error", "reply", "code", "response", "smtp", "returned", "with", "<--")
# By their first four letters.
_COMMANDS: Final = {
    "rcpt": (("rcpt", Stage.RCPT),),
    "end ": (("end of data", Stage.DATA), ("end of message", Stage.DATA)),
    "end-": (("end-of-data", Stage.DATA),),
    "data": (("data", Stage.DATA),),
    "text": (("text", Stage.DATA),),  # 1&1
    "mail": (("mail", Stage.MAIL),),
    "ehlo": (("ehlo", Stage.EHLO),),
    "helo": (("helo", Stage.EHLO),),
    "send": (("sender", Stage.MAIL),),
    "init": (("initial", Stage.CONNECT),),
    "conn": (("connect", Stage.CONNECT),),
    "gree": (("greeting", Stage.CONNECT),),
}
# What a reporting MTA writes around the command that was refused, in lower case, and how far into the cue it stands.
_CUES: Final = (
    ("in reply to ", 0),
    ("after ", 0),
    ("response to ", 0),
    ("answer to ", 0),
    ("during ", 0),
    (">>>", 0),
    (" command", len("(rcpt")),
    ("(end of", 0),
    ("smtp:", 0),
    ("did not like our ", 0),
    ("sent: ", 0),
    ("rejected mail from address", 0),  # iPlanet
    ("but greeting", 0),  # qmail
)
# These are cues only in a text that has one of the others.
_WEAK_CUES: Final = ("for text ", "for rcpt ", "for mail ", "for data ")
_CUE: Final = re.compile(
    r"in reply to (?:the )?|after (?:pipelined |sending )?(?:the )?|(?:response|answer) to (?:the )?|during (?:the )?|>>> ?"
    r"|\bfor (?=(?:text|rcpt|mail|data) )|smtp:(?=rcpt|mail|data)|did not like our (?:final )?|\((?=end of|[a-z]{4} command)|sent: (?=rcpt|mail|data)|rejected (?=mail from address)|but (?=greeting)"
)


#: What was asked behind a consent.
_RCPT: Final = re.compile(r"\brcpt to:", re.IGNORECASE)
#: The first refusal in a session as MDaemon prints it: `--> MAIL From:<…>`, and beneath it `<-- 552 …`.
_REFUSED: Final = re.compile(r"<-- [45]\d\d")


@dataclass(frozen=True, slots=True)
class Reply:
    """The codes that a text gives, and the command that was refused."""

    code: str = ""  # three digits
    status: EnhancedStatus | None = None


@lru_cache(maxsize=8)  # of one notice it is asked again and again
def find_reply(text: str) -> re.Match[str] | None:
    """Where the text gives a reply code; the code is the match's first group."""
    first: re.Match[str] | None = None
    for digit_dot, both in _BOTH:
        found = both.search(text) if digit_dot in text else None
        if found is not None and (first is None or found.start() < first.start()):
            first = found
            if found.start() == 0:
                break
    if first is not None and first[1][0] == "2" and _RCPT.search(text, first.end()):
        return _find_refusal(text, first.end()) or first
    return first or _find_alone(text)


def _find_refusal(text: str, start: int) -> re.Match[str] | None:
    """The first refusal in a session, where consents come before it."""
    refusals = [found for _, both in _BOTH[:2] for found in both.finditer(text, start)]
    return min(refusals, key=lambda found: found.start(), default=None)


def _find_alone(text: str) -> re.Match[str] | None:
    first: re.Match[str] | None = None
    for alone in _ALONE:
        found = alone.search(text)
        while found is not None and not _stands_alone(found):
            found = alone.search(text, found.end())
        if found is not None and (first is None or found.start() < first.start()):
            first = found
            if found.start() == 0:
                break
    return first


def _stands_alone(found: re.Match[str]) -> bool:
    at = found.start()
    if at == 0:
        return True
    if found.string[at - 1] == "#" and "://" in found.string[found.string.rfind(" ", 0, at) + 1 : at]:
        return False  # the place within a page: https://community.mimecast.com/docs/DOC-1369#550
    if found.string[at - 1] == ":" and found[1] in _PORTS:
        return False  # connect to relay.example[192.0.2.1]:587: Connection refused
    before = found.string[max(0, at - 20) : at].rstrip(" \t")
    if before.endswith("--"):
        before = before[:-2]  # before each line of Mimecast's
    return not before or before.endswith(_BEFORE) or before.lower().endswith(_WORDS_BEFORE)


def read_reply(text: str) -> Reply:
    """The reply code and the enhanced status nearest the beginning of the remote host's reply (D-16)."""
    found = find_reply(text)
    return Reply(found[1] if found else "", read_status(found, text))


def read_status(found: re.Match[str] | None, text: str) -> EnhancedStatus | None:
    """The enhanced status of the reply that `find_reply` found in a text, else the first in the text."""
    if found is None:
        return _find_status(text, 0)
    if found.re.groups == 2:
        return EnhancedStatus.find(found[2])
    after = _find_status(text, found.end())
    return after if after is not None and str(after.class_) == found[1][0] else _find_status(text, 0)


def _find_status(text: str, start: int) -> EnhancedStatus | None:
    first: re.Match[str] | None = None
    for digit_dot, status in _STATUS:
        found = status.search(text, start) if digit_dot in text else None
        if found is not None and (first is None or found.start() < first.start()):
            first = found
    return EnhancedStatus.find(first[0]) if first else None


def quote_found(found: re.Match[str] | None, text: str) -> str:
    """The lines from the reply that `find_reply` found to the end of its paragraph; the whole text if it found none."""
    if found is None:
        return text
    start = text.rfind("\n", 0, found.start(1)) + 1
    end = text.find("\n\n", found.end())
    return text[start : end if end >= 0 else len(text)]


def read_stage(lower: str) -> Stage:
    """The command that was refused, where the reporting host says so in its own words; they are given in lower case."""
    if "<-- " in lower and (refused := _REFUSED.search(lower)) is not None:
        command = lower.rfind("--> ", 0, refused.start())
        return _read_command(lower, command + len("--> ")) if command >= 0 else NO_STAGE
    places: list[int] = []
    for cue, offset in _CUES:
        if cue in lower:
            _add_places(places, lower, cue, offset)
    if not places:
        return NO_STAGE
    for cue in _WEAK_CUES:
        _add_places(places, lower, cue, 0)
    end = 0
    for at in sorted(places):
        found = _CUE.match(lower, at) if at >= end else None
        if found is not None:
            end = found.end()
            if stage := _read_command(lower, end):
                return stage
    return NO_STAGE


def read_stage_first(lower: str) -> Stage:
    """The same, quicker for words that begin with a cue, perhaps in brackets."""
    found = _CUE.match(lower, 1 if lower.startswith("(") else 0)
    return (found and _read_command(lower, found.end())) or read_stage(lower)


def _read_command(lower: str, at: int) -> Stage:
    for name, stage in _COMMANDS.get(lower[at : at + 4], ()):
        if lower.startswith(name, at):
            return stage
    return NO_STAGE


def _add_places(places: list[int], lower: str, cue: str, offset: int) -> None:
    """Where a cue may begin: to look for plain words first is much faster than to search for the pattern."""
    at = lower.find(cue)
    while at >= 0:
        places.append(max(at - offset, 0))
        at = lower.find(cue, at + 1)
