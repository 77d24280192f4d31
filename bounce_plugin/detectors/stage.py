"""At which command was this recipient refused, when only the text says so?

Postfix writes `(in reply to MAIL FROM command)` and Exim `after RCPT TO:<…>` for people, not in the Diagnostic-Code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.detectors.reply import read_stage
from bounce_plugin.message.report import Action

_CUES: Final = ("(in reply", " after ")
_REACH: Final = 60  # characters of a cue and the command behind it, folded
_SUCCESSES: Final = frozenset({Action.DELIVERED, Action.RELAYED, Action.EXPANDED})


def add_stages(findings: tuple[Finding, ...], text: str) -> tuple[Finding, ...]:
    """The findings with the stage that the text tells for each; one recipient's words end where another's begin."""
    if ">>>" not in text and not any(cue in text for cue in _CUES):
        return findings
    starts = [text.find(finding.recipient) for finding in findings if finding.recipient] if len(findings) > 1 else []
    return tuple([_with_stage(finding, text, starts) for finding in findings])


def _with_stage(finding: Finding, text: str, starts: list[int]) -> Finding:
    if finding.stage or finding.action in _SUCCESSES or not finding.diagnostic_code:
        return finding
    stage = _stage_in_session(finding, text) if ">>>" in text else _stage_in_words(finding, text, starts)
    return replace(finding, stage=stage) if stage else finding


def _stage_in_words(finding: Finding, text: str, starts: list[int]) -> Stage:
    start = max(text.find(finding.recipient), 0) if starts else 0
    end = min([other for other in starts if other > start], default=len(text))
    for cue in _CUES:
        at = text.find(cue, start, end)
        if at >= 0 and (stage := read_stage(" ".join(text[at : at + _REACH].split()))):
            return stage
    return Stage.UNKNOWN


def _stage_in_session(finding: Finding, text: str) -> Stage:
    """The command above the reply; but commands are pipelined, and a reply that names the recipient refuses it."""
    reply = finding.diagnostic_code
    at = text.find(f"<<< {reply[:9].rstrip()}")
    command = text.rfind(">>> ", 0, at) if at >= 0 else -1
    stage = read_stage(text[command : command + 24]) if command >= 0 else Stage.UNKNOWN
    about_recipient = bool(finding.recipient) and finding.recipient.lower() in reply.lower()
    return Stage.RCPT if stage is Stage.DATA and about_recipient else stage
