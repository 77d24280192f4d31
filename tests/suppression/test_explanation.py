"""Does the explanation say what a person needs to know?"""

from __future__ import annotations

import pytest

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.policy.state import Act, Verb
from bounce_plugin.suppression.explanation import explain
from tests.ledger.samples import recorded
from tests.suppression.samples import NOW, POLICY, fill

SENTENCES = {
    ("free@example.org", "newsletter"): "Nothing stops mail to this address.",
    ("stopped@example.org", "newsletter"): "It failed twice.",
    (
        "stopped@example.org",
        "invoice",
    ): "The address is stopped, but invoice is exempt: its mail is sent. It failed twice.",
    (
        "stopped@example.org",
        "newsleter",
    ): "The address is stopped, but the category 'newsleter' is not declared: its mail is sent.",
    ("owner.changed@example.org", "invoice"): "Somebody else has it now.",
    ("pause.over@example.org", "newsletter"): "The pause ended on 2026-11-21. It failed.",
    ("lifted@example.org", "newsletter"): "ann lifted the stop on 2026-11-23: She called.",
}


@pytest.mark.parametrize(("asked", "because"), SENTENCES.items(), ids=[" ".join(asked) for asked in SENTENCES])
def test_why(ledger: Ledger, asked: tuple[str, str], because: str) -> None:
    fill(ledger)
    with ledger.reading() as tx:
        assert explain(tx, *asked, policy=POLICY, now=NOW).because == because


def test_the_events_behind_a_stop(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        one, two, other = (recorded(tx, message_key=f"mid:{number}", received_at=NOW) for number in range(3))
        record_acts(tx, one.address, [Act(verb=Verb.SUPPRESS, at=NOW, rule="gone", events=(one.id, other.id))])
        explanation = explain(tx, "Joe@Example.org", "newsletter", policy=POLICY, now=NOW)
        assert explanation.events == (one, other)
        assert explanation.rule == "gone"
        assert explanation.suppression
        assert len(explanation.acts) == 1
        assert two not in explanation.events


def test_what_happened_where_nothing_is_stopped(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        event = recorded(tx)
        explanation = explain(tx, event.address, "newsletter", policy=POLICY, now=NOW)
        assert explanation.events == (event,)
        assert (explanation.suppressed, explanation.rule, explanation.suppression) == (False, "", None)
