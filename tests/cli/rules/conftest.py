"""A folder in which commands are typed, and its settings with a phrase of the operator's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.cli import DONE
from tests.cli.rules.listed import KIOSK
from tests.cli.terminal import call


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings() -> Path:
    """A settings file with a phrase of the operator's."""
    assert call("init").exit_code == DONE
    path = Path("bounce.toml")
    path.write_text(path.read_text() + KIOSK)
    return path
