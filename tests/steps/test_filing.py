"""Which mails are read, and are all of them? Where one cannot be read, and where they are large."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.lease import hold
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.mailbox.maildir import MaildirMailbox
from bounce_plugin.steps import unseen
from bounce_plugin.steps.errands import Errands
from bounce_plugin.steps.unseen import BATCH, find_unseen, read_batches
from tests.bounces import Box, report
from tests.ledger.samples import NOW


class TornMaildir(MaildirMailbox):
    """A Maildir on a disk that gives one file no more."""

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        for mail in super().fetch(folder, uids):
            if b"torn@example.com" not in mail.raw:
                yield mail
        if any("torn" in uid for uid in uids):
            raise MailboxError("cannot read torn")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "Maildir")


@pytest.mark.parametrize("aside", [False, True])
def test_I_15_a_mail_that_cannot_be_read_holds_up_no_other_and_is_reported(aside: bool, box: Box) -> None:
    number = 2 * BATCH + 5
    for one in range(number):
        box.drop(report(f"member{one}@example.com"))
    path = box.drop(report("torn@example.com"))
    path.rename(path.with_name("1.torn.mx"))
    read: list[Incoming] = []
    with (
        Ledger.in_memory() as ledger,
        TornMaildir(name="b", path=box.path) as mailbox,
        hold(ledger, "b", lambda: NOW) as lease,
        Errands(aside=aside) as errands,
    ):
        batches = read_batches(lease, mailbox, find_unseen(lease, mailbox), lambda: NOW, errands)
        for _ in range(3):
            read += next(batches)
        with pytest.raises(MailboxError, match="torn"):
            next(batches)
    assert len(read) == number


@pytest.mark.parametrize("aside", [False, True])
def test_large_mails_come_in_small_batches_and_none_is_left_out(
    aside: bool, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unseen, "BATCH_OCTETS", 10_000)
    for one in range(30):
        box.drop(report(f"member{one}@example.com") + b"x" * 2000)
    with (
        Ledger.in_memory() as ledger,
        MaildirMailbox(name="b", path=box.path) as mailbox,
        hold(ledger, "b", lambda: NOW) as lease,
        Errands(aside=aside) as errands,
    ):
        batches = list(read_batches(lease, mailbox, find_unseen(lease, mailbox), lambda: NOW, errands))
    assert max(map(len, batches)) <= 5
    uids = [mail.uid for batch in batches for mail in batch]
    assert len(uids) == len(set(uids)) == 30
