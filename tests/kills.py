"""What is left when the process is killed, with SIGKILL, at random moments? The machinery of the tests that do it."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Protocol

from bounce_plugin.mailbox.from_lines import split_mbox
from tests.bounces import Box
from tests.everyday import NOW, Day, everyday_plugin, memory, tell_all
from tests.faults import arm
from tests.processes import PROCESSES
from tests.servers.account import Account

#: Seconds after which a process that is to be killed hangs; it takes less than one, but machines stand still for a minute.
HANGS = 200


class Place(Protocol):
    """A mailbox that a test can fill and look into."""

    @property
    def box(self) -> Account | Path:
        """What the plugin's settings say of it."""
        ...

    def fill(self, mails: tuple[bytes, ...]) -> None:
        """Put mails into the inbox."""
        ...

    def count(self, folder: str) -> int:
        """How many mails a folder holds; "" is the inbox."""
        ...


@dataclass(frozen=True)
class OnImap:
    """A mailbox on a real IMAP server."""

    box: Account

    def fill(self, mails: tuple[bytes, ...]) -> None:
        self.box.append(*mails, at="23-Nov-2026 10:00:00 +0000")

    def count(self, folder: str) -> int:
        return len(self.box.contents(folder or "INBOX"))


@dataclass(frozen=True)
class OnImapWithoutMove(OnImap):
    """The same where mails are copied: killed between the copy and the removal a folder has one twice; once is counted."""

    def count(self, folder: str) -> int:
        with self.box.sign_in() as client:
            if client.select(folder or "INBOX", readonly=True)[0] != "OK":
                return 0
            answer = client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
        return len({item[1] for item in answer if isinstance(item, tuple)})


@dataclass(frozen=True)
class OnMaildir:
    """A Maildir."""

    box: Path

    def fill(self, mails: tuple[bytes, ...]) -> None:
        maildir = Box(self.box)
        for raw in mails:
            maildir.drop(raw, NOW)

    def count(self, folder: str) -> int:
        root = self.box / f".{folder}" if folder else self.box
        return len([path for place in ("new", "cur") for path in (root / place).glob("*")])


