"""Is anything lost or counted twice, however often a process is killed that a mail is handed to?

SOAK_HANDED: how many processes are killed at work, for both ledgers together (200).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers.postgresql import Postgresql
from tests.test_intake import hand_over_with_kills

KILLS = int(os.environ.get("SOAK_HANDED", "200"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
def test_I_01_killed_at_random_moments(ledger: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if ledger == "sqlite":
        hand_over_with_kills(tmp_path, KILLS // 2)
        return
    server: Postgresql = request.getfixturevalue("postgresql_server")
    hand_over_with_kills(tmp_path, KILLS // 2, lambda: server.url(server.new_database()))
