"""How does the CRM send? It asks before each send, and records each mail before it leaves.

Recording comes first, because a bounce can be back within a second; and it is what tells the plugin later which
invoice it was that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bounce_plugin import BouncePlugin, Delivery
from example_host.crm import Crm, Person

#: Hands one mail to the mail server.
Transport = Callable[[Delivery], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What became of one mail that was to be sent."""

    person: Person
    document: str
    sent: bool
    why: str  # empty if nothing ever spoke against it


def send_newsletter(
    crm: Crm, plugin: BouncePlugin, *, which: str, document: str, transport: Transport, now: datetime
) -> list[Sending]:
    """Send a newsletter to everybody on a list, once to each address, but not where it is to be withheld."""
    readers = crm.readers(which)
    withheld = plugin.suppressed_among([person.email for person in readers], "newsletter")
    going = [person for person in readers if person.email not in withheld]
    _send(crm, plugin, {f"{document}.{person.id}": person for person in going}, document, "newsletter", transport, now)
    return [_sending(plugin, person, document, "newsletter", person.email not in withheld) for person in readers]


def send_invoices(
    crm: Crm, plugin: BouncePlugin, *, invoices: Mapping[str, int], transport: Transport, now: datetime
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
            _send(crm, plugin, {f"{document}.{person.id}": person}, document, "invoice", transport, now)
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
    now: datetime,
) -> None:
    """Record, then hand over. The Message-ID is how a bounce finds its message again."""
    deliveries = [
        Delivery(
            ref=ref,
            address=person.email,
            contact=str(person.id),
            message=document,
            category=category,
            sent_at=now,
            message_id=f"{ref}@rowing.example",
        )
        for ref, person in recipients.items()
    ]
    plugin.record_sent(deliveries)
    for delivery in deliveries:
        transport(delivery)
        crm.note_sent(delivery.ref, document, int(delivery.contact), delivery.address)
