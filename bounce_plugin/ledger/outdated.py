"""Which deliveries does nobody need any more, and which addresses go with them?

Nearly all, once no report about them may come: all that they told is that a mail was sent. Two kinds stay, so that no
decision about anybody becomes another one:

- one that came back: another report of it is then still the same failure, and no new one;
- the first one after each failure of its address that did not come back: of those until the next failure it shows best
  that mail got through (`policy/success.py`), whatever the policy says, or will say.

So each failure keeps two of them at most.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Exists, FromClause, bindparam, delete, exists, or_, select, tuple_, update

from bounce_plugin.ledger.schema import addresses, deliveries, events
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind

#: Deliveries that are looked at in one transaction: it takes about a tenth of a second, in which others cannot write.
AT_ONCE: Final = 500  # SQLite allows 999 variables in old builds

#: The next ones that were sent before some time and not looked at yet.
NEXT: Final = (
    select(deliveries.c.number, deliveries.c.fingerprint)
    .where(
        deliveries.c.tenant == bindparam("tenant"),
        deliveries.c.needed.is_(None),
        deliveries.c.sent_at < bindparam("before"),
    )
    .order_by(deliveries.c.sent_at)
    .limit(AT_ONCE)
)

_SOME = deliveries.c.number.in_(bindparam("numbers", expanding=True))
_failure, _earlier = events.alias("failure"), deliveries.alias("earlier")


def _came_back(sent: FromClause) -> Exists:
    return exists().where(
        events.c.tenant == sent.c.tenant,
        events.c.fingerprint == sent.c.fingerprint,
        events.c.kind == Kind.BOUNCE,
        events.c.delivery_ref == sent.c.ref,
    )


_IS_FIRST_AFTER_A_FAILURE = exists().where(
    _failure.c.tenant == deliveries.c.tenant,
    _failure.c.fingerprint == deliveries.c.fingerprint,
    _failure.c.kind == Kind.BOUNCE,
    _failure.c.received_at < deliveries.c.sent_at,
    ~exists()
    .where(
        _earlier.c.tenant == deliveries.c.tenant,
        _earlier.c.fingerprint == deliveries.c.fingerprint,
        _earlier.c.sent_at > _failure.c.received_at,
        tuple_(_earlier.c.sent_at, _earlier.c.number) < tuple_(deliveries.c.sent_at, deliveries.c.number),
        ~_came_back(_earlier).correlate(_earlier),
    )
    .correlate(deliveries, _failure),
)

#: Of some deliveries, those on which something rests.
KEEP: Final = (
    update(deliveries).where(_SOME, or_(_came_back(deliveries), _IS_FIRST_AFTER_A_FAILURE)).values(needed=True)
)

#: The others go.
REMOVE: Final = delete(deliveries).where(_SOME, deliveries.c.needed.is_(None))

#: And so do those of some addresses, in all spellings, that nothing ever named but deliveries which are gone.
REMOVE_ADDRESSES: Final = delete(addresses).where(
    addresses.c.tenant == bindparam("tenant"),
    addresses.c.same_as.in_(bindparam("fingerprints", expanding=True)),
    addresses.c.passing,
    ~exists().where(deliveries.c.tenant == addresses.c.tenant, deliveries.c.fingerprint == addresses.c.same_as),
)


def remove_outdated(tx: Transaction, *, before: datetime) -> int | None:
    """Remove what was sent before this time and is not needed, of the next `AT_ONCE`; returns how many that were.

    None: there is nothing left to be looked at.
    """
    rows = tx.connection.execute(NEXT, {"tenant": tx.tenant, "before": before}).all()
    if not rows:
        return None
    some = {"numbers": [row.number for row in rows]}
    tx.connection.execute(KEEP, some)
    removed = tx.connection.execute(REMOVE, some).rowcount
    fingerprints = sorted({row.fingerprint for row in rows})
    tx.connection.execute(REMOVE_ADDRESSES, {"tenant": tx.tenant, "fingerprints": fingerprints})
    return removed
