"""Do several processes on one mailbox get on with each other?"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from bounce_plugin import BusyError, runner
from bounce_plugin.ledger.lease import hold
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.steps.gather import Gathering
from tests.bounces import report
from tests.everyday import a_day, everyday_plugin, memory
from tests.flock import let_them_work
from tests.kills import OnImap, OnMaildir, Place
from tests.running import running, until
from tests.servers.dovecot import Dovecot
from tests.world import ANNA, World


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["imap", "maildir"])
def test_I_10_four_workers_that_fall_silent_longer_than_a_lease_count_as_one_does(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    new_place: Callable[[Path], Place] = lambda folder: OnMaildir(folder / "Maildir")  # noqa: E731
    if kind == "imap":
        server: Dovecot = request.getfixturevalue("dovecot_server")
        new_place = lambda folder: OnImap(server.add_account())  # noqa: E731
    alone = tmp_path / "alone"
    alone.mkdir()
    place = OnMaildir(alone / "Maildir")
    place.fill(a_day(1).mails)
    with everyday_plugin(alone, place.box) as plugin:
        plugin.run_once()
        expected = memory(plugin)
    together = tmp_path / "together"
    together.mkdir()
    left = let_them_work(together, new_place, "", workers=4, hundreds=1)
    assert left["events"] == expected["events"]
    assert left["review"] == expected["review"]


def test_I_10_who_finds_another_at_work_does_nothing_and_complains_of_nothing(world: World) -> None:
    world.box.drop(report(ANNA))
    with hold(world.plugin.ledger, "bounces", world.clock):
        summary = world.plugin.run_once()
        assert (summary.ok, summary.outcomes) == (True, ())
        assert [outcome.details for outcome in world.plugin.run_once(dry_run=True).outcomes] != [], "it may look"
    assert len(world.plugin.run_once().outcomes) == 1


def test_I_10_a_process_that_runs_for_ever_comes_back_when_the_other_is_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "ELSEWHERE", 0.05)
    world.box.drop(report(ANNA))
    with ExitStack() as other:
        other.enter_context(hold(world.plugin.ledger, "bounces", world.clock))
        with running(world.plugin) as outcomes:
            time.sleep(0.3)
            assert outcomes == []
            other.close()
            until(lambda: outcomes)
    assert world.host.incidents == []
    assert world.counted() == 1


def test_I_10_a_lease_that_is_lost_amid_a_batch_undoes_the_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.box.drop(report(ANNA))
    read = world.plugin.pipeline.gathering.read

    def slow(_gathering: object, mail: object) -> object:
        with hold(world.plugin.ledger, "bounces", world.clock, rehearsed=True):
            return read(mail)  # type: ignore[arg-type]

    monkeypatch.setattr(Gathering, "read", slow)
    with open_mailbox(world.settings.mailboxes[0]) as mailbox, pytest.raises(BusyError, match="took it over"):
        list(world.plugin.pipeline.run(mailbox, Event()))
    assert world.counted() == 0
    assert len(world.box.mails()) == 1
    monkeypatch.undo()
    world.plugin.run_once()
    assert world.counted() == 1
