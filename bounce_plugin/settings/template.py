"""What does a new operator begin with? A commented bounce.toml, and a key for the ledger."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from bounce_plugin.errors import SettingsError

SETTINGS_FILE: Final = "bounce.toml"
KEY_FILE: Final = "ledger.key"  # as the template names it


def write_template(folder: Path) -> tuple[Path, ...]:
    """Write bounce.toml, and ledger.key that only its owner may read; give their paths.

    Raises SettingsError, and writes nothing, where one of them exists: settings are work, and a ledger without its
    key is lost.
    """
    template = resources.files(__package__).joinpath(SETTINGS_FILE).read_text("utf-8")
    return tuple(reversed(_write({folder / KEY_FILE: _new_key(), folder / SETTINGS_FILE: template})))


def write_key(path: Path) -> None:
    """Write a new key for a ledger into a file that only its owner may read. Raises SettingsError where there is one."""
    _write({path: _new_key()})


def _new_key() -> str:
    return secrets.token_hex(32) + "\n"


def _write(contents: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write files for their owner alone, or none where one exists."""
    for path in contents:
        if os.path.lexists(path):
            raise SettingsError("exists already and is left as it is", source=str(path))
    try:
        for path, text in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # O_EXCL: what appeared meanwhile is not overwritten, and no link is followed
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # a ledger may be made dependent on it within a moment
    except OSError as error:
        raise SettingsError(f"cannot be written: {error}", source=str(error.filename or path)) from error
    return tuple(contents)
