"""One failed recipient, and who found it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bounce_plugin.message.quick import quick
from bounce_plugin.message.report import Action
from bounce_plugin.message.status import EnhancedStatus


class Stage(StrEnum):
    """At which SMTP command a host refused (RFC 5321, section 3.3); empty when the mail does not tell."""

    UNKNOWN = ""
    CONNECT = "connect"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"

    __hash__ = str.__hash__  # that of Enum is written in Python, and every verdict looks some up


# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
NO_STAGE: Final = Stage.UNKNOWN


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a mail says about one recipient: failed, delayed, delivered, relayed or expanded.

    `status` and `reply_code` are the most specific genuine ones (a specific code in the diagnostic beats a generic
    Status field, D-11), never invented. `diagnostic_code` is the reply of the host that refused THIS recipient.
    """

    recipient: str  # bare, decoded; empty when the mail names nobody
    other_recipients: tuple[str, ...] = ()  # further names that the mail gives the same recipient (alias, ORCPT)
    action: Action
    status: EnhancedStatus | None = None
    reply_code: str = ""  # three digits (RFC 5321, section 4.2), or empty
    diagnostic_code: str = ""
    diagnostic_type: str = ""  # smtp, x-unix …
    stage: Stage = Stage.UNKNOWN
    remote_mta: str = ""
    reporting_mta: str = ""
    detector: str
    confidence: float = 1.0  # of the detector, in its format; 0 to 1
