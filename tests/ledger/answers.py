"""Everything that a ledger answers about some people, to be compared with what it answers at another time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.ledger import canaries, polls
from bounce_plugin.ledger.deliveries import deliveries_to, find
from bounce_plugin.ledger.erase import spellings
from bounce_plugin.ledger.everyone import everyone
from bounce_plugin.ledger.history import events_of, latest_events
from bounce_plugin.ledger.incidents import incidents
from bounce_plugin.ledger.mails import mail_by_id
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import due
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.review import items
from bounce_plugin.ledger.schema import mails
from bounce_plugin.ledger.stops import stop_of, stopped
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.suppression.bulk import Bulk
from bounce_plugin.suppression.explanation import explain
from tests.ledger.samples import NOW

LATER = NOW + timedelta(days=1000)


def answers(ledger: Ledger, people: tuple[str, ...]) -> dict[str, Any]:
    """What the ledger tells, by question; nothing in it depends on the key."""
    policy = build_policy()
    with ledger.reading() as tx:
        told = {f"{name} {person}": value for person in people for name, value in _about(tx, person).items()}
        numbers = tx.connection.scalars(mails.select().with_only_columns(mails.c.id).order_by(mails.c.id)).all()
        told |= {
            "latest": latest_events(tx, 1000),
            "everyone": sorted((one.address, str(one.past)) for one in everyone(tx)),
            "differences": list(compare(tx, mend=False)),
            "mails": [mail_by_id(tx, number) for number in numbers if _is_ours(tx, number)],
            "waiting": items(tx),
            "settled": items(tx, closed=True),
            "due": due(tx, LATER, plugins=("crm", "notices")),
            "incidents": incidents(tx),
            "polls": polls.polls(tx),
            "deliveries": [find(tx, Clues(message_id="d1@lists.example"), person) for person in people],
        }
    for person in people:
        told[f"stop {person}"] = stop_of(ledger, person)
    told["bulk"] = set(Bulk(ledger, policy, lambda: NOW, lambda odd: None).suppressed(people, "newsletter"))
    return told


def _is_ours(tx: Transaction, number: int) -> bool:
    return (
        tx.connection.scalar(mails.select().with_only_columns(mails.c.tenant).where(mails.c.id == number)) == tx.tenant
    )


def _about(tx: Transaction, person: str) -> dict[str, Any]:
    fingerprint = tx.fingerprint(person)
    return {
        "events": events_of(tx, person),
        "past": past_events(tx, person),
        "acts": acts_of(tx, person),
        "sent": deliveries_to(tx, person),
        "spellings": spellings(tx, person),
        "why": explain(tx, person, "newsletter", policy=build_policy(), now=NOW),
        "stopped": list(stopped(tx, [fingerprint], exempt=False, now=NOW)) == [fingerprint],
        "canary": canaries.by_address(tx, fingerprint) is not None,
    }
