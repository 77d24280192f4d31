"""What do several reports about one delivery come to, in the order in which they arrive?"""

from datetime import timedelta

from bounce_plugin import Kind
from bounce_plugin.ledger.history import events_of
from tests.world import ANNA, World

MESSAGE = "news@crm.example"


def kinds(world: World) -> list[Kind]:
    with world.plugin.ledger.reading() as tx:
        return [event.kind for event in events_of(tx, ANNA)]


def test_I_26_delayed_counts_nothing_and_failed_after_it_counts_once(world: World) -> None:
    world.bounce(reply="450 4.1.1 User unknown", action="delayed", message_id=MESSAGE)
    assert world.counted() == 0
    assert not world.plugin.should_suppress(ANNA, "newsletter")
    world.clock.now += timedelta(days=2)
    world.bounce(message_id=MESSAGE)
    assert world.counted() == 1
    assert world.plugin.should_suppress(ANNA, "newsletter")
    assert kinds(world) == [Kind.DELAY, Kind.BOUNCE]


def test_I_26_failed_stays_on_record_and_counts_though_delivered_comes_late(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    before = world.plugin.explain(ANNA, "newsletter").suppression
    world.clock.now += timedelta(hours=1)  # another mail exchanger of theirs took it; anybody may say so
    world.bounce(reply="250 2.0.0 Ok", action="delivered", message_id=MESSAGE)
    assert kinds(world) == [Kind.BOUNCE, Kind.DELIVERED]
    assert world.counted() == 1
    explanation = world.plugin.explain(ANNA, "newsletter")
    assert explanation.suppressed
    assert explanation.suppression == before


def test_I_26_the_order_in_which_they_are_read_makes_no_difference(world: World) -> None:
    world.bounce(reply="250 2.0.0 Ok", action="delivered", message_id=MESSAGE)
    world.bounce(message_id=MESSAGE)
    world.bounce(reply="450 4.1.1 User unknown", action="delayed", message_id=MESSAGE)
    world.bounce(message_id=MESSAGE)
    assert world.counted() == 1
    assert sorted(kinds(world)) == [Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED]
    assert world.plugin.should_suppress(ANNA, "newsletter")
