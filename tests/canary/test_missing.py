"""Is the operator told when the report of a canary does not come, and once?"""

from __future__ import annotations

from bounce_plugin import BouncePlugin, Handling
from bounce_plugin.ledger.canaries import latest, overdue
from bounce_plugin.settings import parse_settings
from tests.canary.nest import (
    DEAD,
    HOUR,
    SECOND,
    about,
    arrive,
    came,
)
from tests.world import World


def test_one_that_does_not_come_back_is_told_once(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.clock.now += 4 * HOUR
    world.plugin.attend()
    assert world.host.incidents == []
    for _ in range(30):
        world.clock.now += 2 * HOUR
        world.plugin.attend()
    (incident,) = world.host.incidents
    assert (incident.key, incident.count) == ("canary", 1)
    assert incident.title == "No report came back for the canary sent at 2026-11-02 09:00 UTC"
    for word in (DEAD, "bounce-plugin check", "full", "provider", f"canary.{canary.token}"):
        assert word in incident.detail


def test_a_process_that_reads_notices_it_without_waiting_for_its_hourly_chores(world: World) -> None:
    world.plugin.send_canary()
    world.clock.now += 4 * HOUR - 60 * SECOND
    world.plugin.run_once()
    world.clock.now += 120 * SECOND
    world.plugin.run_once()
    assert len(world.host.incidents) == 1


def test_several_that_are_missing_are_told_once_a_day(world: World) -> None:
    for _ in range(30):
        world.plugin.send_canary()
        world.clock.now += HOUR
    assert [incident.count for incident in world.host.incidents] == [1, 25]
    assert len(world.plugin.send_canary().overdue) == 26
    with world.plugin.ledger.reading() as tx:
        assert latest(tx)[0].sent_at == world.clock.now
        assert len(overdue(tx, world.clock.now)) == 26


def test_of_two_processes_that_look_one_finds_it(world: World) -> None:
    world.plugin.send_canary()
    world.clock.now += 5 * HOUR
    with world.open() as other:
        other.attend()
        world.plugin.attend()
    assert [incident.count for incident in world.host.incidents] == [1]


def test_a_report_that_lies_in_the_mailbox_is_read_before_anything_is_missing(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.clock.now += 5 * HOUR
    arrive(world, about(canary))
    assert world.host.incidents == []


def test_two_tenants_of_one_ledger_do_not_know_each_others_canaries(world: World) -> None:
    canary = world.plugin.send_canary().sent
    text = '[ledger]\ntenant = 2\n[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
    settings = parse_settings(text, folder=world.folder)
    world.clock.now += 5 * HOUR
    with BouncePlugin(settings, plugins={"host": world.host}, clock=world.clock, entry_points=False) as other:
        other.attend()
        assert world.host.incidents == []
        world.box.drop(about(canary), world.clock.now)
        (outcome,) = other.run_once().outcomes
        assert outcome.handling is Handling.REVIEW, "a stranger's bounce"
    assert not came(world, canary)
    world.plugin.attend()
    assert len(world.host.incidents) == 1
