"""At which command was this recipient refused, when only the text says so?

Postfix writes `(in reply to MAIL FROM command)` and Exim `after RCPT TO:<…>` for people, not in the Diagnostic-Code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bounce_plugin.detectors.finding import NO_STAGE, Finding, Stage
from bounce_plugin.detectors.reply import read_stage, read_stage_first
from bounce_plugin.message.address import find_whole
from bounce_plugin.message.report import Action, Report

# Patterns, because for a few octets in a long text the regex engine is faster than `find`; of the second the rarer letter
# comes first.
# Postfix breaks its lines anywhere, within the cue as well.
_CUES: Final = (re.compile(rb"\(in\s{1,8}reply"), re.compile(rb"f(?<= af)ter "))
_OFFSETS: Final = (0, 2)  # how far into each a match begins
_OF_IPLANET: Final = b"rejected MAIL FROM address"
_SESSION: Final = re.compile(rb">>>")
_REACH: Final = 60  # characters of a cue and the command behind it, folded
SUCCESSES: Final = frozenset({Action.DELIVERED, Action.RELAYED, Action.EXPANDED})


def text_around(report: Report) -> bytes:
    """Where the stage may stand: the plain text of a report, which need not be read to its end; the text of another mail."""
    if report.media_type == "multipart/report":
        return report.passage.octets
    return report.passage.whole.encode("utf-8", "replace")


def add_stages(findings: tuple[Finding, ...], text: bytes) -> tuple[Finding, ...]:
    """The findings with the stage that the text tells for each; one recipient's words end where another's begin."""
    starts = [_find_recipient(text, one.recipient) for one in findings if one.recipient] if len(findings) > 1 else []
    return tuple([_with_stage(finding, text, starts) for finding in findings])


def _find(text: bytes, words: str) -> int:
    return text.find(words.encode("utf-8", "replace"))


def _find_recipient(text: bytes, address: str) -> int:
    """Where an address stands by itself, in the octets of a text; -1 if it does not."""
    return find_whole(text.decode("latin-1"), address.encode("utf-8", "replace").decode("latin-1"))


def _with_stage(finding: Finding, text: bytes, starts: list[int]) -> Finding:
    if finding.stage:
        return finding
    stage = find_stage(finding.recipient, finding.diagnostic_code, finding.action, text, starts)
    return replace(finding, stage=stage) if stage else finding


def find_stage(recipient: str, diagnostic: str, action: Action, text: bytes, starts: Sequence[int] = ()) -> Stage:
    """The stage that the text tells for a recipient; `starts` is where in it each of several recipients is named."""
    if not diagnostic or action in SUCCESSES:
        return NO_STAGE
    if _SESSION.search(text):
        return _stage_in_session(recipient, diagnostic, text)
    start = max(_find_recipient(text, recipient), 0) if starts else 0
    end = min([other for other in starts if other > start], default=len(text)) if starts else len(text)
    for cue, offset in zip(_CUES, _OFFSETS, strict=True):
        if found := cue.search(text, start, end):
            at = found.start() - offset
            words = text[at : at + _REACH].decode("latin-1").lower()
            if stage := read_stage_first(" ".join(words.split())):
                return stage
    return Stage.MAIL if text.find(_OF_IPLANET, start, end) >= 0 else NO_STAGE


def _stage_in_session(recipient: str, reply: str, text: bytes) -> Stage:
    """The command above the reply; but commands are pipelined, and a reply that names the recipient refuses it."""
    at = _find(text, f"<<< {reply[:9].rstrip()}")
    command = text.rfind(b">>> ", 0, at) if at >= 0 else -1
    stage = read_stage(text[command : command + 24].decode("latin-1").lower()) if command >= 0 else NO_STAGE
    about_recipient = bool(recipient) and recipient.lower() in reply.lower()
    return Stage.RCPT if stage is Stage.DATA and about_recipient else stage
