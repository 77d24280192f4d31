"""What of a mail that kills the process, or that cannot be recorded, each time it is tried?"""

import os
import signal
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, Contact, ReviewItem, hookimpl
from bounce_plugin.ledger.attempts import tried
from bounce_plugin.outcome import Handling
from bounce_plugin.pipeline import Pipeline
from bounce_plugin.settings import parse_settings
from bounce_plugin.steps.gather import Gathering
from bounce_plugin.steps.parked import WHY
from bounce_plugin.steps.unseen import TRIES
from tests.bounces import Box, report
from tests.processes import PROCESSES
from tests.world import World

POISON = "poison@example.com"


class Fragile:
    """A host that is killed by a question for one address: as by a parser that crashes."""

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        if address == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return Contact(id=address, address=address)

    @hookimpl
    def on_review_needed(self, item: ReviewItem) -> None:
        with self.notebook.open("a") as file:
            file.write(f"{item.why}\n")


def open_plugin(folder: Path, *, dedicated: bool) -> BouncePlugin:
    text = f"[[mailbox]]\nname = 'b'\nkind = 'maildir'\npath = 'Maildir'\ndedicated = {str(dedicated).lower()}\n"
    settings = parse_settings(text, folder=folder)
    return BouncePlugin(settings, plugins={"host": Fragile(folder / "notebook")}, entry_points=False)


def run(folder: Path, dedicated: bool) -> None:
    """What the killed process does."""
    with open_plugin(folder, dedicated=dedicated) as plugin:
        plugin.run_once()


@pytest.mark.parametrize("dedicated", [True, False], ids=["dedicated", "shared"])
def test_I_15_a_mail_that_kills_the_process_three_times_is_put_before_a_person(tmp_path: Path, dedicated: bool) -> None:
    (tmp_path / "ledger.key").write_text("07" * 32)
    box = Box(tmp_path / "Maildir")
    for one in range(2):
        box.drop(report(f"before{one}@example.com"))
    poison = box.drop(report(POISON))
    for one in range(2):
        box.drop(report(f"after{one}@example.com"))
    left = []
    for _ in range(TRIES):
        process = PROCESSES.Process(target=run, args=(tmp_path, dedicated))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        left.append(len(box.mails()))
    assert left == [5, 3, 1], "those that were in hand with it are tried alone, and it comes last then"
    with open_plugin(tmp_path, dedicated=dedicated) as plugin:
        summary = plugin.run_once()
        (outcome,) = summary.outcomes
        assert summary.ok
        assert (outcome.handling, outcome.why) == (Handling.REVIEW, WHY)
        (item,) = plugin.desk.items()
        assert item.why == WHY
        assert plugin.run_once().outcomes == ()
        assert [item.id for item in plugin.desk.items()] == [item.id]
        assert (tmp_path / "notebook").read_text().splitlines() == [WHY]
        assert len(box.mails("review")) == dedicated
        assert (poison in box.mails()) is not dedicated, "where people have their mail it may be private: it stays"
        assert len(box.mails("processed")) == 4
        plugin.desk.dismiss(item.id, actor="Erna")
        assert plugin.run_once().ok
    left = [len(box.mails()), len(box.mails("review")), len(box.mails("processed"))]
    assert left == ([0, 0, 5] if dedicated else [1, 0, 4])


def test_I_15_a_mail_that_was_put_aside_is_tried_again_when_a_person_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no way")

    world.box.drop(report("odd@example.com"))
    monkeypatch.setattr(Gathering, "read", fail)
    for _ in range(TRIES):
        assert [outcome.handling for outcome in world.plugin.run_once().outcomes] == [Handling.FAILED]
    assert [outcome.handling for outcome in world.plugin.run_once().outcomes] == [Handling.REVIEW]
    monkeypatch.undo()
    (item,) = world.plugin.desk.items()
    world.plugin.desk.again(item.id, actor="Erna")
    (outcome,) = world.plugin.run_once().outcomes
    assert (outcome.handling, outcome.why) == (Handling.REVIEW, "No contact is known for odd@example.com.")


def test_I_15_a_run_that_ends_for_another_reason_counts_against_no_mail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(BaseException):
        """What a signal raises."""

    for one in range(3):
        world.box.drop(report(f"stranger{one}@example.com"))
    monkeypatch.setattr(Pipeline, "_handle", lambda *_: (_ for _ in ()).throw(Stopped))
    for _ in range(TRIES + 1):
        with pytest.raises(Stopped):
            world.plugin.run_once()
    with world.plugin.ledger.reading() as tx:
        assert tried(tx, "bounces", "maildir") == {}
