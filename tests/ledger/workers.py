"""What other processes do to a ledger, in tests."""

from __future__ import annotations

from datetime import timedelta

from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import Payload, announce
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.record import record_acts, record_event
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.state import Act, Verb
from tests.ledger.samples import JOE, NOW, a_mail, an_event
from tests.servers.ledgers import KEY

STOP_AFTER = 10  # failures
RECIPIENTS = ("ann", "bob", "joe")


def open_and_close(url: str) -> None:
    """Open a ledger, making it if need be."""
    Ledger.open(url, key=KEY).close()


def record_failures(url: str, worker: int, failures: int) -> None:
    """Record failures of one address, each in a transaction of its own, and stop it after the tenth of everybody's."""
    with Ledger.open(url, key=KEY) as ledger:
        for number in range(failures):
            with ledger.transaction() as tx:
                _record(tx, f"mid:{worker}-{number}")


def _record(tx: Transaction, message_key: str) -> None:
    assert record_event(tx, an_event(tx, message_key=message_key), weight=1.0)
    if len(past_events(tx, JOE)) >= STOP_AFTER and not acts_of(tx, JOE):
        record_acts(tx, JOE, [Act(verb=Verb.SUPPRESS, at=NOW, rule="ten", because="Ten failures.")])


def record_same_mails(url: str, mails: int) -> None:
    """Record mails that another process records, too."""
    with Ledger.open(url, key=KEY) as ledger:
        for number in range(mails):
            with ledger.transaction() as tx:
                mail_id = record_mail(tx, a_mail(str(number), why="Three failures."))
                if mail_id is None:
                    continue
                for name in RECIPIENTS:
                    address = f"{name}{number}@example.org"
                    event = an_event(tx, address, message_key=f"mid:{number}", mail_id=mail_id)
                    assert record_event(tx, event, weight=1.0)
                    announce(tx, "on_bounce_classified", Payload(event=event.id), ["crm"], NOW, address=address)
                    until = NOW + timedelta(days=number)
                    record_acts(tx, address, [Act(verb=Verb.PAUSE, at=NOW, until=until, events=(event.id,))])
