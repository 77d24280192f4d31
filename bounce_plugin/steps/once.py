"""Is a failure one that counted already, under another name of its message?

A report may come before its mail is recorded as sent, and another one after that; or one gives the Message-ID, and one the
ENVID. Each is on record, with all that it tells; one of them counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from bounce_plugin.correlate.correlation import Caveat, Trust, same_message
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.record import event_id, names_of
from bounce_plugin.ledger.transaction import Failed, Transaction
from bounce_plugin.message.report import Kind

_LATEST: Final = 20  # messages with one name, such as an ENVID that a host gives to all mail


class Messages:
    """The messages to one address that failed, each by all names that any report gave it."""

    def __init__(self, failed: Iterable[Failed]) -> None:
        self._said: dict[str, set[str]] = {}  # by the keys under which a failure counted: all names beside them
        self._by_name: dict[str, list[_Message]] = {}
        for one in failed:
            self.add(one)

    def add(self, failed: Failed) -> None:
        """Learn of one more report."""
        names, key = set(failed.names), failed.names[0]
        if failed.counts or key in self._said:
            self._said.setdefault(key, set()).update(names)
        message = next(self._same(names), None)
        if message is None:
            message = _Message()
        for name in names - message.names:
            self._by_name.setdefault(name, []).append(message)
        message.names |= names
        message.counted = message.counted or failed.counts

    def _same(self, names: Set[str]) -> Iterator[_Message]:
        """Those that a report with these names may be of. Of one name that very many share only the latest are looked at."""
        for name in sorted(names):
            for message in self._by_name.get(name, ())[-_LATEST:]:
                if same_message(message.names, names):
                    yield message

    def counted(self, names: Sequence[str]) -> bool:
        """Whether a failure of this message counted, whatever it was called."""
        return names[0] in self._said or any(message.counted for message in self._same(set(names)))

    def is_recorded(self, names: Sequence[str], *, surely: bool) -> bool:
        """Whether a failure counted under this very key, with all these names; `surely` the key is enough."""
        said = self._said.get(names[0])
        return said is not None and (surely or said.issuperset(names))

    def is_one(self, names: Sequence[str], other: Sequence[str]) -> bool:
        """Whether both are of one message, and it is no third's."""
        return any(message.names.issuperset(names) for message in self._same(set(other)))


@dataclass(slots=True)
class _Message:
    names: set[str] = field(default_factory=set)
    counted: bool = False  # its failure, in some report


def count_once(
    tx: Transaction, told: Sequence[Sequence[BounceEvent]]
) -> tuple[list[tuple[BounceEvent, ...]], frozenset[str]]:
    """The events that several mails told, in their order, where what would count a second time does not count; and the
    ids of those.

    One that says nothing new is left as it is: the ledger knows it. So is one that our own mark proves: what else it says
    anybody may have altered (T-03), and a report of that message without the mark is rare.
    """
    recall(tx, [tx.fingerprint(event.address) for events in told for event in events if event.kind is Kind.BOUNCE])
    messages, repeated = dict[str, Messages](), set[str]()

    def once(event: BounceEvent) -> BounceEvent:
        if event.kind is not Kind.BOUNCE:
            return event
        fingerprint, names = tx.fingerprint(event.address), names_of(event)
        known = messages.get(fingerprint)
        if known is None:
            known = messages[fingerprint] = Messages(past_of(tx, fingerprint).failed)
        signed = event.trust.suffices(Trust.SIGNED_HEADER)
        if event.counts and known.counted(names) and not known.is_recorded(names, surely=signed):
            name = event_id(tx, address=event.address, message_key=event.message_key, kind=event.kind, counts=False)
            event = replace(event, id=name, counts=False, caveat=event.caveat or Caveat.COUNTED)
            repeated.add(name)
        known.add(Failed(names, event.counts))
        return event

    return [tuple(map(once, events)) for events in told], frozenset(repeated)
