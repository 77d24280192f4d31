"""Processes of tests, for `pytest_plugins`: each is forked off one that has our modules in memory, as to import them takes over a second."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from bounce_plugin.cli import COMMANDS

PROCESSES = multiprocessing.get_context("forkserver")

#: What they need, all together: a test process has one from which all of them are forked, and that loads what was named last.
LOADED = [
    "bounce_plugin.plugin",
    *(f"bounce_plugin.cli.{module}" for module in sorted({*COMMANDS.values()} - {"ingest"})),  # it notes its parent
    "bounce_plugin.intake",
    "bounce_plugin.mailbox.imap",
    "bounce_plugin.mailbox.pop3",
    "alembic.command",
    "psycopg",
    "tests.announce.house",
    "tests.faults",
    "tests.flock",
    "tests.handing",
    "tests.labour",
    "tests.ledger.workers",
    "tests.office",
    "tests.programs",
    "tests.warm",
]


@pytest.fixture(scope="session", autouse=True)
def loaded_once() -> Iterator[None]:
    """Name them, and let no command that a test calls name others."""
    PROCESSES.set_forkserver_preload(LOADED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiprocessing, "set_forkserver_preload", lambda modules: None)
        yield