@dataclass(frozen=True)
class OnMbox:
    """An mbox. Killed between the copy and the removal it holds a mail twice, as its docstring says; once is counted."""

    box: Path

    def fill(self, mails: tuple[bytes, ...]) -> None:
        line = b"From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n"
        self.box.write_bytes(b"".join(line + raw.replace(b"\nFrom ", b"\n>From ") + b"\n" for raw in mails))

    def count(self, folder: str) -> int:
        path = self.box.with_name(f"{self.box.name}.{folder}") if folder else self.box
        return len({mail.sha256 for mail in split_mbox(BytesIO(path.read_bytes()))}) if path.exists() else 0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Mailboxes of one kind with ledgers of one kind, and a day's mails to be handled."""

    day: Day
    folder: Path
    new_place: Callable[[Path], Place]
    new_ledger: Callable[[], str] = lambda: ""  # a URL; empty is a file of its own
    #: What a server did not answer in time in one run: machines stand still for a minute, and in life the next run goes on.
    #: A second one is ours.
    excused: list[str] = field(default_factory=list)

    def kill(self, kills: int, *, seed: int = 20261123) -> int:
        """Kill so many runs at work, each once to three times until it may end; returns how often it may.

        What is left must equal what a run leaves that nobody killed.
        """
        clean = self.folder / "clean"
        start = time.monotonic()
        expected = self._run_to_the_end(clean, self._set_up(clean), self.new_ledger())
        whole = time.monotonic() - start
        chance = random.Random(seed)
        killed = rounds = 0
        while killed < kills:
            folder = self.folder / str(rounds)
            place, ledger = self._set_up(folder), self.new_ledger()
            for _ in range(chance.choice((1, 1, 2, 3))):
                at_work = _killed_after(chance.uniform(0, whole), folder, place.box, ledger)
                killed += at_work
                whole *= 1.03 if at_work else 0.9  # most hit, and the end of a run is hit as well
            left = self._run_to_the_end(folder, place, ledger)
            assert left == expected, f"round {rounds} of seed {seed}"
            shutil.rmtree(folder)
            rounds += 1
            assert killed or rounds < 20, "runs end before they can be killed"
        return rounds

    def kill_at_each_point(self, *, fine: bool = False, step: int = 1) -> int:
        """Kill a run at each point in turn at which it makes a difference (`tests.faults`); returns how many there are.

        With a step of 2 at every other one.
        """
        clean = self.folder / "clean"
        expected = self._run_to_the_end(clean, self._set_up(clean), self._old_ledger(clean))
        for point in count(1, step):
            folder = self.folder / str(point)
            place = self._set_up(folder)
            ledger = self._old_ledger(folder)
            process = PROCESSES.Process(target=_run_to_a_point, args=(point, fine, folder, place.box, ledger))
            process.start()
            process.join(HANGS)
            assert process.exitcode in (0, -signal.SIGKILL), f"point {point}: {process.exitcode}"
            left = self._run_to_the_end(folder, place, ledger)
            assert left == expected, f"point {point}"
            shutil.rmtree(folder)
            if process.exitcode == 0:
                return point - 1
        raise AssertionError("it has no end")

    def _old_ledger(self, folder: Path) -> str:
        """A ledger whose tables are made already: to make them takes longer than all the rest."""
        ledger = self.new_ledger()
        if not ledger:
            made = self.folder / "made"
            if not made.exists():
                made.mkdir()
                everyday_plugin(made, made / "none").close()
            shutil.copyfile(made / "bounces.sqlite3", folder / "bounces.sqlite3")
        return ledger

    def _set_up(self, folder: Path) -> Place:
        folder.mkdir()
        place = self.new_place(folder)
        place.fill(self.day.mails)
        return place

    def _run_to_the_end(self, folder: Path, place: Place, ledger: str) -> dict[str, object]:
        """Run, and look: every mail is in one folder, the right one, and every event was told."""
        with everyday_plugin(folder, place.box, ledger=ledger, notebook=folder / "notebook") as plugin:
            summary = plugin.run_once()
            if not self.excused and any("no answer in time" in error for error in summary.errors):
                self.excused.extend(summary.errors)
                summary = plugin.run_once()
            assert summary.ok, summary.errors
            tell_all(plugin)  # of a busy machine one round may not tell all
            left = memory(plugin)
        counts = tuple(place.count(name) for name in ("", "processed", "review"))
        assert counts == (self.day.private, self.day.processed, self.day.review)
        told = set((folder / "notebook").read_text().splitlines())
        assert {f"event {identifier}" for identifier in _identifiers(left)} <= told, "told at least once"
        return left


def _identifiers(left: dict[str, object]) -> Iterator[str]:
    events = left["events"]
    assert isinstance(events, list)
    return (event[0] for event in events)


def _killed_after(seconds: float, folder: Path, box: Account | Path, ledger: str) -> bool:
    """Run in a process of its own, and kill that; whether it was still at work."""
    begun = PROCESSES.Event()
    process = PROCESSES.Process(target=_run, args=(folder, box, ledger, begun))
    process.start()
    assert begun.wait(60)
    time.sleep(seconds)
    assert process.pid
    with suppress(ProcessLookupError):  # it was quicker
        os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    at_work = process.exitcode == -signal.SIGKILL
    assert at_work or process.exitcode == 0, f"it ended with {process.exitcode} by itself"
    process.close()
    return at_work


def _run_to_a_point(point: int, fine: bool, folder: Path, box: Account | Path, ledger: str) -> None:
    """What the process does that is killed at a point."""
    with everyday_plugin(folder, box, ledger=ledger, notebook=folder / "notebook") as plugin:
        arm(point, fine=fine)
        plugin.run_once()


def _run(folder: Path, box: Account | Path, ledger: str, begun: object) -> None:
    """What the killed process does."""
    begun.set()  # type: ignore[attr-defined]  # an Event of multiprocessing, whose type has no public name
    with everyday_plugin(folder, box, ledger=ledger, notebook=folder / "notebook") as plugin:
        plugin.run_once()
