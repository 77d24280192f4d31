"""How much memory does an mbox of a million mails take, and does each mail get its line?

SOAK_MAILS: how many mails (1000000). They need about 3 kB of disk each, in the folder for temporary files, until it ends.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.fuzz import read_samples

MAILS = int(os.environ.get("SOAK_MAILS", "1000000"))
MEGABYTES = 200
PROC = Path("/proc")
_FROM = re.compile(rb"^(?=>*From )", re.MULTILINE)


def varied(raw: bytes, number: int) -> bytes:
    """A sample that speaks of other addresses and of another message."""
    return raw.replace(b"@", b"-%d@" % number)


def write_mbox(path: Path, samples: list[bytes]) -> None:
    with path.open("wb") as file:
        for number in range(MAILS):
            raw = _FROM.sub(b">", varied(samples[number % len(samples)], number))
            file.write(b"From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n" + raw + b"\n\n")


def examine_in_a_process(path: Path, memory: list[int]) -> Iterator[dict[str, object]]:
    """The JSON lines; `memory` is told time and again what all its processes hold, in kilobytes."""
    command = [sys.executable, "-m", "bounce_plugin", "examine", "--json", str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if number % 1000 == 0:
                memory.append(_held(process.pid))
            yield json.loads(line)
    assert process.returncode == 0


def _held(pid: int) -> int:
    """What a process and all that it started hold; memory that they share counts once (PSS)."""
    try:
        rollup = (PROC / str(pid) / "smaps_rollup").read_text()
        children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return 0  # it has ended
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, flags=re.MULTILINE)
    return (int(found[1]) if found else 0) + sum(_held(int(child)) for child in children)


def verdict(record: dict[str, object]) -> tuple[object, ...]:
    rows = record["rows"]
    assert isinstance(rows, list)
    return (record["kind"], *((row["kind"], row["reason"], row["counts"], row["status"]) for row in rows))


@pytest.mark.skipif(
    not (PROC / "self/smaps_rollup").exists(), reason="no /proc here that tells the memory of a process"
)
@pytest.mark.timeout(4 * 3600)
def test_an_mbox_of_a_million_mails_takes_less_than_200_megabytes(tmp_path: Path) -> None:
    samples = read_samples()
    path = tmp_path / "large"
    memory: list[int] = []
    first: dict[int, tuple[object, ...]] = {}
    lines = 0
    try:
        write_mbox(path, samples)
        size = path.stat().st_size
        start = monotonic()
        for number, record in enumerate(examine_in_a_process(path, memory)):
            lines += 1
            assert record["file"] == f"{path}#{number + 1}"
            # Copies of one sample differ in their addresses alone.
            assert verdict(record) == first.setdefault(number % len(samples), verdict(record)), record
        seconds = monotonic() - start
    finally:
        path.unlink(missing_ok=True)
    print(
        f"\n{lines} mails, {size / 1e6:.0f} MB, in {seconds:.0f} s ({lines / seconds:.0f} a second): "
        f"{max(memory) / 1024:.0f} MB of memory, {memory[len(memory) // 10] / 1024:.0f} MB after a tenth of them"
    )
    assert lines == MAILS
    assert max(memory) < MEGABYTES * 1024
