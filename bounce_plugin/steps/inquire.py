"""Whom does the host say that a mail concerns? The one place where a case waits for an answer from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bounce_plugin.announce import Questions
from bounce_plugin.case import Case
from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import (
    Contact,
    Correlation,
    Delivery,
    Trust,
    correlate,
    correlate_signed,
    same_domain,
    same_mailbox,
)
from bounce_plugin.correlate.token import Purpose
from bounce_plugin.correlate.unwrap import unwrap
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Kind
from bounce_plugin.steps.proofs import Proofs, Proven


def inquire(
    questions: Questions, proofs: Proofs, examination: Examination, clues: Clues, received_at: datetime
) -> Case:
    """Ask for the contact and the delivery of each finding.

    A plugin that cannot answer makes it a case for a person, and nothing of the mail is believed until it can: another
    answer would be another distinct message.
    """
    proven = proofs.look(clues, received_at, (name for finding in examination.findings for name in _names(finding)))
    asking = _Asking(questions=questions, proofs=proofs, proven=proven, clues=clues, received_at=received_at)
    trouble = ""
    correlations = []
    for finding, signed in zip(examination.findings, _of_delivery(proven, examination.findings), strict=True):
        correlation, wrong = asking.signed(finding) if signed else asking.unsigned(finding)
        correlations.append(correlation)
        trouble = trouble or wrong
    return Case(
        examination=_as_marked(examination, proven),
        correlations=tuple(correlations),
        received_at=received_at,
        trouble=trouble,
        required=proofs.required,
        marked=None if proven.caveat and proven.reports else proven.delivery,
        forged=proven.forged,
    )


def _as_marked(examination: Examination, proven: Proven) -> Examination:
    """A mail to the address that only our List-Unsubscribe gives asks for no more mail, whatever it says (D-37)."""
    unsubscribe = proven.proof is not None and proven.proof.purpose is Purpose.UNSUBSCRIBE
    return (
        replace(examination, kind=Kind.UNSUBSCRIBE) if unsubscribe and examination.kind is Kind.OTHER else examination
    )


def _names(finding: Finding) -> list[str]:
    """The recipient by all the names that the report gives it, and what stands inside these."""
    names = (finding.recipient, *finding.other_recipients)
    return list(dict.fromkeys(reading for name in names for reading in unwrap(name)))


def _failed(finding: Finding) -> Sequence[str]:
    """The recipient that failed, and what stands inside its name; not what else the report calls it."""
    return unwrap(finding.recipient) if finding.recipient else ()


def _of_delivery(proven: Proven, findings: Sequence[Finding]) -> list[bool]:
    """Which findings are about the delivery that our mark names: those of its address, else of its domain, else all.

    A mark proves nothing about others that the same report names.
    """
    if proven.reports is None or proven.delivery is None or proven.is_lost:
        return [False] * len(findings)
    address, named = proven.delivery.address, [_names(finding) for finding in findings]
    for same in (same_mailbox, same_domain):
        found = [any(same(name, address) for name in names) for names in named]
        if any(found):
            return found
    return [True] * len(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """The questions about the findings of one report."""

    questions: Questions
    proofs: Proofs
    proven: Proven
    clues: Clues
    received_at: datetime

    def signed(self, finding: Finding) -> tuple[Correlation, str]:
        """The address that the mail went to is asked for, and no name that the report gives."""
        proof, delivery = self.proven.reports, self.proven.delivery
        assert proof is not None
        assert delivery is not None
        found = self.questions.find(delivery.address, self.clues)
        if found.trouble:
            return self._put_together("", (), None), found.trouble
        correlation = correlate_signed(
            delivery,
            clues=self.clues,
            trust=proof.trust,
            failed=_failed(finding),
            contacts=found.contacts,
            caveat=self.proven.caveat,
        )
        return correlation, ""

    def unsigned(self, finding: Finding) -> tuple[Correlation, str]:
        """The state belongs to an address that the host knows: the failed one, or another name that the mail gives it.

        Of a stranger the message is looked up, too: who is found later to own the address must not be blamed for it
        twice.
        """
        names = _names(finding)
        stranger: tuple[str, Delivery | None] = (names[0] if names else "", None)
        for name in names:
            found = self.questions.find(name, self.clues)
            if found.trouble:
                return self._put_together("", (), None), found.trouble
            if found.contacts:
                return self._put_together(name, found.contacts, found.delivery, _failed(finding)), ""
            if stranger[1] is None and found.delivery is not None:
                stranger = (name, found.delivery)
        return self._put_together(stranger[0], (), stranger[1]), ""

    def _put_together(
        self,
        address: str,
        contacts: tuple[Contact, ...],
        delivery: Delivery | None,
        failed: Sequence[str] = (),
    ) -> Correlation:
        correlation = correlate(
            address,
            clues=self.clues,
            contacts=contacts,
            delivery=delivery and replace(delivery, address=normalise(delivery.address)),
            received_at=self.received_at,
            window=self.proofs.window,
            failed=failed,
        )
        if self.proven.reports is not None and self.proven.is_lost:
            return replace(correlation, trust=Trust.NONE, caveat=self.proven.caveat)
        return correlation
