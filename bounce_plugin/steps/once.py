"""Is a failure one that counted already, under another name of its message?

A report may come before its mail is recorded as sent, and another one after that; or one gives the Message-ID, and one the
ENVID. Each is on record, with all that it tells; one of them counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from bounce_plugin.correlate.correlation import same_message
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.record import event_id, names_of
from bounce_plugin.ledger.transaction import Transaction


def count_once(
    tx: Transaction, told: Sequence[Sequence[BounceEvent]]
) -> tuple[list[tuple[BounceEvent, ...]], frozenset[str]]:
    """The events that several mails told, in their order, where what would count a second time does not count; and the
    ids of those.

    One whose key counted is left as it is: the ledger knows it.
    """
    recall(tx, [tx.fingerprint(event.address) for events in told for event in events if event.counts])
    new, repeated = defaultdict[str, list[tuple[str, ...]]](list), set[str]()

    def once(event: BounceEvent) -> BounceEvent:
        if not event.counts:
            return event
        fingerprint, names = tx.fingerprint(event.address), names_of(event)
        counted = (*past_of(tx, fingerprint).counted, *new[fingerprint])
        if any(one[0] == names[0] for one in counted):
            return event
        if not any(same_message(one, names) for one in counted):
            new[fingerprint].append(names)
            return event
        name = event_id(tx, address=event.address, message_key=event.message_key, kind=event.kind, counts=False)
        repeated.add(name)
        return replace(event, id=name, counts=False)

    return [tuple(map(once, events)) for events in told], frozenset(repeated)
