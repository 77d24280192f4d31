"""Is it known what a host was told, so that it can be taken back?"""

from __future__ import annotations

from sqlalchemy import text

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import Payload, announce, withdraw
from bounce_plugin.ledger.past import past_of
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.told import decisions_told, told_of
from bounce_plugin.policy.hold import trip_name
from bounce_plugin.policy.rules import Decision, PolicyAction, Step
from bounce_plugin.policy.state import Act, Verb
from tests.ledger.samples import JOE, NOW, recorded

HOOK = "on_threshold_reached"


def removal(*events: str) -> Decision:
    return Decision(
        steps=(Step(action=PolicyAction.REMOVE_FROM_LIST, rule="off the list", because="It failed.", events=events),)
    )


def test_decisions_are_found_by_the_failures_also_what_was_held_and_released(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        first, second, third = (recorded(tx, message_key=f"mid:{n}").id for n in range(3))
        for event, decision, again in (
            (first, removal(first), ""),
            (second, removal(first, second), trip_name(3)),
            (third, removal(third), ""),
        ):
            payload = Payload(event=event, decision=decision, again=again)
            announce(tx, HOOK, payload, ["crm", "notices"], NOW, address=JOE)
        record_acts(
            tx, JOE, [Act(verb=verb, at=NOW, rule=trip_name(3), events=(second,)) for verb in (Verb.HOLD, Verb.RELEASE)]
        )
        withdraw(tx, HOOK, [third])
        fingerprint = tx.fingerprint(JOE)
        found = decisions_told(tx, HOOK, {fingerprint: past_of(tx, fingerprint)})
        assert found == {fingerprint: [removal(first)] * 2 + [removal(first, second)] * 2}
        assert told_of(tx, HOOK, [first, second, third]) == {first}


def test_a_decision_that_cannot_be_read_was_told_to_nobody(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        event = recorded(tx).id
        announce(tx, HOOK, Payload(event=event, decision=removal(event)), ["crm"], NOW, address=JOE)
        tx.connection.execute(text("UPDATE outbox SET payload = '{\"decision\": 7}'"))
        fingerprint = tx.fingerprint(JOE)
        assert decisions_told(tx, HOOK, {fingerprint: past_of(tx, fingerprint)}) == {}
