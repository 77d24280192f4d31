"""Fixtures with real servers, for `pytest_plugins`. Each xdist worker starts its own; each test has its own user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.servers.account import Account
from tests.servers.dovecot import Dovecot, NoDovecotError

StartDovecot = Callable[..., Dovecot]


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    """One Dovecot with the separator `/` and all its capabilities."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Dovecot())
        except NoDovecotError as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def account(dovecot_server: Dovecot) -> Account:
    """A fresh user with an empty mailbox."""
    return dovecot_server.add_account()


@pytest.fixture(scope="session")
def pop3_server() -> Iterator[Dovecot]:
    """One Dovecot that speaks POP3, too."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Dovecot(pop3=True))
        except NoDovecotError as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def pop3_account(pop3_server: Dovecot) -> Account:
    """A fresh user of it, with an empty mailbox."""
    return pop3_server.add_account()


@pytest.fixture
def start_dovecot() -> Iterator[StartDovecot]:
    """Start a Dovecot that is set up otherwise: `start_dovecot(separator=".", namespace="INBOX.")`."""
    with ExitStack() as stack:

        def start(**settings: object) -> Dovecot:
            try:
                return stack.enter_context(Dovecot(**settings))  # type: ignore[arg-type]  # passed on as they are
            except NoDovecotError as error:
                pytest.skip(str(error))

        yield start
