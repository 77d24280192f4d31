"""Is the right mail withheld, whoever asks and however?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bounce_plugin.correlate.address import normalise
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.state import Act, Verb
from bounce_plugin.suppression import gate as gate_room
from bounce_plugin.suppression.explanation import explain
from bounce_plugin.suppression.gate import Gate, declared
from bounce_plugin.suppression.lift import lift
from tests.ledger.samples import recorded
from tests.servers.ledgers import KEY
from tests.suppression.samples import CASES, DAY, NOW, POLICY, among, fill, stop

CATEGORIES = ("newsletter", "invoice", "newsleter")  # the last is declared nowhere


def test_every_way_of_asking_gives_the_same_answer(ledger: Ledger) -> None:
    fill(ledger)
    gate = Gate(ledger, POLICY)
    for category in CATEGORIES:
        right = {address for address, (_, withheld) in CASES.items() if category in withheld}
        assert {address for address in CASES if gate.should_suppress(address, category, NOW)} == right
        assert among(ledger, CASES, category) == right
        with ledger.reading() as tx:
            explained = [explain(tx, address, category, policy=POLICY, now=NOW) for address in CASES]
        assert {explanation.address for explanation in explained if explanation.suppressed} == right


def test_a_pause_ends_by_itself(ledger: Ledger) -> None:
    fill(ledger)
    gate = Gate(ledger, POLICY)
    assert gate.should_suppress("paused@example.org", "newsletter", NOW)
    assert not gate.should_suppress("paused@example.org", "newsletter", NOW + DAY)


def test_the_answer_is_never_an_old_one(ledger: Ledger, ledger_url: str) -> None:
    gate = Gate(ledger, POLICY)
    assert not gate.should_suppress("new@example.org", "newsletter", NOW)
    with Ledger.open(ledger_url, key=KEY) as other:
        with other.transaction() as tx:
            record_acts(tx, "new@example.org", [Act(verb=Verb.SUPPRESS, at=NOW)])
            assert not gate.should_suppress("new@example.org", "newsletter", NOW)  # not committed
        assert gate.should_suppress("new@example.org", "newsletter", NOW)


def test_what_is_remembered_is_forgotten_with_any_commit_of_anybody(ledger: Ledger, ledger_url: str) -> None:
    gate = Gate(ledger, POLICY)

    def answers() -> tuple[bool, bool]:
        with ThreadPoolExecutor(1) as pool:  # a thread that has not asked yet
            other = pool.submit(gate.should_suppress, "new@example.org", "newsletter", NOW).result()
        return gate.should_suppress("New@example.org", "newsletter", NOW), other

    assert answers() == answers() == (False, False)
    stop(ledger, "new@example.org")
    assert answers() == answers() == (True, True)
    with Ledger.open(ledger_url, key=KEY) as other_process, other_process.transaction() as tx:
        lift(tx, "new@example.org", actor="ann", why="She called.", now=NOW)
    assert answers() == answers() == (False, False)


def test_a_remembered_pause_ends_by_itself(ledger: Ledger) -> None:
    stop(ledger, "new@example.org", verb=Verb.PAUSE, until=NOW + DAY)
    gate = Gate(ledger, POLICY)
    assert [gate.should_suppress("new@example.org", "newsletter", NOW + days * DAY) for days in (0, 1, 0)] == [
        True,
        False,
        True,
    ]


def test_much_is_not_remembered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_room, "_REMEMBERED", 3)
    fill(ledger)
    gate = Gate(ledger, POLICY)
    for address, (_, withheld) in [*CASES.items(), *CASES.items()]:
        assert gate.should_suppress(address, "newsletter", NOW) == ("newsletter" in withheld)
        assert len(gate._seen.stops) <= 3


@pytest.mark.parametrize("spelling", ["Stopped@Example.ORG", ' "stopped"@example.org.', "STOPPED@example.org"])
def test_an_address_is_withheld_in_every_spelling(ledger: Ledger, spelling: str) -> None:
    fill(ledger)
    assert normalise(spelling) == "stopped@example.org"
    assert Gate(ledger, POLICY).should_suppress(spelling, "newsletter", NOW)
    assert among(ledger, [spelling], "newsletter") == {spelling}


@pytest.mark.parametrize(
    "text",
    ["", "nobody", "<stopped@example.org>", "a@b@c", "\0", "\udcff@example.org"],
    ids=["nothing", "no at", "brackets", "two at", "NUL", "surrogate"],
)
def test_what_is_no_address_is_not_withheld(ledger: Ledger, text: str) -> None:
    fill(ledger)
    assert not Gate(ledger, POLICY).should_suppress(text, "newsletter", NOW)
    assert among(ledger, [text], "newsletter") == set()


def test_very_many_addresses_come_back_as_they_are_spelt(ledger: Ledger) -> None:
    fill(ledger)
    crowd = [f"a{number}@example.org" for number in range(25_000)]
    stopped = {"Stopped@example.org", "stopped@EXAMPLE.org", "paused@example.org"}
    asked = iter([*crowd[:12_000], *stopped, *crowd[12_000:]])
    assert among(ledger, asked, "newsletter") == stopped
    assert among(ledger, (), "newsletter") == set()


def test_several_threads_ask_at_once(ledger: Ledger) -> None:
    fill(ledger)
    gate = Gate(ledger, POLICY)

    def ask(address: str) -> bool:
        return gate.should_suppress(address, "newsletter", NOW)

    addresses = list(CASES) * 50
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(addresses, pool.map(ask, addresses), strict=True))
    assert answers == {address: "newsletter" in withheld for address, (_, withheld) in CASES.items()}


def test_declared() -> None:
    assert [declared(POLICY, category) for category in CATEGORIES] == [True, True, False]


def test_a_lift_lets_mail_pass_and_outweighs_what_was(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.transaction() as tx:
        recorded(tx, "stopped@example.org", received_at=NOW - DAY)
        lifted = lift(tx, "Stopped@example.org", actor="ann", why="She called.", now=NOW)
        assert lifted == Lifted(address="stopped@example.org", actor="ann", why="She called.", at=NOW)
        assert acts_of(tx, "stopped@example.org")[-1] == Act(verb=Verb.LIFT, at=NOW, because="She called.", actor="ann")
        assert past_events(tx, "stopped@example.org") == ()
    assert not Gate(ledger, POLICY).should_suppress("stopped@example.org", "newsletter", NOW)


def test_only_an_address_can_be_lifted(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="'everybody' is no single address"), ledger.transaction() as tx:
        lift(tx, "everybody", actor="ann", why="She called.", now=NOW)
