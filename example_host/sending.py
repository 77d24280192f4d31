"""How does the CRM send? It asks before each send, and has each mail signed and recorded before it leaves.

Recording comes first, because a bounce can be back within a second; and it is what tells the plugin later which
invoice it was that failed. By the signed return path it knows that the bounce is genuine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bounce_plugin import BouncePlugin, ReturnPath
from example_host.crm import Crm, Person

#: Hands one mail to the mail server, with its own envelope sender.
Transport = Callable[[ReturnPath], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What became of one mail that was to be sent."""

    person: Person
    document: str
    sent: bool
    why: str  # empty if nothing ever spoke against it


def send_newsletter(
    crm: Crm, plugin: BouncePlugin, *, which: str, document: str, transport: Transport
) -> list[Sending]:
    """Send a newsletter to everybody on a list, once to each address, but not where it is to be withheld."""
    readers = crm.readers(which)
    gone: set[int] = set()
    for person in plugin.filter(readers, "newsletter", key=lambda reader: reader.email):
        _send(crm, plugin, {f"{document}.{person.id}": person}, document, "newsletter", transport)
        gone.add(person.id)
    return [_sending(plugin, person, document, "newsletter", sent=person.id in gone) for person in readers]


def send_invoices(
    crm: Crm, plugin: BouncePlugin, *, invoices: Mapping[str, int], transport: Transport
) -> list[Sending]:
    """Send invoices, given as number and member; one that must not go by mail goes by post."""
    sendings = []
    for document, number in invoices.items():
        person = crm.person(number)
        withheld = plugin.should_suppress(person.email, "invoice")
        sending = _sending(plugin, person, document, "invoice", sent=not withheld)
        if withheld:
            crm.post(document, person.id, sending.why)
        else:
            _send(crm, plugin, {f"{document}.{person.id}": person}, document, "invoice", transport)
        sendings.append(sending)
    return sendings


def _sending(plugin: BouncePlugin, person: Person, document: str, category: str, sent: bool) -> Sending:
    """Why, as far as there is anything to say: `explain` tells what the plugin's own ledger holds."""
    explanation = plugin.explain(person.email, category)
    why = explanation.because if explanation.acts else ""
    if sent and explanation.suppressed:
        why = f"VIP, in spite of {why}"
    return Sending(person=person, document=document, sent=sent, why=why)


def _send(
    crm: Crm,
    plugin: BouncePlugin,
    recipients: Mapping[str, Person],
    document: str,
    category: str,
    transport: Transport,
) -> None:
    """Sign and record, then hand over. By the return path or the Message-ID a bounce finds its message again."""
    for name, person in recipients.items():
        path = plugin.return_path(
            str(person.id),
            document,
            category,
            address=person.email,
            message_id=f"{name}@rowing.example",
            document=document if category == "invoice" else "",
        )
        transport(path)
        crm.note_sent(name, document, person.id, person.email)
