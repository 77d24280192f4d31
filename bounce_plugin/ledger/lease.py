"""Who works on a mailbox now? One process at a time; one that lost its lease writes nothing any more (I-10).

The lease has a number that grows with each owner. Every write looks first whether the number is still ours, in the same
transaction: so nothing depends on clocks, which may jump. They only say when a silent owner may be followed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from bounce_plugin.errors import BusyError, LedgerError
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.owner import is_gone, new_owner, retire
from bounce_plugin.ledger.schema import leases
from bounce_plugin.ledger.transaction import IfAbsent, Transaction

log = logging.getLogger(__name__)

#: How long an owner may be silent before another may follow; each write begins it anew.
LASTS: Final = timedelta(minutes=5)

_THIS = (leases.c.tenant == bindparam("of_tenant"), leases.c.mailbox == bindparam("of_mailbox"))

#: Who has a mailbox.
LEASE = select(leases.c.owner, leases.c.number, leases.c.until).where(*_THIS)

#: A mailbox that nobody ever had.
ADD_LEASE = IfAbsent(leases)

#: Another owner, with the next number.
TAKE = (
    update(leases)
    .where(*_THIS)
    .values(owner=bindparam("new_owner"), number=leases.c.number + 1, until=bindparam("new_until"))
)

#: The owner is still there, if it is still the owner.
RENEW = (
    update(leases)
    .where(*_THIS, leases.c.owner == bindparam("by_owner"), leases.c.number == bindparam("by_number"))
    .values(until=bindparam("new_until"))
)

#: The owner is done.
RELEASE = (
    update(leases)
    .where(*_THIS, leases.c.owner == bindparam("by_owner"), leases.c.number == bindparam("by_number"))
    .values(owner="")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on a mailbox, and the ledger as its owner may write it."""

    ledger: Ledger
    mailbox: str
    owner: str
    number: int
    clock: Callable[[], datetime]

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction of the ledger. Raises BusyError, and writes nothing, where the lease was lost."""
        with self.ledger.transaction() as tx:
            renewed = {**self._mine(tx), "new_until": self.clock() + LASTS}
            if tx.connection.execute(RENEW, renewed).rowcount != 1:
                raise BusyError(f"mailbox {self.mailbox!r}: another process took it over, for we were silent too long")
            yield tx

    def reading(self) -> AbstractContextManager[Transaction]:
        """One consistent view of the ledger."""
        return self.ledger.reading()

    def release(self) -> None:
        """Let others have the mailbox. Without a ledger the lease ends by itself."""
        with suppress(LedgerError), self.ledger.transaction() as tx:
            tx.connection.execute(RELEASE, self._mine(tx))

    def _mine(self, tx: Transaction) -> dict[str, object]:
        return {
            "of_tenant": tx.tenant,
            "of_mailbox": self.mailbox,
            "by_owner": self.owner,
            "by_number": self.number,
        }


@contextmanager
def hold(ledger: Ledger, mailbox: str, clock: Callable[[], datetime], *, rehearsed: bool = False) -> Iterator[Lease]:
    """Have a mailbox for ourselves. Raises BusyError where another process works on it.

    A run that is only rehearsed takes it from anybody: all that it writes is undone.
    """
    owner = new_owner()
    try:
        lease = _take(ledger, mailbox, clock, owner, rehearsed=rehearsed)
        try:
            yield lease
        finally:
            lease.release()
    finally:
        retire(owner)  # so that a ledger that was away when we said so keeps nobody of this process waiting


def _take(ledger: Ledger, mailbox: str, clock: Callable[[], datetime], owner: str, *, rehearsed: bool) -> Lease:
    now = clock()
    with ledger.transaction() as tx:
        where = {"of_tenant": tx.tenant, "of_mailbox": mailbox}
        first = {"tenant": tx.tenant, "mailbox": mailbox, "owner": "", "number": 0, "until": now}
        tx.connection.execute(ADD_LEASE.on(tx.connection), first)
        before = tx.connection.execute(LEASE, where).one()
        if not rehearsed and _is_held(before, now):
            raise BusyError(f"mailbox {mailbox!r}: another process works on it")
        if before.owner:
            log.info("mailbox %s is taken over from %s, which ended without a word", mailbox, before.owner)
        tx.connection.execute(TAKE, {**where, "new_owner": owner, "new_until": now + LASTS})
    return Lease(ledger=ledger, mailbox=mailbox, owner=owner, number=before.number + 1, clock=clock)


def _is_held(lease: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Whether the owner must be waited for.

    A lease that lasts far longer than any can was given by another clock than ours, or ours went back. Nobody waits for
    a clock: to follow an owner that lives does no harm.
    """
    return bool(lease.owner) and now < lease.until <= now + 2 * LASTS and not is_gone(lease.owner)
