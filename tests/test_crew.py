"""Do processes share work in order and in little memory, and does nothing hang, whatever happens to them?"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from bounce_plugin import crew
from bounce_plugin.crew import usable_cores, work_in_order
from bounce_plugin.errors import WorkerError
from tests import labour
from tests.processes import PROCESSES

ROOT = Path(__file__).parents[1]
IN_FLIGHT = 2 * crew._AHEAD * crew._TOGETHER  # items, with two processes


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def one(_: object) -> int:
    return 1


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(processes: int) -> None:
    done = work_in_order(labour.double, iter(range(2_000)), size_of=one, processes=processes)
    assert list(done) == [(number, 2 * number) for number in range(2_000)]


def test_an_endless_source_is_read_a_little_ahead_and_no_further() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        for taken in count(1):  # noqa: UP028 - it is counted
            yield taken

    done = work_in_order(labour.double, endless(), size_of=one, processes=2)
    assert len(list(islice(done, 1_000))) == 1_000
    assert 1_000 <= taken <= 1_000 + IN_FLIGHT
    done.close()


def test_nothing_is_read_before_somebody_asks() -> None:
    def never() -> Iterator[int]:
        pytest.fail("it was read")
        yield 0

    work_in_order(labour.double, never(), size_of=one, processes=2).close()


def test_large_items_are_few_at_a_time() -> None:
    taken = 0

    def large() -> Iterator[int]:
        nonlocal taken
        for taken in range(1, 100):  # noqa: UP028 - it is counted
            yield taken

    done = work_in_order(labour.double, large(), size_of=lambda _: crew._OCTETS_AHEAD // 2, processes=2)
    next(done)
    assert taken <= 3
    done.close()


@pytest.mark.parametrize(
    ("work", "items"),
    [
        pytest.param(labour.blow_up, list(range(200)), id="results"),
        pytest.param(labour.echo, [b"x" * 300_000] * 200, id="items and results"),
    ],
)
def test_much_to_write_on_both_sides_blocks_nobody(work, items) -> None:  # type: ignore[no-untyped-def]
    assert [result for _, result in work_in_order(work, items, size_of=one, processes=2)] == list(map(work, items))


@pytest.mark.parametrize("processes", [1, 2])
def test_what_the_source_raises_comes_after_all_before_it(processes: int) -> None:
    def torn() -> Iterator[int]:
        yield from range(333)
        raise LookupError("the disk is gone")

    done = work_in_order(labour.double, torn(), size_of=one, processes=processes)
    assert [item for item, _ in islice(done, 333)] == list(range(333))
    with pytest.raises(LookupError, match="the disk is gone"):
        next(done)


def test_a_process_that_dies_is_an_error_that_says_where() -> None:
    done = work_in_order(labour.fall, count(), size_of=one, processes=2)
    assert [item for item, _ in islice(done, 96)] == list(range(96))
    with pytest.raises(WorkerError, match=r"exit code -9 .* mails 97 to 112") as raised:
        next(done)
    assert (raised.value.exit_code, raised.value.first, raised.value.last) == (-signal.SIGKILL, 97, 112)


@pytest.mark.skipif(usable_cores() == 1, reason="there is one core only, so all is done here")
def test_items_that_were_done_here_count_when_an_error_says_where() -> None:
    with pytest.raises(WorkerError, match="mails 597 to 612"):
        list(work_in_order(labour.fall, range(2_000), size_of=one))


def test_work_that_raises_in_a_process_is_an_error_too() -> None:
    with pytest.raises(WorkerError, match="exit code 1 "):
        list(work_in_order(labour.raise_at, range(1_000), size_of=one, processes=2))


def test_closed_early_it_ends_the_processes_whatever_they_are_at() -> None:
    done = work_in_order(labour.who, count(), size_of=one, processes=2)
    pids = {pid for _, pid in islice(done, 100)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    start = time.monotonic()
    done.close()
    assert not any(map(alive, pids))
    assert time.monotonic() - start < 3


def test_left_alone_it_ends_the_processes() -> None:
    def abandon() -> set[int]:
        return {pid for _, pid in islice(work_in_order(labour.who, count(), size_of=one, processes=2), 100)}

    assert not any(map(alive, abandon()))


def test_an_interruption_does_not_wait_for_a_slow_item() -> None:
    def interrupted() -> Iterator[int]:
        yield from range(3)
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(work_in_order(labour.dawdle, interrupted(), size_of=lambda _: crew._OCTETS_TOGETHER, processes=2))
    assert time.monotonic() - start < 20


def test_no_process_outlives_one_that_is_killed() -> None:
    code = (
        "from itertools import count\nfrom bounce_plugin.crew import work_in_order\nfrom tests import labour\n"
        "if __name__ == '__main__':\n"
        "    for _, pid in work_in_order(labour.who, count(), size_of=lambda _: 1, processes=2): print(pid, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        pids = {int(line) for line in islice(process.stdout, 200)}
        process.kill()
    assert len(pids) == 2
    limit = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_few_items_need_no_process_and_many_take_all_cores() -> None:
    few = [pid for _, pid in work_in_order(labour.who, range(crew.FEW), size_of=one)]
    assert set(few) == {os.getpid()}
    many = [pid for _, pid in work_in_order(labour.who, range(crew.FEW + 1_000), size_of=one)]
    assert set(many[: crew.FEW]) == {os.getpid()}
    others = set(many[crew.FEW :])
    assert len(others) == usable_cores()
    assert usable_cores() == 1 or os.getpid() not in others


def test_a_process_that_may_have_no_children_works_alone() -> None:
    with PROCESSES.Pool(1) as pool:
        assert len(set(pool.apply(labour.who_from_within, [None]))) == 1


def test_no_process_at_all_is_refused() -> None:
    done: Generator[tuple[int, int]] = work_in_order(labour.double, [1], size_of=one, processes=0)
    with pytest.raises(ValueError, match="processes = 0"):
        next(done)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
