"""How far has a long command come? A bar on the terminal, once it takes longer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, TypeAlias

#: Seconds that a command may take before it shows its progress.
PATIENCE: Final = 1.0

Advance: TypeAlias = Callable[[int], None]
"""Told after each mail how many octets it had."""


@contextmanager
def show_progress(count_octets: Callable[[], int | None]) -> Iterator[Advance]:
    """A bar on standard error, if that is a terminal and standard output is none, which would show it all anyway.

    `count_octets` is asked how many there will be in all once the bar is to be shown; None if nobody knows.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda octets: None
        return
    bar = _Bar(count_octets)
    try:
        yield bar.advance
        bar.fill()
    finally:
        bar.end()


class _Bar:
    """Shown after a while: most commands are done before."""

    def __init__(self, count_octets: Callable[[], int | None]) -> None:
        # Here, for who pipes one mail through the command would wait for rich to load, and see nothing of it.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._count_octets = count_octets
        self._begin_at = monotonic() + PATIENCE
        self._mails = self._octets = 0
        self._shown = False
        self._progress = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[mails]:,} mails"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            redirect_stdout=False,  # it goes elsewhere
        )
        self._task = self._progress.add_task("", total=None, start=False, mails=0)

    def advance(self, octets: int) -> None:
        """One mail of so many octets is done."""
        self._mails += 1
        self._octets += octets
        if not self._shown:
            if monotonic() < self._begin_at:
                return
            self._shown = True
            self._progress.update(self._task, total=self._count_octets())
            self._progress.start_task(self._task)
            self._progress.start()
        if self._mails % 50 == 0:  # an update costs a fifth of what the examination of a mail does
            self._progress.update(self._task, completed=self._octets, mails=self._mails)

    def fill(self) -> None:
        """All is done: an mbox also has lines between its mails, which are no mail's."""
        if self._shown:
            self._progress.update(self._task, total=self._octets)

    def end(self) -> None:
        """Show the last state, and give the cursor back."""
        if self._shown:
            self._progress.update(self._task, completed=self._octets, mails=self._mails)
            self._progress.stop()
