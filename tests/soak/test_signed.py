"""Do real mail servers bring our marks back, in the return path, the ENVID and the header, and is nothing else believed?

Needs root, as in test_mtas.py.
"""

from __future__ import annotations

import smtplib
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from bounce_plugin import BounceEvent, BouncePlugin, Contact, ReturnPath, Trust
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.message.report import Kind
from tests.bounces import Box
from tests.servers.mta import KINDS, Mta, NoMtaError
from tests.servers.mta import Kind as MtaKind
from tests.servers.sink import Sink, free_port
from tests.soak.test_transports import service

PEOPLE = [Contact(id=str(number), address=f"unknown+{number}@dest.test") for number in range(10)]
PLAIN = "bounces@example.test"
SECONDS = 90


def send(mta: Mta, path: ReturnPath, sender: str, *, envid: bool, header: bool) -> None:
    ref = f"X-Bounce-Ref: {path.header}\n" if header else ""
    mail = f"From: {PLAIN}\nTo: {path.recipient}\nSubject: News\nMessage-ID: <{path.ref}@x.test>\n{ref}\nHello\n"
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=20) as client:
        client.ehlo("host.example.test")
        dsn = client.has_extn("dsn")
        options = path.mail_options if dsn and envid else ()
        client.sendmail(sender, [path.recipient], mail, options, path.rcpt_options if dsn else ())


def bounced(plugin: BouncePlugin) -> list[BounceEvent]:
    with plugin.ledger.reading() as tx:
        return [event for event in latest_events(tx, limit=1000) if event.kind is Kind.BOUNCE]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_marks_come_back_from_a_real_mail_server(kind: MtaKind) -> None:
    with tempfile.TemporaryDirectory(prefix="signed-", dir="/tmp") as name:
        folder, port = Path(name), free_port()
        for key in ("ledger.key", "trust.key"):
            (folder / key).write_text("07" * 32)
        (folder / "bounce.toml").write_text(
            '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
            f'[lmtp]\nlisten = "127.0.0.1:{port}"\n'
            '[trust]\nrequire = "signed"\nbounce_domain = "example.test"\n[[trust.key]]\nnumber = 1\nfile = "trust.key"\n'
        )
        Box(folder / "Maildir")
        with BouncePlugin.from_file(folder / "bounce.toml") as plugin:
            paths = list(plugin.return_paths(PEOPLE, "N-1", "newsletter"))
            try:
                with Sink() as sink, Mta(kind, sink=sink.port, lmtp=port) as mta:
                    with service(folder):
                        for number, path in enumerate(paths):
                            by_path, by_header = number < 4, 4 <= number < 7
                            send(mta, path, path.address if by_path else PLAIN, envid=by_path, header=by_header)
                        deadline = time.monotonic() + SECONDS
                        while len(bounced(plugin)) < len(PEOPLE) and time.monotonic() < deadline:
                            time.sleep(1)
                    output = mta.output
            except NoMtaError as error:
                pytest.skip(str(error))
            found = bounced(plugin)
        print(f"\n{kind.name}: {dict(Counter(event.trust for event in found))}")
        assert {event.address for event in found} == {person.address for person in PEOPLE}, output[-3000:]
        trusts = {event.address: event.trust for event in found}
        for number, person in enumerate(PEOPLE):
            assert trusts[person.address] is expected(number), (number, trusts)
        assert not any(event.counts for event in found), "that process has no host, which would know anybody"


def expected(number: int) -> Trust:
    return Trust.SIGNED_ENVELOPE if number < 4 else Trust.SIGNED_HEADER if number < 7 else Trust.NONE
