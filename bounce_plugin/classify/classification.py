"""Why did it fail, whose fault is it, and is it for good? The values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from bounce_plugin.message.quick import quick
from bounce_plugin.message.report import Kind


class Reason(StrEnum):
    """The 30 reasons; what each means and does is in reasons.toml, beside this file."""

    ADDRESS_UNKNOWN = "address_unknown"
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_MOVED = "address_moved"
    OWNER_CHANGED = "owner_changed"
    DOMAIN_UNKNOWN = "domain_unknown"
    DOMAIN_NO_MAIL = "domain_no_mail"
    MAILBOX_DISABLED = "mailbox_disabled"
    MAILBOX_FULL = "mailbox_full"
    RECIPIENT_RATE_LIMITED = "recipient_rate_limited"
    RECIPIENT_REFUSED = "recipient_refused"
    UNREACHABLE = "unreachable"
    ROUTING_LOOP = "routing_loop"
    EXPIRED = "expired"
    SYSTEM_ERROR = "system_error"
    GREYLISTED = "greylisted"
    RATE_LIMITED = "rate_limited"
    REPUTATION_BLOCK = "reputation_block"
    AUTH_FAILURE = "auth_failure"
    SENDER_INVALID = "sender_invalid"
    SENDER_ACCOUNT = "sender_account"
    TLS_FAILURE = "tls_failure"
    RELAY_DENIED = "relay_denied"
    POLICY_REJECTED = "policy_rejected"
    SPAM_CONTENT = "spam_content"
    CONTENT_REJECTED = "content_rejected"
    MESSAGE_TOO_LARGE = "message_too_large"
    VIRUS_DETECTED = "virus_detected"
    PROTOCOL_ERROR = "protocol_error"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"

    __hash__ = str.__hash__  # that of Enum is written in Python, and every verdict looks up a dozen of them


class FailureType(StrEnum):
    """Whether the failure is for good."""

    HARD = "hard"
    SOFT = "soft"


class Fault(StrEnum):
    """Whose fault a failure is."""

    RECIPIENT = "recipient"
    MAILBOX = "mailbox"
    SENDER = "sender"
    CONTENT = "content"
    NETWORK = "network"
    UNKNOWN = "unknown"

    __hash__ = str.__hash__  # as above


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One step of the argument for a verdict: which rule spoke, and which words of the mail it rests on."""

    rule: str  # "phrase:any:user unknown", "status:5.1.1", "reply:552", "gate:delayed", "principle:asymmetry" …
    field: str  # where the words stand: "diagnostic_code", "status", "reply_code", "text", "action"
    span: str  # the words themselves, quoted from the mail; at most 200 characters
    reason: Reason | None = None  # what this step alone would say
    decided: bool = False  # True for the step that the verdict follows; the others agree or were overruled
    note: str = ""  # which principle overruled it: "asymmetry", "stage", "provider scope", "order"


class Argument(Sequence[Evidence]):
    """The steps of the argument for a verdict, written down once somebody asks; to people it is the tuple of them."""

    __slots__ = ("_steps", "_write")

    def __init__(self, write: Callable[[], tuple[Evidence, ...]]) -> None:
        self._write = write
        self._steps: tuple[Evidence, ...] | None = None

    def _all(self) -> tuple[Evidence, ...]:
        if self._steps is None:
            self._steps = self._write()
        return self._steps

    @overload
    def __getitem__(self, index: int) -> Evidence: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Evidence, ...]: ...
    def __getitem__(self, index: int | slice) -> Evidence | tuple[Evidence, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, Argument) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> tuple[type[tuple[Evidence, ...]], tuple[tuple[Evidence, ...]]]:
        return tuple, (self._all(),)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The verdict on one finding."""

    kind: Kind  # BOUNCE (final), DELAY or DELIVERED
    reason: Reason | None  # None for a delivery
    type: FailureType | None
    fault: Fault | None
    counts: bool  # whether it is held against the recipient at all
    confidence: float  # 0 to 1; below 0.6 a person should look
    suggestion: Reason | None = None  # the reason that was not sure enough to be `reason`
    evidence: Sequence[Evidence] = ()
