"""Which canary should have come back by now? The operator is told of each once."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Transaction

KEY: Final = "canary"


class RaiseIncident(Protocol):
    """Records trouble of the operator's; the same key is told once a day at most."""

    def __call__(self, tx: Transaction, *, key: str, title: str, detail: str, now: datetime) -> None: ...


def look_for_missing(ledger: Ledger, raise_incident: RaiseIncident, now: datetime) -> None:
    """Raise an incident for each canary that is found overdue now. Quick where there is none, as nearly always."""
    with ledger.reading() as tx:  # which waits for no writer
        if not canaries.is_any_missing(tx, now):
            return
    with ledger.transaction() as tx:  # of several processes that look, one finds it
        for canary in canaries.miss(tx, now):
            title = f"No report came back for the canary sent at {canary.sent_at:%Y-%m-%d %H:%M} UTC"
            raise_incident(tx, key=KEY, title=title, detail=_detail(tx, canary), now=now)


def _detail(tx: Transaction, canary: Canary) -> str:
    address = known(tx, [canary.fingerprint]).get(canary.fingerprint, "the dead address")
    return (
        f"The mail to {address} should have come back by {canary.due_at:%Y-%m-%d %H:%M} UTC. "
        "Perhaps no bounces arrive at all. What to look at: "
        "does `bounce-plugin check` sign in to the mailbox; is it full; "
        "does another filter, or the provider, take the reports away; "
        f"did the mail server send the mail (its log has canary.{canary.token}); "
        "is there a mailbox at that address now?"
    )
