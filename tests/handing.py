"""A mail server that hands mails to us, one process each, and keeps a mail until it is told that we have it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Any

from bounce_plugin import BouncePlugin
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.mailbox.arrival import Arrival, Envelope
from bounce_plugin.pipeline import Pipeline
from tests.bounces import Box
from tests.everyday import everyday_plugin, memory
from tests.processes import PROCESSES

#: Several threads hand over at once, and each process that `multiprocessing` starts looks after all others: two that look
#: after the same one at the same time read its exit code once, and the second takes it for 255.
_LOOKING = Lock()

ENVELOPE = Envelope(recipient="bounces@crm.example", sender="<>")

#: After which of its steps a process can be killed, in their order: the class, and the name of the step.
MOMENTS: dict[str, tuple[type, str]] = {
    "written": (Arrival, "__init__"),
    "delivered": (Arrival, "deliver"),
    "recorded, not committed": (Pipeline, "record"),
    "committed": (Intake, "take"),
    "filed": (Intake, "file"),
    "told": (BouncePlugin, "tell"),
}


@dataclass(frozen=True)
class Post:
    """A Maildir, a ledger and a host, in a folder of their own."""

    folder: Path
    ledger: str = ""

    @property
    def box(self) -> Path:
        return self.folder / "Maildir"

    def set_up(self) -> Box:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "ledger.key").write_text("07" * 32)
        return Box(self.box)

    def plugin(self) -> BouncePlugin:
        return everyday_plugin(self.folder, self.box, ledger=self.ledger, notebook=self.folder / "notebook")

    def hand_over(self, raw: bytes, *, kill_after: str = "", seconds: float | None = None) -> int:
        """Hand a mail to a process of its own, and give its exit code; kill it after a step, or some seconds."""
        mail = self.folder / f"mail.{os.urandom(4).hex()}"
        mail.write_bytes(raw)
        begun = PROCESSES.Event()
        process = PROCESSES.Process(target=_take, args=(self, mail, kill_after, begun))
        with _LOOKING:
            process.start()
        if seconds is not None:
            assert begun.wait(60)
            time.sleep(seconds)
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGKILL)
        wait([process.sentinel], 120)
        with _LOOKING:
            process.join(0)
            code = process.exitcode
            process.close()
        mail.unlink()
        assert code is not None
        return code

    def left(self) -> dict[str, object]:
        """What the ledger holds, whenever it was written, and which mails are where, without their envelopes."""
        with self.plugin() as plugin:
            found = memory(plugin)
        found["stops"] = [stop[:2] for stop in found["stops"]]  # type: ignore[attr-defined]
        for folder in ("", "processed", "review"):
            found[folder] = sorted(path.read_bytes() for path in _Seen(self.box).mails(folder))
        return found

    def filed(self) -> dict[str, int]:
        """How many mails are in the inbox, among the processed, and for a person."""
        return {folder: len(_Seen(self.box).mails(folder)) for folder in ("", "processed", "review")}


class _Seen(Box):
    """A Maildir that is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path


def take(plugin: BouncePlugin, mail: Any, envelope: Envelope = ENVELOPE) -> object:
    """Do what the command does with a mail."""
    intake = Intake(plugin=plugin, settings=choose_mailbox(plugin.settings, "", key="mailbox"))
    outcome = intake.take(mail, envelope)
    intake.file()
    plugin.tell()
    return outcome


def _take(post: Post, mail: Path, kill_after: str, begun: Any) -> None:
    """What a process does that a mail is handed to."""
    if kill_after:
        owner, name = MOMENTS[kill_after]
        setattr(owner, name, _deadly(getattr(owner, name)))
    begun.set()
    with post.plugin() as plugin, mail.open("rb") as file:
        take(plugin, file)


def _deadly(step: Callable[..., object]) -> Callable[..., object]:
    def done(*arguments: object, **more: object) -> object:
        step(*arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return done
