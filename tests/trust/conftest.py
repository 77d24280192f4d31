"""A host that demands signatures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trust.marked import make_world, signing
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A host that demands signatures."""
    made = make_world(tmp_path, signing())
    with made.plugin:
        yield made
