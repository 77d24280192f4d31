"""A folder in which commands are typed."""

from pathlib import Path

import pytest

from bounce_plugin.cli import DONE
from tests.bounces import Box
from tests.cli.terminal import call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `init` leaves it, with a Maildir."""
    monkeypatch.chdir(tmp_path)
    assert call("init").exit_code == DONE
    Box(tmp_path / "Maildir")
    return tmp_path
