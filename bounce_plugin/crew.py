"""How is work shared among processes, so that its results come in order and little is held in memory?

Each process has a pipe of its own. What is handed to it waits there, so that it never stands idle while this process is
busy; what it gives back is fetched in the order in which the work was handed out. The processes come from Python's fork
server: a fork of this one could copy a lock that another of its threads holds, and a program that lets the fork server
load our modules (`multiprocessing.set_forkserver_preload`) has them in memory once for all processes.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from threading import Thread
from typing import Final, Generic, NoReturn, Self, TypeVar

from bounce_plugin.errors import WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Where nobody says how many processes, so many items are done here first: to start processes takes about as long.
FEW: Final = 500
_TOGETHER: Final = 16  # items that are handed over at once, as each time takes a while
_OCTETS_TOGETHER: Final = 256 * 1024
_AHEAD: Final = 4  # portions that a process has been handed and that were not fetched yet
_OCTETS_AHEAD: Final = 16 * 1024 * 1024  # of all processes; a single larger item is handed out alone
_PATIENCE: Final = 5.0  # seconds until a process that was told to end is killed


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    size_of: Callable[[Item], int],
    processes: int | None = None,
) -> Generator[tuple[Item, Result], None, None]:
    """Each item and what `work` makes of it, in their order, one by one as somebody asks for them.

    `work`, the items and the results must be picklable; `size_of` is roughly how many octets an item has. With one
    process everything is done in this one; None means all usable cores, once there are more than a few items. What
    `items` raises is raised when all before it is done. Raises WorkerError when one of the processes ends.
    """
    if processes is not None and processes < 1:
        raise ValueError(f"processes = {processes}: at least 1 is needed")
    source = iter(items)
    done = 0
    if processes is None:
        for item in islice(source, FEW):
            yield item, work(item)
            done += 1
        # A daemonic process, as those of a multiprocessing.Pool, may have no children.
        processes = 1 if multiprocessing.current_process().daemon else usable_cores()
    if processes == 1:
        for item in source:
            yield item, work(item)
    else:
        yield from _share(work, _Portions(source, size_of, done), processes)


def _share(
    work: Callable[[Item], Result], portions: _Portions[Item], processes: int
) -> Generator[tuple[Item, Result], None, None]:
    with _Crew(work, processes) as crew:
        waiting: deque[_Portion[Item]] = deque()
        while True:
            while len(waiting) < processes * _AHEAD and (
                not waiting or sum(portion.octets for portion in waiting) < _OCTETS_AHEAD
            ):
                portion = portions.take()
                if portion is None:
                    break
                crew.hand_out(portion)
                waiting.append(portion)
            if not waiting:
                break
            portion = waiting.popleft()
            yield from zip(portion.items, crew.fetch(portion), strict=True)
    if portions.failure is not None:
        raise portions.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portion(Generic[Item]):
    """Items that are handed over together."""

    number: int
    first: int  # the number of the first item, counted from 1
    items: Sequence[Item]
    octets: int


class _Portions(Generic[Item]):
    """The items, in portions; read no further than is asked for."""

    def __init__(self, source: Iterator[Item], size_of: Callable[[Item], int], taken: int) -> None:
        self._source = source
        self._size_of = size_of
        self._number = 0
        self._taken = taken  # from the source, until now
        self.failure: Exception | None = None  # what the source raised; it comes after all that it gave before

    def take(self) -> _Portion[Item] | None:
        """The next portion; None at the end."""
        items: list[Item] = []
        octets = 0
        try:
            while self.failure is None and len(items) < _TOGETHER and octets < _OCTETS_TOGETHER:
                item = next(self._source)
                items.append(item)
                octets += self._size_of(item)
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in its turn
            self.failure = error
        if not items:
            return None
        portion = _Portion(number=self._number, first=self._taken + 1, items=items, octets=octets)
        self._number += 1
        self._taken += len(items)
        return portion


class _Crew(Generic[Item, Result]):
    """The processes. They take turns: portion by portion, round and round."""

    def __init__(self, work: Callable[[Item], Result], size: int) -> None:
        self._work = work
        self._size = size
        self._workers: list[tuple[BaseProcess, Connection]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have them end, whatever they are at."""
        for _process, ours in self._workers:
            ours.close()
        for process, _connection in self._workers:
            process.join(_PATIENCE)
            if process.exitcode is None:
                process.kill()
                process.join()
            process.close()

    def hand_out(self, portion: _Portion[Item]) -> None:
        """Give a portion to the process whose turn it is. The first ones start it."""
        turn = portion.number % self._size
        if turn == len(self._workers):
            try:
                self._workers.append(_start(self._work))
            except (OSError, EOFError) as error:
                raise self._lost(portion) from error
        with suppress(BrokenPipeError, ConnectionResetError):  # it is dead, and `fetch` says so when it comes to that
            self._workers[turn][1].send(portion.items)

    def fetch(self, portion: _Portion[Item]) -> Sequence[Result]:
        """What came of a portion; waits until it is done."""
        try:
            results: Sequence[Result] = pickle.loads(self._workers[portion.number % self._size][1].recv_bytes())  # noqa: S301 - our own process wrote it
        except (OSError, EOFError) as error:
            raise self._lost(portion) from error
        return results

    def _lost(self, portion: _Portion[Item]) -> WorkerError:
        turn = portion.number % self._size
        exit_code = None
        if turn < len(self._workers):
            process = self._workers[turn][0]
            process.join(_PATIENCE)
            exit_code = process.exitcode
        return WorkerError(first=portion.first, last=portion.first + len(portion.items) - 1, exit_code=exit_code)


def _start(work: Callable[[Item], Result]) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    with theirs:  # when the process ends, nobody must hold that end of the pipe any more
        process = context.Process(target=_serve, args=(theirs, work), daemon=True, name="bounce-plugin worker")
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
    return process, ours


def _serve(connection: Connection, work: Callable[[Item], Result]) -> NoReturn:
    """What each process does until the other end of its pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that started us sees to it
    gc.freeze()  # a collection would write to all that is there already, and so make it this process's own
    portions: SimpleQueue[Sequence[Item]] = SimpleQueue()
    Thread(target=_receive, args=(connection, portions), daemon=True).start()
    while True:
        results = [work(item) for item in portions.get()]
        try:
            connection.send_bytes(pickle.dumps(results, pickle.HIGHEST_PROTOCOL))
        except OSError:  # nobody wants them any more
            os._exit(0)


def _receive(connection: Connection, portions: SimpleQueue[Sequence[Item]]) -> None:
    """Take in what is handed over, also during work: whoever hands it over must not have to wait for us.

    Otherwise each could wait for the other to read. It is also noticed at once when nobody wants the results any more.
    """
    while True:
        try:
            portions.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)
