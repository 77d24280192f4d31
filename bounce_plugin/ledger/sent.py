"""Which deliveries must a decision know of? Those that may have got through since a failure that this would forgive.

Of nearly every address nothing is asked: it has no soft failure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from bounce_plugin.correlate.correlation import OF_DELIVERY
from bounce_plugin.ledger.columns import bounded
from bounce_plugin.ledger.schema import deliveries, events
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.success import Sent, oldest_soft

#: What was sent to some addresses after a time.
SENT_SINCE: Final = select(deliveries.c.fingerprint, deliveries.c.ref, deliveries.c.sent_at).where(
    deliveries.c.tenant == bindparam("tenant"),
    deliveries.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    deliveries.c.sent_at > bindparam("since"),
)

#: When failures of messages to some addresses were received first, whether they count or not, and whatever was undone.
FAILED: Final = (
    select(events.c.fingerprint, events.c.message_key, func.min(events.c.received_at).label("failed_at"))
    .where(
        events.c.tenant == bindparam("tenant"),
        events.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
        events.c.kind == Kind.BOUNCE,
    )
    .group_by(events.c.fingerprint, events.c.message_key)
)


def recall_sent(tx: Transaction, pasts: Mapping[str, Past]) -> None:
    """Read what was sent to these addresses since their oldest soft failures, unless it was read already."""
    wanted: dict[str, datetime] = {}
    for fingerprint, past in pasts.items():
        oldest = oldest_soft((*past.events, *past.held))
        if oldest is not None and (past.sent_since is None or oldest < past.sent_since):
            wanted[fingerprint] = oldest
    if not wanted:
        return
    where = {"tenant": tx.tenant, "fingerprints": list(wanted)}
    found: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for row in tx.connection.execute(SENT_SINCE, {**where, "since": min(wanted.values())}):
        if row.sent_at > wanted[row.fingerprint]:
            found[row.fingerprint].append((bounded(f"{OF_DELIVERY}{row.ref}"), row.sent_at))
    failed: dict[tuple[str, str], datetime] = {}
    if found:
        rows = tx.connection.execute(FAILED, {**where, "fingerprints": list(found)})
        failed = {(row.fingerprint, row.message_key): row.failed_at for row in rows}
    for fingerprint, since in wanted.items():
        past = pasts[fingerprint]
        past.sent_since = since
        past.sent[:] = [
            Sent(message_key=key, at=at, failed_at=failed.get((fingerprint, key))) for key, at in found[fingerprint]
        ]
