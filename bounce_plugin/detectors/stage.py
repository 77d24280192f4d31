"""At which command was this recipient refused, when only the text says so?

Postfix writes `(in reply to MAIL FROM command)` and Exim `after RCPT TO:<…>` for people, not in the Diagnostic-Code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.detectors.reply import read_stage
from bounce_plugin.message.report import Action

_SUCCESSES: Final = frozenset({Action.DELIVERED, Action.RELAYED, Action.EXPANDED})


def add_stages(findings: tuple[Finding, ...], text: str) -> tuple[Finding, ...]:
    """The findings with the stage that the text tells for each; one recipient's words end where another's begin."""
    if ">>>" not in text and "(in reply" not in text and " after " not in text:
        return findings
    words = " ".join(text.lower().split())
    starts = sorted(words.find(finding.recipient.lower()) for finding in findings if finding.recipient)
    return tuple(_with_stage(finding, text, words, starts) for finding in findings)


def _with_stage(finding: Finding, text: str, words: str, starts: list[int]) -> Finding:
    if finding.stage or finding.action in _SUCCESSES or not finding.diagnostic_code:
        return finding
    if ">>>" in text:
        stage = _stage_in_session(finding, text)
    else:
        start = words.find(finding.recipient.lower()) if finding.recipient else 0
        end = next((other for other in starts if other > start), len(words))
        stage = read_stage(words[start:end]) if start >= 0 else Stage.UNKNOWN
    return replace(finding, stage=stage) if stage else finding


def _stage_in_session(finding: Finding, text: str) -> Stage:
    """The command above the reply; but commands are pipelined, and a reply that names the recipient refuses it."""
    reply = finding.diagnostic_code
    at = text.find(f"<<< {reply[:9].rstrip()}")
    command = text.rfind(">>> ", 0, at) if at >= 0 else -1
    stage = read_stage(text[command : command + 24]) if command >= 0 else Stage.UNKNOWN
    about_recipient = bool(finding.recipient) and finding.recipient.lower() in reply.lower()
    return Stage.RCPT if stage is Stage.DATA and about_recipient else stage
