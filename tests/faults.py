"""Where can a process be killed so that it makes a difference? Numbered points, in a child that a test starts.

The points are put around the adapters from outside, so that nothing of it is in the plugin: before and after each commit,
before each command that changes something on an IMAP or POP3 server and before its answer, and before each call that changes a
file. A `fine` count has a point before each statement of SQL, each other command and answer, and each call for a lock, too,
though nothing differs there from the point before.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from bounce_plugin.mailbox.pop3_wire import Pop3Client
from bounce_plugin.mailbox.wire import _Guards

#: What changes files, by its name in `os`; `pathlib` calls them, too.
_CHANGES = ("rename", "replace", "link", "unlink", "mkdir", "fsync", "pwrite", "ftruncate", "fchmod", "utime")
#: What changes something on an IMAP server.
_COMMANDS = (b" UID MOVE ", b" UID COPY ", b" UID STORE ", b" UID EXPUNGE ", b" CREATE ", b" SUBSCRIBE ")
#: The same of a POP3 server.
_POP3_COMMANDS = (b"DELE", b"QUIT")


class Points:
    """Counts what a process does, and kills it with SIGKILL at one of its points."""

    def __init__(self, last: int) -> None:
        self.last, self.passed = last, 0

    def hit(self) -> None:
        """Be at the next point."""
        self.passed += 1
        if self.passed == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(last: int, *, fine: bool = False) -> Points:
    """Have this process die at the point of that number, counted from here; 0: never."""
    points = Points(last)
    for name in _CHANGES:
        setattr(os, name, _after_a_point(points, getattr(os, name), lambda *which: fine or ".lock" not in str(which)))
    _arm_imap(points, fine=fine)
    _arm_pop3(points, fine=fine)
    commit = DefaultDialect.do_commit

    def commit_between_points(self: DefaultDialect, connection: Any) -> None:
        points.hit()
        commit(self, connection)
        points.hit()

    DefaultDialect.do_commit = commit_between_points  # type: ignore[method-assign]
    if fine:
        event.listen(Engine, "before_cursor_execute", lambda *_: points.hit())
    return points


def _arm_imap(points: Points, *, fine: bool) -> None:
    changing = False

    def changes(_client: _Guards, data: bytes) -> bool:
        nonlocal changing
        changing = fine or any(word in data for word in _COMMANDS)
        return changing

    _Guards.send = _after_a_point(points, _Guards.send, changes)  # type: ignore[method-assign]
    _Guards._receive = _after_a_point(points, _Guards._receive, lambda _client: changing)  # type: ignore[method-assign]


def _arm_pop3(points: Points, *, fine: bool) -> None:
    changing = False

    def changes(_client: Pop3Client, line: bytes) -> bool:
        nonlocal changing
        changing = fine or line.startswith(_POP3_COMMANDS)
        return changing

    Pop3Client._putline = _after_a_point(points, Pop3Client._putline, changes)  # type: ignore[method-assign]
    Pop3Client._receive = _after_a_point(points, Pop3Client._receive, lambda _client: changing)  # type: ignore[method-assign]


def _after_a_point(points: Points, call: Callable[..., Any], counts: Callable[..., bool]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if counts(*arguments):
            points.hit()
        return call(*arguments, **options)

    return wrapped
