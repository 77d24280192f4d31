"""Is a plugin told what happens while it is not loaded, as when a command works on the ledger of a host?"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from bounce_plugin.announce import Announcements, Told, load_plugins
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.ledger.absent import PATIENCE, REMEMBERED, GivenUp
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import State
from bounce_plugin.ledger.schema import outbox
from bounce_plugin.outcome import Lifted
from bounce_plugin.testing import FakeHost, sample_lifted
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW
from tests.announce.house import House, ids

DAY = timedelta(days=1)


def told_once(ledger: Ledger, host: FakeHost) -> None:
    """The host's own program: it is told of a first event."""
    house = House(ledger, {"club": host})
    house.classify()
    assert house.deliver() == Told(told=1)


def rows(ledger: Ledger, state: State) -> list[tuple[str, str, int]]:
    """The announcements in a state: plugin, hook and tries, oldest first."""
    found = select(outbox.c.plugin, outbox.c.hook, outbox.c.attempts).where(outbox.c.state == state)
    with ledger.reading() as tx:
        return [(plugin, hook, tries) for plugin, hook, tries in tx.connection.execute(found.order_by(outbox.c.number))]


def lift(house: House) -> Lifted:
    with house.ledger.transaction() as tx:
        house.announcements.suppression_lifted(tx, sample_lifted(), NOW)
    return sample_lifted()


def give_up(house: House, after: timedelta) -> tuple[GivenUp, ...]:
    with house.ledger.transaction() as tx:
        return tuple(house.announcements.absent.give_up(tx, NOW + after))


def test_what_happens_without_a_plugin_waits_for_it_untried_and_in_order(ledger: Ledger) -> None:
    host, other = FakeHost(), FakeHost()
    told_once(ledger, host)
    command = House(ledger, {"other": other})
    command.classify(2)
    lifted = lift(command)  # a hook that the plugin was never told of
    assert command.deliver(3 * DAY) == Told(told=2)
    assert rows(ledger, State.WAITING) == [("club", "on_bounce_classified", 0), ("club", "on_suppression_lifted", 0)]
    assert House(ledger, {"club": host, "other": other}).deliver(3 * DAY) == Told(told=2)
    assert ids(host) == ["event1", "event2"]
    assert host.told("on_suppression_lifted") == (lifted,)


def test_what_it_has_no_hook_for_is_done_when_it_comes(ledger: Ledger) -> None:
    class Club:
        @hookimpl
        def on_suppression_lifted(self, lifted: Lifted) -> None: ...

    house = House(ledger, {"club": Club()})
    lift(house)
    house.deliver()
    House(ledger, {}).classify()
    assert House(ledger, {"club": Club()}).deliver() == Told(told=1)
    assert rows(ledger, State.WAITING) == []


def test_nobody_waits_for_a_plugin_that_was_never_told_or_is_not_wanted(ledger: Ledger) -> None:
    House(ledger, {}).classify(1)
    assert rows(ledger, State.WAITING) == []
    House(ledger, {"club": FakeHost(), "notices": FakeHost()}).classify(2)
    plugins = load_plugins({"club": FakeHost()}, disabled=["club"], entry_points=False)
    with ledger.reading() as tx:
        assert Announcements(ledger, plugins).absent.names(tx, NOW) == ()
        assert House(ledger, {}).announcements.absent.names(tx, NOW) == ("club",)


def test_a_plugin_that_took_nothing_for_long_is_forgotten(ledger: Ledger) -> None:
    told_once(ledger, FakeHost())
    with ledger.reading() as tx:
        for after, names in ((REMEMBERED - DAY, ("club",)), (REMEMBERED, ())):
            assert House(ledger, {}).announcements.absent.names(tx, NOW + after) == names


def test_a_plugin_that_never_comes_back_is_given_up_once_until_it_was_told_again(ledger: Ledger) -> None:
    told_once(ledger, FakeHost())
    command, late = House(ledger, {}), House(ledger, {})
    command.classify(2)
    late.classify(3)
    assert give_up(command, PATIENCE - DAY) == ()
    assert give_up(command, PATIENCE + DAY) == (GivenUp(plugin="club", announcements=2, since=NOW),)
    assert rows(ledger, State.GIVEN_UP) == [("club", "on_bounce_classified", 0)] * 2

    command.classify(4)
    assert rows(ledger, State.WAITING) == [], "nobody waits for it any more"
    late.classify(5)  # another process, which has not noticed yet
    assert len(rows(ledger, State.WAITING)) == 1
    assert give_up(command, 3 * PATIENCE) == ()
    assert rows(ledger, State.WAITING) == [], "said before, and not for ever"

    host = FakeHost()
    back = House(ledger, {"club": host})
    back.classify(6)
    back.deliver(3 * PATIENCE + DAY)
    assert ids(host) == ["event6"]
    with ledger.reading() as tx:
        assert House(ledger, {}).announcements.absent.names(tx, NOW + 4 * PATIENCE) == ("club",)


def test_what_waits_is_not_given_up_while_the_plugin_takes_other_things(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"club": host})
    house.classify(1)
    house.deliver(PATIENCE)
    House(ledger, {}).classify(2)
    assert give_up(House(ledger, {}), PATIENCE + DAY) == ()
