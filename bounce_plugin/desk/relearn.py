"""Which failures that count does the breaker know nothing of, and why did they happen? Derived from the events, beside `rebuild`.

Those of a ledger that is older than the breaker, and what somebody took out by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from bounce_plugin.classify.providers import Providers
from bounce_plugin.ledger.causes import CHUNK, failures_to, fates, note_cause, put_fates
from bounce_plugin.ledger.everyone import Person, in_chunks
from bounce_plugin.ledger.history import events_by_ids
from bounce_plugin.ledger.past import forgiven
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.breaker import failure_of
from bounce_plugin.policy.replay import restricting
from bounce_plugin.policy.rules import PastEvent, Policy


def relearn(tx: Transaction, policy: Policy, providers: Providers, *, mend: bool) -> Iterator[tuple[str, int]]:
    """The fingerprint of each address of which the breaker does not know all failures, and how many are missing.

    With `mend` it knows them from then on: which of them stopped somebody, by this policy.
    """
    for people in in_chunks(tx):
        fingerprints = [person.fingerprint for person in people]
        known, gone = failures_to(tx, fingerprints), forgiven(tx, fingerprints)
        for person in people:
            every = [*person.past.events, *person.past.held]
            missing = [one.id for one in every if one.kind is Kind.BOUNCE and one.counts and one.id not in known]
            if missing:
                if mend:
                    _learn(tx, person, missing, [*every, *gone[person.fingerprint]], policy, providers)
                yield person.fingerprint, len(missing)


def _learn(
    tx: Transaction, person: Person, missing: list[str], every: list[PastEvent], policy: Policy, providers: Providers
) -> None:
    past = person.past
    stopping = restricting(every, policy, done=past.acts, sent=past.sent)
    for start in range(0, len(missing), CHUNK):
        for event in events_by_ids(tx, missing[start : start + CHUNK]):
            note_cause(tx, failure_of(event, person.fingerprint, providers), restricts=event.id in stopping)
    put_fates(tx, {event: fate for event, fate in fates(past.acts).items() if event in missing})
