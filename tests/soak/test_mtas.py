"""Is what Postfix, Exim, OpenSMTPD and sendmail report recorded as what the far end's reply meant?

They are real, and so are the far end's connections and the mailbox that their reports are delivered to. Needs root.
SOAK_MTA_SECONDS: how long to wait for the reports, of which some come when a queue's lifetime ends (90).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bounce_plugin import BounceEvent, Contact, hookimpl
from bounce_plugin.classify.classification import Reason
from bounce_plugin.message.report import Kind
from bounce_plugin.plugin import utc_now
from tests.everyday import everyday_plugin
from tests.servers.fixtures import StartDovecot
from tests.servers.mta import KINDS, Mta, NoMtaError
from tests.servers.mta import Kind as MtaKind
from tests.servers.sink import ANSWERS, Sink, answer_to

SECONDS = float(os.environ.get("SOAK_MTA_SECONDS", "90"))
ALONE = sorted(f"{name}@dest.test" for name in ANSWERS)
TOGETHER = ("unknown+2@dest.test", "welcome+2@dest.test", "full+2@dest.test", "blocked+2@dest.test")  # of one mail
FAILING = {*ALONE, *(address for address in TOGETHER if answer_to(address))}


class Host:
    """Sent to everybody at the far end."""

    def __init__(self) -> None:
        self.events: list[BounceEvent] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        return Contact(id=address, address=address) if address.endswith("@dest.test") else None

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        self.events.append(event)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_reports_of_a_real_mail_server(kind: MtaKind, start_dovecot: StartDovecot, tmp_path: Path) -> None:
    dovecot = start_dovecot(lmtp=True)
    account = dovecot.add_account()
    host = Host()
    try:
        with Sink() as sink, Mta(kind, sink=sink.port, lmtp=dovecot.lmtp_port) as mta:
            for address in ALONE:
                mta.send(account.user, address)
            mta.send(account.user, *TOGETHER)
            mta.send(account.user, "welcome@dest.test", notify="SUCCESS,FAILURE,DELAY")
            with everyday_plugin(tmp_path, account, host=host, clock=utc_now) as plugin:
                deadline = time.monotonic() + SECONDS
                while failed_in(host.events) != FAILING and time.monotonic() < deadline:
                    time.sleep(2)
                    assert plugin.run_once().ok
                waiting = [(item.addresses, item.why) for item in plugin.desk.items()]
            output = mta.output
    except NoMtaError as error:
        pytest.skip(str(error))

    print(f"\n{kind.name}: {len(host.events)} events of {len(failed_in(host.events))} recipients; waiting: {waiting}")
    assert failed_in(host.events) == FAILING, output[-3000:]
    wrong = {event.address: difference for event in host.events if (difference := compare(event, kind))}
    assert wrong == {}
    assert {event.kind for event in host.events} == {Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED}
    assert waiting == []


def failed_in(events: list[BounceEvent]) -> set[str]:
    return {event.address for event in events if event.kind is Kind.BOUNCE}


def compare(event: BounceEvent, mta: MtaKind) -> str:
    """What differs between an event and what the far end meant."""
    answer = answer_to(event.address)
    if answer is None:
        return "" if event.kind is Kind.DELIVERED else f"{event.kind} of a mail that was taken"
    late = answer.code.startswith("4")
    said = (event.reason, event.reply_code, event.status)
    meant = (answer.reason, answer.code, answer.status or event.status)
    if late and event.kind is Kind.BOUNCE and mta.forgetful:
        meant = (Reason.EXPIRED, "", "4.4.7")
    if event.kind is not Kind.BOUNCE and not (late and event.kind is Kind.DELAY and not event.counts):
        return f"a {event.kind}"
    return "" if said == meant else f"{said}, but {meant} was meant"
