"""Is each of thousands of damaged mails recorded and filed, whatever the database thinks of its octets?

SOAK_HANDLED: how many mails, on each kind of ledger (20000). SOAK_SEED: of what chance (20261123).
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path
from time import monotonic

import pytest

from bounce_plugin import Contact, hookimpl
from bounce_plugin.outcome import Handling
from tests.bounces import Box
from tests.everyday import NOW, everyday_plugin
from tests.fuzz import mutants, read_samples

HANDLED = int(os.environ.get("SOAK_HANDLED", "20000"))
SEED = int(os.environ.get("SOAK_SEED", "20261123"))


class Host:
    """Knows everybody."""

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id=address, address=address)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_damaged_mails_are_recorded_and_filed(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = ""
    if database == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        url = server.url(server.new_database())
    box = Box(tmp_path / "Maildir")
    for raw in islice(mutants(read_samples(), SEED), HANDLED):
        box.drop(raw, NOW)
    start = monotonic()
    with everyday_plugin(tmp_path, box.path, ledger=url, host=Host()) as plugin:
        summary = plugin.run_once()
        seconds = monotonic() - start
        again = plugin.run_once()
    counts = Counter(str(outcome.handling) for outcome in summary.outcomes)
    print(f"\n{database}: {HANDLED} damaged mails in {seconds:.0f} s: {dict(sorted(counts.items()))}")
    assert summary.ok, summary.errors[:5]
    assert sum(counts.values()) == HANDLED
    assert counts[Handling.FAILED] == 0
    assert again.outcomes == ()
    assert sum(len(box.mails(folder)) for folder in ("", "processed", "review")) == HANDLED
