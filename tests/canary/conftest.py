"""A host that sends canaries, and the mail server that takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canary.nest import (
    table,
)
from tests.notices.smtp import Server, start_server
from tests.world import World


@pytest.fixture
def server() -> Iterator[Server]:
    with start_server() as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, server: Server) -> Iterator[World]:
    made = World(tmp_path, table(server))
    with made.plugin:
        yield made
