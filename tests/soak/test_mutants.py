"""Does any of a million damaged mails break a promise, or cost out of all proportion? (T-07)

SOAK_MUTANTS: how many (1000000). SOAK_SEED: of what chance (20261123); with the same one they are the same mails.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, field
from heapq import nlargest
from time import process_time

import pytest

from bounce_plugin.examination import examine
from tests.fuzz import mutant, prefixes, read_samples, suffixes
from tests.promises import broken_promises

MUTANTS = int(os.environ.get("SOAK_MUTANTS", "1000000"))
SEED = int(os.environ.get("SOAK_SEED", "20261123"))
PORTION = 2_000
DEAREST = 5
SECONDS = 2.0  # of the processor, for any mail: none is larger than the largest mail that is read to its end
SAMPLES = read_samples()


@dataclass(order=True)
class Cost:
    """What the examination of one mail cost; the dearest in proportion to its size is the greatest."""

    per_100_kb: float = 0.0  # seconds; what is smaller than 10 kB counts as that
    seconds: float = 0.0
    size: int = 0
    number: int = 0


@dataclass
class Portion:
    """What came of some of the mails."""

    size: int = 0
    seconds: float = 0.0
    broken: dict[int, list[str]] = field(default_factory=dict)
    dearest: list[Cost] = field(default_factory=list)  # the few that cost most in proportion to their size


def examine_portion(first: int) -> Portion:
    for raw in SAMPLES:
        examine(raw)  # what is loaded when it is first needed is no mail's fault
    done = Portion()
    for number in range(first, min(first + PORTION, MUTANTS)):
        raw = mutant(SAMPLES, SEED, number)
        start = process_time()
        examination = examine(raw)
        seconds = process_time() - start
        if wrong := broken_promises(examination):
            done.broken[number] = wrong
        done.size += len(raw)
        done.seconds += seconds
        done.dearest.append(Cost(seconds / max(len(raw), 10_000) * 100_000, seconds, len(raw), number))
    done.dearest = nlargest(DEAREST, done.dearest)
    return done


@pytest.mark.timeout(4 * 3600)
def test_T_07_a_million_damaged_mails() -> None:
    total = Portion()
    with multiprocessing.get_context("forkserver").Pool(maxtasksperchild=50) as pool:
        for done in pool.imap_unordered(examine_portion, range(0, MUTANTS, PORTION)):
            total.size += done.size
            total.seconds += done.seconds
            total.broken |= done.broken
            total.dearest = nlargest(DEAREST, total.dearest + done.dearest)
    print(
        f"\n{MUTANTS} damaged mails of seed {SEED}, {total.size / MUTANTS:.0f} octets on average: "
        f"{len(total.broken)} broken promises, {total.seconds / MUTANTS * 1e6:.0f} µs each; the slowest, for 100 kB:"
    )
    for one in total.dearest:
        print(f"  {one.per_100_kb:.3f} s: number {one.number}, {one.seconds:.3f} s for {one.size} octets")
    assert {f"python -m tests.fuzz {SEED} {number}": wrong for number, wrong in total.broken.items()} == {}
    assert max(one.seconds for one in total.dearest) < SECONDS


def cut(number: int) -> tuple[int, list[bytes]]:
    """Cut a sample at each of its lines; how often, and the pieces that broke a promise."""
    pieces = [*prefixes(SAMPLES[number]), *suffixes(SAMPLES[number])]
    return len(pieces), [piece for piece in pieces if broken_promises(examine(piece))]


def test_t_07_every_sample_cut_at_each_line_keeps_every_promise() -> None:
    with multiprocessing.get_context("forkserver").Pool() as pool:
        done = pool.map(cut, range(len(SAMPLES)), chunksize=20)
    print(f"\n{len(SAMPLES):,} samples cut at each line: {sum(times for times, _ in done):,} pieces")
    assert [piece for _, broken in done for piece in broken] == []
