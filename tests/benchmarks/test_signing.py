"""How long does it take to sign a newsletter, and to record each of its deliveries?

The figures are printed, for they belong to a machine; that the rate does not fall with the number is asserted.
"""

from __future__ import annotations

import os
import resource
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest

from bounce_plugin import BouncePlugin, Contact
from bounce_plugin.settings import parse_settings

#: `make bench` signs a million; `make test` what takes a moment.
SIZES = (10_000, 100_000, 1_000_000) if os.environ.get("BENCH") else (2_000, 8_000)
MEGABYTES = 50  # that more recipients may need, however many


@pytest.mark.timeout(1800)
def test_signing_for_many_recipients(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text("07" * 32)
    (tmp_path / "trust.key").write_text("0b" * 32)
    text = '[trust]\nbounce_domain = "bounces.example.org"\n[[trust.key]]\nnumber = 1\nfile = "trust.key"\n'
    rates: dict[int, float] = {}
    memory: dict[int, float] = {}
    print()
    with BouncePlugin(parse_settings(text, folder=tmp_path), entry_points=False) as plugin:
        for size in SIZES:
            people = (
                Contact(id=str(number), address=f"member{number}@provider{number % 400}.example")
                for number in range(size)
            )
            start = perf_counter()
            signed = sum(1 for _ in plugin.return_paths(people, f"N-{size}", "newsletter"))
            seconds = perf_counter() - start
            memory[size] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rates[size] = signed / seconds
            print(f"{signed:7} return paths: {rates[size]:6.0f} a second, {seconds:5.1f} s, {memory[size]:4.0f} MB")
    for small, large in pairwise(SIZES):
        assert rates[large] > rates[small] / 3
        assert memory[large] - memory[small] < MEGABYTES
