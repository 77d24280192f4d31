"""Is a decision refused that nobody could explain later?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, Reason
from bounce_plugin.desk.undo import Undoing
from bounce_plugin.errors import SettingsError
from bounce_plugin.ledger.past import acts_of
from bounce_plugin.policy.undo import Choice
from tests.bounces import report
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Office, people, spread
from tests.world import World

MEMBERS = people(20, "gmail.com")
Decide = Callable[[BouncePlugin, str, str], object]


def undo(plugin: BouncePlugin, actor: str, why: str) -> object:
    work = Undoing(
        ledger=plugin.ledger,
        announcements=plugin.announcements,
        policy=plugin.settings.policy,
        providers=plugin.tables.providers,
        choice=Choice(provider="gmail.com"),
        actor=actor,
        why=why,
        now=plugin.clock(),
    )
    return list(work.do())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Whose breaker has tripped."""
    opened = Office(Path(tmp_path_factory.mktemp("office")), ONE_STRIKE + "[breaker]\nfloor = 5\n")
    opened.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    yield opened
    opened.plugin.close()


@pytest.mark.parametrize(
    ("actor", "why", "empty"), [("", "a reason", "actor"), (" ", "a reason", "actor"), ("Erna", "", "why")]
)
@pytest.mark.parametrize(
    "decide",
    [
        lambda plugin, actor, why: plugin.lift(MEMBERS[0], actor=actor, why=why),
        lambda plugin, actor, why: plugin.record_success(MEMBERS[0], actor=actor, why=why),
        lambda plugin, actor, why: plugin.trips.release(1, actor=actor, why=why),
        lambda plugin, actor, why: plugin.trips.discard(1, actor=actor, why=why),
        undo,
    ],
    ids=["lift", "success", "release", "discard", "undo"],
)
def test_nothing_is_decided_by_nobody_or_for_no_reason(
    office: Office, decide: Decide, actor: str, why: str, empty: str
) -> None:
    with office.plugin.ledger.reading() as tx:
        before = [acts_of(tx, address) for address in MEMBERS]
    with pytest.raises(
        SettingsError, match=f"^{empty} = ' ?': must not be empty: the record says who decided, and why"
    ):
        decide(office.plugin, actor, why)
    with office.plugin.ledger.reading() as tx:
        assert [acts_of(tx, address) for address in MEMBERS] == before
    assert office.plugin.trips.all()[0].settled_at is None


def test_nobody_settles_what_waits_without_a_name(world: World) -> None:
    world.box.drop(report("nobody@example.com"), world.clock.now)
    world.plugin.run_once()
    desk = world.plugin.desk
    (item,) = desk.items()
    for decide in (
        lambda: desk.assign(item.id, "7", actor=""),
        lambda: desk.classify(item.id, Reason.ADDRESS_UNKNOWN, actor=""),
        lambda: desk.dismiss(item.id, actor=""),
        lambda: desk.again(item.id, actor=""),
    ):
        with pytest.raises(SettingsError, match=r"^actor = '': must not be empty"):
            decide()
    assert desk.items() == (item,)
    assert world.counted("nobody@example.com") == 0
