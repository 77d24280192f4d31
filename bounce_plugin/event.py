"""What happened? One recipient of one message, as it is recorded and announced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bounce_plugin.classify.classification import Evidence, FailureType, Fault, Reason
from bounce_plugin.correlate.correlation import Caveat, Contact, Trust
from bounce_plugin.message.report import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceEvent:
    """One recipient of one message that failed, was delayed or was delivered.

    `id` is stable: hooks use it to do a thing once. `received_at` is when our mailbox took the report in, in UTC; no
    date that the mail itself claims is ever used.
    """

    id: str
    kind: Kind
    address: str  # normalised; empty once the person was erased
    contacts: tuple[Contact, ...]
    reason: Reason | None
    type: FailureType | None
    fault: Fault | None
    counts: bool
    confidence: float
    status: str  # "5.1.1" or empty
    reply_code: str  # "550" or empty
    diagnostic_code: str  # with other people's addresses replaced by placeholders
    remote_mta: str
    detector: str
    evidence: tuple[Evidence, ...]
    trust: Trust
    caveat: Caveat | None = None  # what is to be said against a report, though it bears our own mark
    message_key: str  # which distinct message failed; see the glossary
    aliases: tuple[str, ...] = ()  # other keys of that message, under which the same failure may be reported
    delivery_ref: str = ""
    message: str = ""  # the host's name for what was sent: a newsletter's or an invoice's number
    document: str = ""  # the host's number of the document, as it was recorded with the delivery
    category: str = ""  # known only if the host recorded the delivery
    received_at: datetime
    mail_id: int = 0  # the ledger's number of the mail that told it

    @property
    def via_forward(self) -> bool:
        """Whether the mail reached the address, and failed where its owner has it forwarded to. Such a failure counts half."""
        return self.caveat is Caveat.FORWARDED
