"""How does a person take a stop back?"""

from __future__ import annotations

from datetime import datetime

from bounce_plugin.correlate.address import normalise
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.addresses import know_again
from bounce_plugin.ledger.history import suppression_of
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.answerable import require_words
from bounce_plugin.policy.state import Act, Verb, in_force


def lift(tx: Transaction, address: str, *, actor: str, why: str, now: datetime, removal: bool = False) -> Lifted:
    """Take back whatever stops an address. What happened before is not counted again; what happens later is.

    An address that nothing stops is vouched for by it: its failures until now are not counted either. One that was forgotten
    is known again from then on. `removal`: the host was told to take it from its lists. `NotFoundError` when `address` is no single address, SettingsError where `actor` or
    `why` is empty.
    """
    require_words(actor=actor, why=why)
    normal = normalise(address)
    if not normal:
        raise NotFoundError(f"{address!r} is no single address")
    know_again(tx, normal)
    stop = in_force(suppression_of(tx, normal), now)
    record_acts(tx, normal, [Act(verb=Verb.LIFT, at=now, because=why, actor=actor)])
    return Lifted(address=normal, actor=actor, why=why, at=now, stop=stop, removal=removal)
