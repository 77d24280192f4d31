"""A host that signs its return paths, and the reports and complaints that come back to it."""

from __future__ import annotations

from pathlib import Path

from bounce_plugin import Contact, ReturnPath, Trust
from bounce_plugin.ledger.history import events_of
from bounce_plugin.outcome import Handling
from tests.bounces import report
from tests.world import ANNA, World

DOMAIN = "bounces.crm.example"
JOE = "joe@example.net"
KEYS = {1: "01" * 32, 2: "ab" * 32}


def signing(require: str = "signed", *numbers: int) -> str:
    keys = "".join(f'[[trust.key]]\nnumber = {number}\nfile = "trust-{number}.key"\n' for number in numbers or (1,))
    return f'[trust]\nrequire = "{require}"\nbounce_domain = "{DOMAIN}"\n{keys}'


def make_world(folder: Path, settings: str) -> World:
    for number, key in KEYS.items():
        (folder / f"trust-{number}.key").write_text(key)
    world = World(folder, settings)
    world.host.contacts[JOE] = Contact(id="8", address=JOE)
    return world


def sign(world: World, address: str = ANNA, contact: str = "7", category: str = "newsletter") -> ReturnPath:
    return world.plugin.return_path(contact, "N-11", category, address=address)


def returned(
    to: str, address: str = ANNA, reply: str = "550 5.1.1 User unknown", *, more: str = "", **of: str
) -> bytes:
    """A report that was sent to an address; `more` are further header fields of the message that it returns."""
    raw = report(address, reply, **of).replace(b"To: bounces@crm.example", f"To: {to}".encode())
    return raw.replace(b"From: News <news@crm.example>", f"{more}From: News <news@crm.example>".encode())


def handle(world: World, raw: bytes) -> Handling:
    world.box.drop(raw, world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    return outcome.handling


def stopped(world: World, address: str = ANNA) -> bool:
    return world.plugin.should_suppress(address, "newsletter")


def why(world: World) -> str:
    return world.plugin.desk.items()[-1].why


def trust_of(world: World, address: str = ANNA) -> list[Trust]:
    with world.plugin.ledger.reading() as tx:
        return [event.trust for event in events_of(tx, address)]


def complaint(mark: str = "", kind: str = "abuse", to: str = "fbl@crm.example") -> bytes:
    """An abuse report (RFC 5965) about a mail that bore a mark; its recipient is redacted."""
    return f"""\
From: feedback@provider.example
To: {to}
Subject: Complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Some/1.0
Version: 1

--B
Content-Type: message/rfc822

X-Bounce-Ref: {mark}
From: news@crm.example
To: <redacted@provider.example>
Subject: News

Hello
--B--
""".encode()
