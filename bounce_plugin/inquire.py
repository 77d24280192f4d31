"""Whom does the host say that a mail concerns? The one place where a case waits for an answer from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bounce_plugin.announce import Questions
from bounce_plugin.case import Case
from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Correlation, Delivery, correlate
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination


def inquire(questions: Questions, examination: Examination, clues: Clues, received_at: datetime) -> Case:
    """Ask for the contact and the delivery of each finding.

    A plugin that cannot answer makes it a case for a person, and nothing of the mail is believed until it can: another
    answer would be another distinct message.
    """
    trouble = ""
    correlations = []
    for finding in examination.findings:
        correlation, wrong = _correlate(questions, clues, finding, received_at)
        correlations.append(correlation)
        trouble = trouble or wrong
    return Case(
        examination=examination,
        correlations=tuple(correlations),
        received_at=received_at,
        trouble=trouble,
    )


def _correlate(questions: Questions, clues: Clues, finding: Finding, received_at: datetime) -> tuple[Correlation, str]:
    """The state belongs to an address that the host knows: the failed one, or another name that the mail gives it.

    Of a stranger the message is looked up, too: who is found later to own the address must not be blamed for it twice.
    """
    names = [name for name in map(normalise, (finding.recipient, *finding.other_recipients)) if name]
    stranger: tuple[str, Delivery | None] = (names[0] if names else "", None)
    for name in names:
        found = questions.find(name, clues)
        if found.trouble:
            return _put_together("", (), None, clues, received_at), found.trouble
        if found.contacts:
            return _put_together(name, found.contacts, found.delivery, clues, received_at), ""
        if stranger[1] is None and found.delivery is not None:
            stranger = (name, found.delivery)
    return _put_together(stranger[0], (), stranger[1], clues, received_at), ""


def _put_together(
    address: str,
    contacts: tuple[Contact, ...],
    delivery: Delivery | None,
    clues: Clues,
    received_at: datetime,
) -> Correlation:
    return correlate(
        address,
        clues=clues,
        contacts=contacts,
        delivery=delivery and replace(delivery, address=normalise(delivery.address)),
        received_at=received_at,
    )
