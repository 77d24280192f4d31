"""Is a mail the report of a canary? Then nothing of it is held against anybody, and the canary has come back.

Its Message-ID tells, by a token that nobody guesses; or, where the message was stripped from the report, the dead
address alone. What the same mail tells of others is handled as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bounce_plugin.canary.message import read_token
from bounce_plugin.case import Sighting
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination
from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind

#: What tells of a delivery; an automatic reply to a canary, or a complaint about it, is a mail like any other.
_REPORTS: Final = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a mail told of a canary, for people, and whether it was news."""

    sentence: str = ""  # empty: nothing
    news: bool = False


def set_apart(
    ledger: Ledger, examination: Examination, clues: Clues, dead_address: str
) -> tuple[Examination, Sighting | None]:
    """What a mail tells of a canary, and apart from it what it tells of others. `dead_address` may be empty."""
    if examination.kind not in _REPORTS:
        return examination, None
    token, names_message = read_token(examination, clues)
    canary = None
    if token:
        with ledger.reading() as tx:
            canary = canaries.by_token(tx, token)
    if canary is None and (not dead_address or (names_message and not token)):
        return examination, None  # another message; to a dead address of ours it may have been sent by the host
    fingerprint = canary.fingerprint if canary else ledger.fingerprint(dead_address)
    chosen = _which(ledger, examination.findings, fingerprint)
    if canary is None and not any(chosen):
        return examination, None
    if not any(chosen):
        chosen = [True] * len(chosen)  # it has one recipient, however that is called where it went
    kinds = {verdict.kind for verdict, ours in zip(examination.classifications, chosen, strict=True) if ours}
    sighting = Sighting(token=token, fingerprint=fingerprint, failed=Kind.BOUNCE in (kinds or {examination.kind}))
    return _without(examination, chosen), sighting


def note(tx: Transaction, sighting: Sighting | None, *, mail_id: int, now: datetime) -> Noted:
    """Mark the canary as come if the mail reports its failure for the first time, and put that in words."""
    if sighting is None:
        return Noted()
    token, fingerprint = sighting.token, sighting.fingerprint
    canary = canaries.by_token(tx, token) if token else canaries.by_address(tx, fingerprint)
    if canary is None:
        return Noted(sentence="A report about the dead address of the canaries, of which none is awaited.")
    sent = f"the canary sent at {canary.sent_at:%Y-%m-%d %H:%M:%S} UTC"
    if not sighting.failed:
        return Noted(sentence=f"It tells of {sent}, and not that it has failed for good.", news=True)
    came = canaries.come(tx, canary, mail_id=mail_id, now=now)
    if came is None:
        return Noted(sentence=f"Another report of {sent}.")
    return Noted(sentence=f"The report of {sent}, {_when(came)}.", news=True)


def _which(ledger: Ledger, findings: Sequence[Finding], fingerprint: str) -> list[bool]:
    """Which findings are of the dead address, by any of the names that the mail gives a recipient."""
    named = ((finding.recipient, *finding.other_recipients) for finding in findings)
    return [any(name and ledger.fingerprint(name) == fingerprint for name in names) for names in named]


def _without(examination: Examination, chosen: Sequence[bool]) -> Examination:
    rest = [index for index, ours in enumerate(chosen) if not ours]
    return replace(
        examination,
        findings=tuple(examination.findings[index] for index in rest),
        classifications=tuple(examination.classifications[index] for index in rest),
    )


def _when(canary: Canary) -> str:
    seconds = canary.took.total_seconds() if canary.took else 0.0
    late = f", which is late: it was due at {canary.due_at:%Y-%m-%d %H:%M} UTC" if canary.late else ""
    return f"after {seconds:,.0f} seconds{late}"
