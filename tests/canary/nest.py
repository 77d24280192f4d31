"""What the tests of canaries have in common: the dead address, reports of canaries, and what is to be left of them."""

from __future__ import annotations

from datetime import timedelta

from bounce_plugin import Canary
from bounce_plugin.ledger.canaries import by_token, latest
from bounce_plugin.ledger.history import latest_events, suppression_of
from bounce_plugin.outcome import MailOutcome
from tests.bounces import report
from tests.notices.smtp import Server
from tests.world import World

DEAD = "nobody.at.all@dead.example"
FROM = "bounces@crm.example"
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def table(server: Server) -> str:
    smtp = f'smtp = {{ host = "127.0.0.1", port = {server.port}, security = "none" }}\n'
    return f'[canary]\naddress = "{DEAD}"\nfrom = "{FROM}"\n{smtp}'


def message_id(canary: Canary) -> str:
    return f"canary.{canary.token}@crm.example"


def about(canary: Canary, address: str = DEAD, **more: str) -> bytes:
    """The report of a canary as Postfix writes it."""
    return report(address, message_id=message_id(canary), **more)


def stripped(raw: bytes) -> bytes:
    """A report without the message that came back."""
    head, found, _ = raw.partition(b"Content-Description: Undelivered Message")
    assert found
    return head.rstrip(b"\n") + b"--\n"


def arrive(world: World, raw: bytes) -> MailOutcome:
    """A mail arrives now, and is read."""
    world.box.drop(raw, world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    return outcome


def stored(world: World, canary: Canary) -> Canary:
    with world.plugin.ledger.reading() as tx:
        found = by_token(tx, canary.token)
    assert found is not None
    return found


def came(world: World, canary: Canary) -> bool:
    return stored(world, canary).came_at is not None


def nothing_is_held_against_anybody(world: World) -> bool:
    with world.plugin.ledger.reading() as tx:
        assert latest_events(tx, limit=10) == ()
        assert suppression_of(tx, DEAD) is None
    assert world.host.classified == world.host.reached == world.host.exempt == []
    assert world.plugin.desk.items() == ()
    return True


def not_awaited(world: World) -> None:
    world.clock.now += 5 * HOUR
    world.plugin.attend()
    assert world.host.incidents == []
    with world.plugin.ledger.reading() as tx:
        assert latest(tx) == ()
