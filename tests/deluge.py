"""A flood of bounces without proof, and among them, last of all, a few that we signed: what T-04 is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bounce_plugin import BouncePlugin, Contact
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.world import Clock, Host

DOMAIN = "bounces.crm.example"
SETTINGS = f"""
[trust]
bounce_domain = "{DOMAIN}"
[[trust.key]]
number = 1
file = "trust.key"
"""
MEMBERS = [Contact(id=str(number), address=f"member{number}@example.com") for number in range(10)]


def open_plugin(
    folder: Path, mailbox: str, host: Host, clock: Clock, more: str = "", *, require: str = "signed"
) -> BouncePlugin:
    """A host that demands signatures, with the mailbox of these settings."""
    for key in ("ledger.key", "trust.key"):
        (folder / key).write_text("07" * 32)
    trust = SETTINGS.replace("[trust]", f'[trust]\nrequire = "{require}"')
    host.contacts = {member.address: member for member in MEMBERS}
    settings = parse_settings(f'[[mailbox]]\nname = "bounces"\n{mailbox}\n{trust}{more}', folder=folder)
    return BouncePlugin(settings, plugins={"host": host}, clock=clock, entry_points=False)


def unsigned(number: int) -> bytes:
    """What a server says of a mail that somebody sent in our name; some look as if they came to a signed path."""
    raw = report(f"stranger{number}@example.org", message_id=f"forged{number}@elsewhere.example")
    to = f"b+{'a' * 36}@{DOMAIN}" if number % 10 == 0 else f"info@{DOMAIN}"
    return raw.replace(b"To: bounces@crm.example", f"To: {to}".encode(), 1)


def signed(plugin: BouncePlugin) -> Iterator[bytes]:
    """The bounces of ten mails that we sent."""
    for path in plugin.return_paths(MEMBERS, "N-11", "newsletter"):
        raw = report(path.recipient, message_id=path.message_id)
        yield raw.replace(b"To: bounces@crm.example", f"Delivered-To: {path.address}\nTo: {path.address}".encode(), 1)
