"""Who is at the terminal? For the record of what a person decides."""

from __future__ import annotations

import getpass
import os
from typing import Final

import click


def login_name() -> str:
    """The name that one is logged in by; in a container that has no name for the user, its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12
        return str(os.getuid())


ACTOR: Final = click.option("--as", "actor", default=login_name, help="Your name, for the record.")
