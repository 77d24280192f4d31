"""What does this mail say? The values: what was SAID, named as the RFCs name it, judged by nobody yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bounce_plugin.message.headers import Headers
from bounce_plugin.message.passage import Passage
from bounce_plugin.message.quick import quick
from bounce_plugin.message.returned import ReturnedMessage
from bounce_plugin.message.status import EnhancedStatus

_NO_PASSAGE: Final = Passage()


class Kind(StrEnum):
    """What a mail is, exactly one; only `BOUNCE` is a final failure."""

    BOUNCE = "bounce"
    DELAY = "delay"
    DELIVERED = "delivered"
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MDN = "mdn"
    REPORT = "report"
    OTHER = "other"

    __hash__ = str.__hash__  # that of Enum is written in Python, and every mail looks up several


class Action(StrEnum):
    """What the reporting MTA did for a recipient (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"

    __hash__ = str.__hash__  # as above


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    r"""One per-recipient block of a delivery status (RFC 3464, section 2.3; RFC 6533 for the address type utf-8).

    Addresses are decoded (xtext, `\x{…}`) and bare; empty means that the field is absent or names no address.
    """

    final_recipient: str = ""
    original_recipient: str = ""
    actual_recipient: str = ""  # X-Actual-Recipient (sendmail, Courier): the address behind an alias
    action: Action | None = None  # as written; None when the field is absent
    status: EnhancedStatus | None = None
    diagnostic_type: str = ""  # smtp, x-unix, x-postfix …, lower case
    diagnostic_code: str = ""  # unfolded, charset decoded, at most 4 KiB
    remote_mta: str = ""
    reply_text: str = ""  # X-Supplementary-Info, X-Display-Name and other quoted replies of Exchange


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """A delivery status part (RFC 3464, section 2.2): the fields of the message and its recipients, in their order."""

    reporting_mta: str = ""
    original_envelope_id: str = ""
    received_from_mta: str = ""
    original_sender: str = ""  # X-Postfix-Sender and the like: our own envelope sender
    recipients: tuple[RecipientStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReport:
    """An abuse report (RFC 5965, section 3). `feedback_type` is lower case; required fields given twice count once (D-35)."""

    feedback_type: str
    user_agent: str = ""
    original_mail_from: str = ""
    original_rcpt_to: tuple[str, ...] = ()
    source_ip: str = ""
    reported_domain: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One mail, read but not judged.

    `kind` is what the structure and the headers alone tell: `OTHER` where only the text can tell, `BOUNCE` for any
    delivery status report (the detectors find whether it is a failure, a delay or a delivery).
    """

    kind: Kind
    headers: Headers
    media_type: str = "text/plain"  # of the mail as a whole, lower case
    passage: Passage = _NO_PASSAGE
    delivery_status: DeliveryStatus | None = None
    feedback: FeedbackReport | None = None
    wrapped: Report | None = None  # the report that this mail only carries: a gateway's wrapping, a bare forward (D-13)
    limits: tuple[str, ...] = ()  # the caps of the documentation (reference/limits) that this mail exceeded, by name

    @property
    def text(self) -> str:
        """What people read, before the returned message begins: LF line ends, decoded, at most 1 MiB."""
        return self.passage.text

    @property
    def returned(self) -> ReturnedMessage | None:
        """The returned message, from its own part or from the copy that stands in the text."""
        return self.passage.original or self.passage.copied
