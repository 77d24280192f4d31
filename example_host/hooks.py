"""What does the CRM answer, and what does it do when it is told? All of it is below; the rest of the CRM is unaware.

Announcements come after the plugin has committed, at least once each: every method may be called twice with the same
id, and does its work once.
"""

from __future__ import annotations

from collections.abc import Mapping

from bounce_plugin import (
    BounceEvent,
    Contact,
    Decision,
    Incident,
    Kind,
    Lifted,
    MailOutcome,
    PolicyAction,
    ReviewItem,
    SettingsError,
    hookimpl,
)
from example_host.crm import Crm

#: What the plugin did with an address, in our own words.
WORDS = {
    PolicyAction.SUPPRESS: "stopped",
    PolicyAction.SUPPRESS_ALL: "stopped, invoices too",
    PolicyAction.PAUSE: "paused",
}

PHRASES = """
phrases = [
    { phrase = "oars are up", reason = "mailbox_disabled", example = "550 5.0.0 oars are up for this member" },
]
"""


class CrmHooks:
    """Found by the entry point in pyproject.toml, and created with the table `[plugin.crm]` of bounce.toml."""

    def __init__(self, options: Mapping[str, object]) -> None:
        database = options.get("database")
        if not isinstance(database, str):
            raise SettingsError("say where the CRM's database is", key="plugin.crm.database", value=database)
        self.crm = Crm(database)

    # Questions.

    @hookimpl
    def find_contact(self, address: str) -> list[Contact]:
        """Whose address is it? A family shares one: then it concerns them all. An empty list: nobody's that we know."""
        return [
            Contact(id=str(person.id), address=person.email, lists=self.crm.lists_of(person.id))
            for person in self.crm.owners(address)
        ]

    @hookimpl
    def should_suppress(self, address: str, category: str) -> bool | None:
        """The honorary president gets everything, whatever his mail server says. About others we have no opinion."""
        return False if any(person.vip for person in self.crm.owners(address)) else None

    @hookimpl
    def phrases(self) -> str:
        """The mail server of the regatta association has words of its own."""
        return PHRASES

    # Announcements.

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        """Show it on the member's page."""
        who = ", ".join(self.crm.person(int(contact.id)).name for contact in event.contacts)
        self.crm.note_failure(
            event.id,
            mail=event.mail_id,
            email=event.address,
            who=who or "nobody we know",
            verdict=verdict(event),
            counts=("yes" if event.counts else "no") if event.kind is Kind.BOUNCE else "",
        )

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        """A rule was reached. The plugin stops or pauses the address itself; taking it off the lists is our part."""
        for step in decision.steps:
            if step.action in WORDS:
                until = f" until {step.until:%d %b}" if step.until else ""
                self.crm.note_done(event.id, f"{WORDS[step.action]}{until}")
        if PolicyAction.REMOVE_FROM_LIST not in decision.actions:
            return
        if any(person.vip for person in self.crm.owners(event.address)):
            self.crm.note_done(event.id, "VIP: stays on the list")
            return
        self.crm.retire(event.address)
        for person in self.crm.owners(event.address):
            change = "off the lists" if person.email == event.address else f"now {person.email}"
            self.crm.note_done(event.id, f"{person.name.split()[0]}: {change}")

    @hookimpl
    def on_exempt_failure(self, event: BounceEvent, fallback: str) -> None:
        """An invoice did not arrive: it goes by post, if bounce.toml asks for that; else the office has to decide."""
        if fallback != "post":
            line = f"{event.category} {event.document} did not arrive: {verdict(event)}"
            self.crm.give_task(f"failed {event.id}", mail=event.mail_id, line=line)
            return
        self.crm.note_done(event.id, f"{event.document} by post")
        for contact in event.contacts:
            self.crm.post(event.document, int(contact.id), verdict(event))

    @hookimpl
    def on_message_handled(self, outcome: MailOutcome) -> None:
        """Keep the event log: each mail, and whether handling it succeeded."""
        line = f"{outcome.kind}: {outcome.handling}"
        self.crm.log(f"mail {outcome.mail_id} {outcome.handling}", f"{line}: {outcome.why}" if outcome.why else line)

    @hookimpl
    def on_review_needed(self, item: ReviewItem) -> None:
        """Somebody in the office has to look."""
        self.crm.give_task(f"review {item.id}", mail=item.mail_id, line=item.why)

    @hookimpl
    def on_suppression_lifted(self, lifted: Lifted) -> None:
        """What took the address off the lists was wrong, or is over: back onto them."""
        if lifted.removal:
            self.crm.revive(lifted.address)
        self.crm.log(f"lifted {lifted.address} {lifted.at}", f"{lifted.actor}: {lifted.why}")

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        """Our own mail is refused, or a setting is amiss: for whoever looks after the mail server."""
        self.crm.give_task(incident.key, mail=0, line=f"{incident.title}. {incident.detail}")


def verdict(event: BounceEvent) -> str:
    """A verdict in words, with the words of the mail that decided."""
    if event.reason is None:
        return "delivered"
    why = event.reason.replace("_", " ")
    if event.kind is Kind.DELAY:
        return f"late, still being tried: {why}"
    said = next((step.span for step in event.evidence if step.decided and step.span), "")
    return f"{why}\n“{said}”" if said else why
