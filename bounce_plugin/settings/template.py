"""What does a new operator begin with? A commented bounce.toml, and a key for the ledger."""

from __future__ import annotations

import os
import secrets
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
    contents = {
        folder / KEY_FILE: secrets.token_hex(32) + "\n",
        folder / SETTINGS_FILE: resources.files(__package__).joinpath(SETTINGS_FILE).read_text("utf-8"),
    }
    for path in contents:
        if os.path.lexists(path):
            raise SettingsError("exists already and is left as it is", source=str(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in contents.items():
            # O_EXCL: what appeared meanwhile is not overwritten, and no link is followed
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise SettingsError(f"cannot be written: {error}", source=str(error.filename or folder)) from error
    return tuple(reversed(contents))
