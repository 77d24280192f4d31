"""How is a canary sent? It is written down first, and awaited once a mail server has taken it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bounce_plugin.canary.message import build_message
from bounce_plugin.errors import RefusedError
from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.notices import ServerSettings, open_server

_OCTETS: Final = 16  # of a token: nobody guesses it


class Table(Protocol):
    """What this room needs of `[canary]`; the settings are above it and know it, not the other way round."""

    @property
    def address(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def within_hours(self) -> int: ...
    @property
    def smtp(self) -> ServerSettings: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRound:
    """One canary that was sent, and how the earlier ones fared."""

    address: str  # where it was sent
    sent: Canary
    overdue: tuple[Canary, ...]  # those whose reports are missing since one came last, oldest first
    last: Canary | None  # the one whose report came last


def send(ledger: Ledger, table: Table, clock: Callable[[], datetime]) -> CanaryRound:
    """Send one to the dead address. Raises NoticeError when no mail server takes it: then none is awaited."""
    token, now = secrets.token_hex(_OCTETS), clock()
    message = build_message(token, address=table.address, sender=table.sender, now=now)
    with ledger.transaction() as tx:
        overdue, last = canaries.overdue(tx, now), canaries.last_that_came(tx)
        canary = canaries.write_down(tx, token, table.address, now)
    try:
        open_server(table.smtp).send(message, sender=table.sender, to=[table.address])
    except RefusedError as error:
        remedy = (
            "it refuses the dead address at once, and so nobody makes a report. Let [canary] address be one of another "
            "server, for which this one has to report that it refused; or let [canary.smtp] name another mail server"
        )
        raise RefusedError(f"{error}: {remedy}") from error
    with ledger.transaction() as tx:
        sent = canaries.await_report(tx, canary, clock() + timedelta(hours=table.within_hours))
    return CanaryRound(address=table.address, sent=sent, overdue=overdue, last=last)
