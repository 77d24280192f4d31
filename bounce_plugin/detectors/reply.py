"""What did the refusing host answer, and to which command? Codes and stage in a diagnostic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.finding import Stage
from bounce_plugin.detectors.wording import has_any
from bounce_plugin.message.status import STATUS, EnhancedStatus

# The look-behinds stand behind what they guard, so that the search runs from one digit to the next.
# A reply code with an enhanced code of its own class behind it is certain; `550-5.1.1`, `550 #5.1.1`, `550 (5.1.1)`.
_BOTH: Final = re.compile(r"(([245])\d\d)(?<![\d.\w]...)[ -]{1,3}[#(<\[]{0,2}(\2\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
# Alone it has to begin the text, a line, or what a host is quoted to have said.
_ALONE: Final = re.compile(r"([45]\d\d)(?=[ \-:;#,.)\]'\"\n]|$)(?!\.\d)")
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
# What a reporting MTA writes around the command that was refused, in lower case.
_CUES: Final = (
    "in reply to ",
    "after ",
    "response to ",
    "answer to ",
    "during ",
    ">>>",
    " command",
    "(end of",
    "smtp:",
    "did not like our ",
    "sent: ",
)
_CUE: Final = re.compile(
    r"in reply to (?:the )?|after (?:pipelined |sending )?(?:the )?|(?:response|answer) to (?:the )?|during (?:the )?|>>> ?"
    r"|\bfor (?=(?:text|rcpt|mail|data) )|smtp:(?=rcpt|mail|data)|did not like our (?:final )?|\((?=end of|[a-z]{4} command)|sent: (?=rcpt|mail|data)"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The codes that a text gives, and the command that was refused."""

    code: str = ""  # three digits
    status: EnhancedStatus | None = None


def find_reply(text: str) -> re.Match[str] | None:
    """Where the text gives a reply code; the code is the match's first group."""
    return _BOTH.search(text) or next(filter(_stands_alone, _ALONE.finditer(text)), None)


def _stands_alone(found: re.Match[str]) -> bool:
    before = found.string[max(0, found.start() - 20) : found.start()].rstrip(" \t")
    return not before or before.endswith(_BEFORE) or before.lower().endswith(_WORDS_BEFORE)


def read_reply(text: str) -> Reply:
    """The reply code and the enhanced status nearest the beginning of the remote host's reply (D-16)."""
    found = find_reply(text)
    if not found:
        return Reply("", EnhancedStatus.find(text))
    code = found[1]
    if found.re is _BOTH:
        return Reply(code, EnhancedStatus.find(found[3]))
    after = STATUS.search(text, found.end())
    status = EnhancedStatus.find(after[0]) if after and after[1] == code[0] else EnhancedStatus.find(text)
    return Reply(code, status)


def quote_reply(text: str) -> str:
    """The lines from the reply code to the end of its paragraph; the whole text where it gives no code."""
    found = find_reply(text)
    if not found:
        return text
    start = text.rfind("\n", 0, found.start(1)) + 1
    end = text.find("\n\n", found.end())
    return text[start : end if end >= 0 else len(text)]


def read_stage(text: str) -> Stage:
    """The command that was refused, where the reporting host says so in its own words."""
    lower = text.lower()
    if not has_any(lower, _CUES):
        return Stage.UNKNOWN
    for found in _CUE.finditer(lower):
        words = lower[found.end() : found.end() + 24]
        for name, stage in _COMMANDS:
            if words.startswith(name):
                return stage
    return Stage.UNKNOWN
