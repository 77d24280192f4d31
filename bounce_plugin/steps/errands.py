"""What does a mailbox do while we do something else? One errand after the other, in a thread of its own.

So the server sends the next mails, and moves the last ones, while a batch is examined and recorded. Nobody else may use
the mailbox meanwhile; the ledger is used by no errand.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Result = TypeVar("Result")


class Errands:
    """A context manager: after its end no errand is under way, and none will be begun."""

    def __init__(self, *, aside: bool) -> None:
        """With `aside` errands are done in a thread, which begins with the first of them; else at once."""
        self.aside = aside
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="errands")

    def run(self, errand: Callable[[], Result]) -> Future[Result]:
        """Have an errand done after those before it; returns what is to come of it."""
        if self.aside:
            return self._thread.submit(errand)
        done: Future[Result] = Future()
        try:
            done.set_result(errand())
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            done.set_exception(error)
        return done

    def wait(self) -> None:
        """Wait until all of them are done: then the mailbox may be used directly, until the next one."""
        self.run(lambda: None).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)
