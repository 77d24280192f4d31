"""What if a folder cannot be used, or the process is killed between two steps?"""

import pytest

from bounce_plugin import Contact
from bounce_plugin.steps import moves
from tests.bounces import report
from tests.world import ANNA, World


class TestTroubleInTheFolders:
    """A folder that cannot be used, a process that was killed: nothing is lost, nothing is held up."""

    def test_I_02_killed_between_move_and_note_the_mail_is_found_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(_tx: object, places: tuple[object, ...]) -> None:
            if places:
                raise KeyboardInterrupt

        world.box.drop(report("typo@example.com", message_id="m@crm.example"))
        monkeypatch.setattr(moves, "filed", killed)
        with pytest.raises(KeyboardInterrupt):
            world.plugin.run_once()
        monkeypatch.undo()
        assert len(world.box.mails("review")) == 1
        world.plugin.run_once()
        (item,) = world.plugin.desk.items()
        world.host.contacts["typo@example.com"] = Contact(id="8")
        world.plugin.desk.again(item.id, actor="Erna")
        world.plugin.run_once()
        assert world.counted("typo@example.com") == 1
        assert world.box.mails("review") == world.box.mails() == []

    def test_a_mail_that_vanished_keeps_no_other_from_its_folder(self, world: World) -> None:
        world.box.drop(report("one@example.com"))
        world.box.drop(report("two@example.com"))
        world.plugin.run_once()
        first, second = world.plugin.desk.items()
        gone, _ = world.box.mails("review")
        gone.unlink()
        world.plugin.desk.dismiss(first.id, actor="Erna")
        world.plugin.desk.dismiss(second.id, actor="Erna")
        world.plugin.run_once()
        assert (len(world.box.mails("review")), len(world.box.mails("processed"))) == (0, 1)

    def test_I_14_a_folder_that_cannot_be_used_does_not_stop_the_reading(self, world: World) -> None:
        (world.box.path / ".review").write_text("a file where the folder should be")
        world.box.drop(report("typo@example.com"))
        for _ in range(2):
            summary = world.plugin.run_once()
            assert not summary.ok
            world.box.drop(report(ANNA))
        assert world.counted() == 1
        assert len(world.box.mails("processed")) == 1
        (world.box.path / ".review").unlink()
        assert world.plugin.run_once().ok
        assert len(world.box.mails("review")) == 1
