"""How long does it take to ask before a newsletter, and before a single mail?

Beside it runs what a host would write itself: the recipients' fingerprints into a temporary table, joined with those who
are stopped. That in turn is given the quick way of ours to make fingerprints, too. Ratios are asserted, and memory; seconds
are printed, for they belong to a machine.
"""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from bounce_plugin.ledger.digests import fingerprint_in
from bounce_plugin.ledger.transaction import Transaction

ROOT = Path(__file__).parents[2]
BENCH = bool(os.environ.get("BENCH"))
#: `make bench` asks for a million among five million; `make test` what takes a moment.
RECIPIENTS, STOPS = (1_000_000, 5_000_000) if BENCH else (40_000, 100_000)
#: How many times as fast as the join it is at least. In a small table the join has everything at hand.
FLOOR = 4.0 if BENCH else 1.3
MEGABYTES = 120  # that the process may need beside a bare interpreter
ONE_IN = 50  # of the recipients is stopped
ROUNDS = 2 if BENCH else 3
SINGLE = 3_000  # addresses asked for one by one

ADD = (
    "INSERT INTO suppressions (tenant, fingerprint, exempt_too, since, until, rule) "
    "VALUES (1, ?, 0, '2026-11-23 12:00:00.000000', NULL, 'hard')"
)
JOIN = (
    "SELECT place FROM asked JOIN suppressions USING (fingerprint) "
    "WHERE tenant = 1 AND (until IS NULL OR until > '2026-11-28')"
)


def stopped(number: int) -> str:
    return f"stopped{number}@provider{number % 400}.example"


def recipients(number: int) -> Iterator[str]:
    """So many members, of whom one in fifty is stopped, from all over the table."""
    step = max(STOPS // number, 1) * ONE_IN
    for member in range(number):
        if member % ONE_IN:
            yield f"member{member}@provider{member % 400}.example"
        else:
            yield stopped(member // ONE_IN * step % STOPS)


def settings_in(folder: Path) -> Path:
    (folder / "ledger.key").write_text("07" * 32)
    (folder / "bounce.toml").write_text('[[mailbox]]\nname = "m"\nkind = "maildir"\npath = "m"\n')
    return folder / "bounce.toml"


def fill(settings: Path) -> None:
    """Stop very many, in their order, and past the ledger: it would take minutes, and is not what is measured."""
    from bounce_plugin import BouncePlugin

    fingerprints: list[str] = []
    with BouncePlugin.from_file(settings) as plugin, plugin.ledger.reading() as tx:
        for first in range(0, STOPS, 50_000):
            digests, _ = tx.digests([stopped(one) for one in range(first, min(first + 50_000, STOPS))])
            fingerprints += [fingerprint_in(digest) for digest in digests]
    fingerprints.sort()
    with sqlite3.connect(settings.with_name("bounces.sqlite3")) as database:
        database.executemany(ADD, ((one,) for one in fingerprints))
    database.close()


def peak() -> float:
    """Megabytes that this process has needed at most."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def timed(work: Callable[[], int], rounds: int) -> tuple[float, int]:
    """Seconds, the best of some rounds, and what came of it."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = perf_counter()
        number = work()
        times.append(perf_counter() - start)
    return min(times), number


def run(settings: str) -> None:
    """What the process does that is measured."""
    from bounce_plugin import BouncePlugin

    found: dict[str, float] = {}
    with BouncePlugin.from_file(settings) as plugin:
        ledger = plugin.ledger
        found["opened"] = peak()

        found["first"], found["allowed"] = timed(
            lambda: sum(1 for _ in plugin.filter(recipients(RECIPIENTS), "newsletter")), 1
        )
        found["withheld"] = len(plugin.suppressed_among(recipients(RECIPIENTS), "newsletter"))
        found["peak"] = peak()
        people = list(recipients(RECIPIENTS))  # so that to make them counts nowhere

        def joined(fingerprints: Callable[[Transaction], list[str]]) -> int:
            with ledger.reading() as tx:
                run_sql = tx.connection.exec_driver_sql
                run_sql("CREATE TEMP TABLE asked (place INTEGER PRIMARY KEY, fingerprint TEXT)")
                run_sql("INSERT INTO asked (fingerprint) VALUES (?)", [(one,) for one in fingerprints(tx)])
                held = set(run_sql(JOIN).scalars())
                run_sql("DROP TABLE asked")
            return sum(1 for place, _ in enumerate(people, 1) if place not in held)

        def each(tx: Transaction) -> list[str]:
            return [ledger.fingerprint(one) for one in people]

        def together(tx: Transaction) -> list[str]:
            return [fingerprint_in(digest) for digest in tx.digests(people)[0]]

        ways: dict[str, Callable[[], int]] = {
            "filter": lambda: sum(1 for _ in plugin.filter(people, "newsletter")),
            "among": lambda: len(plugin.suppressed_among(people, "newsletter")),
            "join": lambda: joined(each),
            "quick join": lambda: joined(together),
        }
        for _ in range(ROUNDS):  # in turns, so that a machine that grows slower does so for all
            for name, way in ways.items():
                seconds, number = timed(way, 1)
                found[name] = min(found.get(name, seconds), seconds)
                assert number == found["withheld" if name == "among" else "allowed"]
        single = [one for one, _ in zip(recipients(RECIPIENTS), range(SINGLE), strict=False)]
        for name in ("single", "single again"):
            times = []
            for one in single:
                start = perf_counter()
                plugin.should_suppress(one, "newsletter")
                times.append(perf_counter() - start)
            found[name] = median(times) * 1e6
    print(json.dumps(found))


@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_newsletter_against_a_temporary_table(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    fill(settings)
    base = "import re; print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    interpreter = int(subprocess.run([sys.executable, "-c", base], capture_output=True, check=True).stdout) / 1024
    done = subprocess.run(
        [sys.executable, __file__, str(settings)], capture_output=True, text=True, check=True, cwd=ROOT, timeout=1500
    )
    found = json.loads(done.stdout)
    print(f"\n{RECIPIENTS} recipients, {STOPS} stopped, one of {ONE_IN} recipients among them")
    for name, said in (
        ("filter", "filter"),
        ("among", "suppressed_among"),
        ("first", "filter for the first time, which makes the snapshot"),
        ("join", "a temporary table, joined"),
        ("quick join", "the same, with our quick fingerprints"),
    ):
        print(f"{said:52} {found[name]:6.2f} s  {found[name] / found['filter']:5.1f} times as long as filter")
    memory = found["peak"] - interpreter
    print(
        f"memory beside the interpreter's {interpreter:.0f} MB: {memory:.0f} MB, {found['opened'] - interpreter:.0f} of them for what is imported"
    )
    print(f"a single question: {found['single']:.0f} µs, asked again: {found['single again']:.1f} µs (median)")
    assert found["allowed"] == RECIPIENTS - RECIPIENTS // ONE_IN
    assert found["withheld"] == RECIPIENTS // ONE_IN
    assert found["join"] / found["filter"] >= FLOOR
    assert memory < MEGABYTES
    assert found["single again"] < found["single"] / 1.5


if __name__ == "__main__":
    run(sys.argv[1])
