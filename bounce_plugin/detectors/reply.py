"""What did the refusing host answer, and to which command? Codes and stage in a diagnostic text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.finding import Stage
from bounce_plugin.message.status import STATUS, EnhancedStatus

# A reply code with an enhanced code of its own class behind it is certain; `550-5.1.1`, `550 #5.1.1`, `550 (5.1.1)`.
_BOTH: Final = re.compile(r"(?<![\d.\w])(([245])\d\d)[ -]{1,3}[#(<\[]{0,2}(\2\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
# Alone it has to begin the text, a line, or what a host is quoted to have said.
_REPLY: Final = re.compile(
    r"""(?:^|[:;=<>'"(\]#,]|\bsaid|\berror|\breply|\bcode|\bresponse|\bSMTP)[ \t]{0,12}([45]\d\d)(?=[ \-:;#,.)\]'"]|$)(?!\.\d)""",
    re.M | re.I,
)
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
# What a reporting MTA writes around the command that was refused.
_CUE: Final = re.compile(
    r"in reply to (?:the )?|after (?:pipelined )?|response to (?:the )?|answer to (?:the )?|during |^>>> ?|\bfor (?=(?:text|rcpt|mail|data) command)|(?<=\()(?=end of|[a-z]{4} command)",
    re.I | re.M,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The codes that a text gives, and the command that was refused."""

    code: str = ""  # three digits
    status: EnhancedStatus | None = None


def read_reply(text: str) -> Reply:
    """The reply code and the enhanced status nearest the beginning of the remote host's reply (D-16)."""
    both = _BOTH.search(text)
    if both:
        return Reply(both[1], EnhancedStatus.find(both[3]))
    found = _REPLY.search(text)
    if not found:
        return Reply("", EnhancedStatus.find(text))
    code = found[1]
    after = STATUS.search(text, found.end())
    status = EnhancedStatus.find(after[0]) if after and after[1] == code[0] else EnhancedStatus.find(text)
    return Reply(code, status)


def quote_reply(text: str) -> str:
    """The lines from the reply code to the end of its paragraph; the whole text where it gives no code."""
    found = _BOTH.search(text) or _REPLY.search(text)
    if not found:
        return text
    start = text.rfind("\n", 0, found.start(1)) + 1
    end = text.find("\n\n", found.end())
    return text[start : end if end >= 0 else len(text)]


def read_stage(text: str) -> Stage:
    """The command that was refused, where the reporting host says so in its own words."""
    found = _CUE.search(text)
    if not found:
        return Stage.UNKNOWN
    words = text[found.end() : found.end() + 40].lower()
    for name, stage in _COMMANDS:
        if words.startswith(name):
            return stage
    return Stage.UNKNOWN
