"""What did the refusing host answer, and to which command? Codes and stage in a diagnostic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.finding import Stage
from bounce_plugin.message.status import EnhancedStatus

# One pattern for each class of code: one that begins with a plain character is searched eight times as fast as one that
# begins with a choice. The look-behinds stand behind what they guard, so that the search runs from one digit to the next.
# A reply code with an enhanced code of its own class behind it is certain; `550-5.1.1`, `550 #5.1.1`, `550 (5.1.1)`.
_BOTH: Final = tuple(
    [
        re.compile(rf"({digit}\d\d)(?<![\d.\w]...)[ -]{{1,3}}[#(<\[]{{0,2}}({digit}\.\d{{1,3}}\.\d{{1,3}})(?![\d.]*\d)")
        for digit in "542"
    ]
)
# Alone it has to begin the text, a line, or what a host is quoted to have said.
_ALONE: Final = tuple([re.compile(rf"({digit}\d\d)(?=[ \-:;#,.)\]'\"\n]|$)(?!\.\d)") for digit in "54"])
# The same as `status.STATUS`.
_STATUS: Final = tuple([re.compile(rf"{digit}(?<![\d.].)\.\d{{1,3}}\.\d{{1,3}}(?![\d.]*\d)") for digit in "542"])
_BEFORE: Final = tuple("\n:;=<>'\"(]#,")
_WORDS_BEFORE: Final = ("said", "error", "reply", "code", "response", "smtp", "returned", "with")
_COMMANDS: Final = (
    ("rcpt", Stage.RCPT),
    ("end of data", Stage.DATA),
    ("end-of-data", Stage.DATA),
    ("end of message", Stage.DATA),
    ("data", Stage.DATA),
    ("text", Stage.DATA),  # 1&1
    ("mail", Stage.MAIL),
    ("ehlo", Stage.EHLO),
    ("helo", Stage.EHLO),
    ("sender", Stage.MAIL),
    ("initial", Stage.CONNECT),
    ("connect", Stage.CONNECT),
)
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
)
# These are cues only in a text that has one of the others.
_WEAK_CUES: Final = (("for text ", 0), ("for rcpt ", 0), ("for mail ", 0), ("for data ", 0))
_CUE: Final = re.compile(
    r"in reply to (?:the )?|after (?:pipelined |sending )?(?:the )?|(?:response|answer) to (?:the )?|during (?:the )?|>>> ?"
    r"|\bfor (?=(?:text|rcpt|mail|data) )|smtp:(?=rcpt|mail|data)|did not like our (?:final )?|\((?=end of|[a-z]{4} command)|sent: (?=rcpt|mail|data)"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The codes that a text gives, and the command that was refused."""

    code: str = ""  # three digits
    status: EnhancedStatus | None = None


NO_REPLY: Final = Reply()


def find_reply(text: str) -> re.Match[str] | None:
    """Where the text gives a reply code; the code is the match's first group."""
    return _earliest(_BOTH, text) or _find_alone(text)


def _earliest(patterns: tuple[re.Pattern[str], ...], text: str, start: int = 0) -> re.Match[str] | None:
    first: re.Match[str] | None = None
    for pattern in patterns:
        found = pattern.search(text, start)
        if found is not None and (first is None or found.start() < first.start()):
            first = found
            if found.start() == start:
                break
    return first


def _find_alone(text: str) -> re.Match[str] | None:
    first: re.Match[str] | None = None
    for pattern in _ALONE:
        for found in pattern.finditer(text):
            if first is not None and found.start() > first.start():
                break
            if _stands_alone(found):
                first = found
                break
    return first


def _stands_alone(found: re.Match[str]) -> bool:
    at = found.start()
    if at == 0:
        return True
    before = found.string[max(0, at - 20) : at].rstrip(" \t")
    return not before or before.endswith(_BEFORE) or before.lower().endswith(_WORDS_BEFORE)


def read_reply(text: str) -> Reply:
    """The reply code and the enhanced status nearest the beginning of the remote host's reply (D-16)."""
    return read_found(find_reply(text), text)


def read_found(found: re.Match[str] | None, text: str) -> Reply:
    """The same, for those who know already where the text gives a reply code."""
    if found is None:
        return Reply("", _find_status(text))
    code = found[1]
    if found.re.groups == 2:
        return Reply(code, EnhancedStatus.find(found[2]))
    after = _earliest(_STATUS, text, found.end())
    return Reply(code, EnhancedStatus.find(after[0]) if after and after[0][0] == code[0] else _find_status(text))


def _find_status(text: str) -> EnhancedStatus | None:
    found = _earliest(_STATUS, text) if "." in text else None
    return EnhancedStatus.find(found[0]) if found else None


def quote_reply(text: str) -> str:
    """The lines from the reply code to the end of its paragraph; the whole text where it gives no code."""
    return quote_found(find_reply(text), text)


def quote_found(found: re.Match[str] | None, text: str) -> str:
    """The same, for those who know already where the text gives a reply code."""
    if found is None:
        return text
    start = text.rfind("\n", 0, found.start(1)) + 1
    end = text.find("\n\n", found.end())
    return text[start : end if end >= 0 else len(text)]


def read_stage(lower: str) -> Stage:
    """The command that was refused, where the reporting host says so in its own words; they are given in lower case."""
    places = _places(lower, _CUES)
    if not places:
        return Stage.UNKNOWN
    places += _places(lower, _WEAK_CUES)
    end = 0
    for at in sorted(places):
        found = _CUE.match(lower, at) if at >= end else None
        if found is not None:
            end = found.end()
            for name, stage in _COMMANDS:
                if lower.startswith(name, end):
                    return stage
    return Stage.UNKNOWN


def _places(lower: str, cues: tuple[tuple[str, int], ...]) -> list[int]:
    """Where a cue may begin: to look for plain words first is much faster than to search for the pattern."""
    places: list[int] = []
    for cue, offset in cues:
        if cue in lower:
            at = lower.find(cue)
            while at >= 0:
                places.append(max(at - offset, 0))
                at = lower.find(cue, at + 1)
    return places
