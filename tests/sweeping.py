"""A mailbox of each kind, in which mails are deleted after thirty days: the machinery of the tests that do it."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from bounce_plugin import BouncePlugin
from bounce_plugin.mailboxes import open_mailbox
from tests.bounces import PRIVATE, Box, report
from tests.everyday import NOW, everyday_plugin
from tests.faults import arm
from tests.kills import OnImap, OnMaildir, OnMbox, Place
from tests.servers.account import Account

THIRTY = "processed_keep_days = 30\n"
OURS = (report("member1@example.com", message_id="1"), report("member2@example.com", message_id="2"))
STRANGER = report("stranger@example.com", message_id="3")
LATER = report("member3@example.com", message_id="4")


@pytest.fixture(params=["imap", "maildir", "mbox"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "imap":
        return OnImap(request.getfixturevalue("account"))
    return OnMaildir(tmp_path / "Maildir") if request.param == "maildir" else OnMbox(tmp_path / "mbox")


def on_day(folder: Path, place: Place, day: float, more: str = THIRTY) -> BouncePlugin:
    now = NOW + timedelta(days=day)
    return everyday_plugin(folder, place.box, clock=lambda: now, more=more)


def run(folder: Path, place: Place, day: float, more: str = THIRTY) -> tuple[str, ...]:
    """Run once on that day; returns what went wrong."""
    with on_day(folder, place, day, more) as plugin:
        return plugin.run_once().errors


def counts(place: Place) -> tuple[int, ...]:
    return tuple(place.count(name) for name in ("", "processed", "review"))


def refill(place: Place, mails: tuple[bytes, ...]) -> None:
    """Put mails into an inbox that is there already."""
    if isinstance(place, OnMaildir):
        box = Box.__new__(Box)
        box.path = place.box
        for raw in mails:
            box.drop(raw, NOW)
    else:
        place.fill(mails)


def kill_at_points(place: Place, tmp_path: Path, request: pytest.FixtureRequest, *, every: int) -> int:
    """Kill a sweep at some of its points in turn; returns how many there are."""
    base = tmp_path / "base"
    base.mkdir()
    first = _in(place, base, request)
    run(base, first, 0)  # makes the tables, which takes longer than all the rest
    point, dead = 1 - every, True
    while dead:
        point += every
        folder = tmp_path / str(point)
        shutil.copytree(base, folder)
        here = _in(place, folder, request)
        run(folder, here, 0)
        assert counts(here) == (1, 2, 1)
        theirs = isinstance(here.box, Account)
        if isinstance(here.box, Account):
            here.box.append(LATER, folder="processed", flags=r"(\Deleted)")
        dead = _killed(point, folder, here)
        assert run(folder, here, 32) == ()
        assert counts(here) == (1, int(theirs), 1), point
    return point - 1


def _in(place: Place, folder: Path, request: pytest.FixtureRequest) -> Place:
    """Another place of the same kind, with mails of each end."""
    if isinstance(place, OnImap):
        made: Place = OnImap(request.getfixturevalue("dovecot_server").add_account())
    else:
        made = OnMaildir(folder / "Maildir") if isinstance(place, OnMaildir) else OnMbox(folder / "mbox")
    if folder.name != "base":
        made.fill((*OURS, PRIVATE, STRANGER))
    elif isinstance(made.box, Path):
        made.box.unlink(missing_ok=True)
    return made


def _killed(point: int, folder: Path, place: Place) -> bool:
    """Whether a process that sweeps on the day after was killed at this point."""
    child = os.fork()
    if child == 0:
        with on_day(folder, place, 31) as plugin, open_mailbox(plugin.settings.mailboxes[0]) as mailbox:
            arm(point)
            plugin.sweep.do(mailbox, Event())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(status)
