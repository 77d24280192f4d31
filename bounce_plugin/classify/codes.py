"""What does a code say by itself: an enhanced status, a reply code, a program's exit code?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bounce_plugin.classify.classification import Reason
from bounce_plugin.message.status import EnhancedStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One row of status_codes.toml or reply_codes.toml, for one class of failure."""

    rule: str  # "status:5.1.1", "code:google:4.2.1", "reply:552", "exit:67"
    reason: Reason
    specific: bool  # False: an x.y.0 or a reply code, which alone does not suffice
    firm: bool = False  # the sender or the message is at fault beyond doubt, whatever the words say
    overloaded: bool = False  # used for so much that even vague words say more
    meaning: str = ""
    turn: int = field(init=False)  # when it is asked, beside phrases (phrasebook.py)

    def __post_init__(self) -> None:
        turn = 7 if not self.specific else 5 if self.overloaded else 2
        object.__setattr__(self, "turn", 6 if self.reason is Reason.EXPIRED else turn)


@dataclass(frozen=True, slots=True)
class _Span:
    """The codes from one detail to another, of one class and subject, at one provider."""

    low: int
    high: int
    row: CodeRow


class Codes:
    """All codes, looked up by their numbers."""

    __slots__ = ("_exits", "_iana", "_provider", "_replies")

    def __init__(
        self,
        iana: Mapping[str, CodeRow],
        provider: Mapping[tuple[str, int, int], tuple[_Span, ...]],
        replies: Mapping[str, CodeRow],
        exits: Mapping[str, CodeRow],
    ) -> None:
        self._iana, self._provider, self._replies, self._exits = iana, provider, replies, exits

    def of_status(self, code: str) -> CodeRow | None:
        """What the registry says; an unknown detail is read as X.Y.0, an unknown subject as X.0.0 (RFC 3463)."""
        return self._iana.get(code) or self._iana.get(f"{code.rpartition('.')[0]}.0")

    def of_provider(self, provider: str, status: EnhancedStatus) -> CodeRow | None:
        """What this receiver means by the code, where it uses it in its own way."""
        spans = self._provider.get((provider, status.class_, status.subject), ())
        return next((span.row for span in spans if span.low <= status.detail <= span.high), None)

    def of_reply(self, code: str) -> CodeRow | None:
        """What a basic reply code suggests."""
        return self._replies.get(code)

    def of_exit(self, code: str) -> CodeRow:
        """What a delivery program meant by its exit code (sysexits.h); any other code is its own failure."""
        return self._exits.get(code) or self._exits["other"]

    def rows(self) -> Iterator[CodeRow]:
        """Every row: registered codes, those of providers, reply codes, exit codes."""
        yield from self._iana.values()
        for spans in self._provider.values():
            yield from (span.row for span in spans)
        yield from self._replies.values()
        yield from self._exits.values()

    def by_rule(self, rule: str) -> CodeRow | None:
        """The row that evidence cites by this name."""
        kind, _, name = rule.partition(":")
        if kind == "reply":
            return self.of_reply(name)
        if kind == "exit":
            return self.of_exit(name)
        provider, _, code = name.rpartition(":")
        status = EnhancedStatus.find(code)
        if status is None:
            return None
        return self.of_provider(provider, status) if kind == "code" else self.of_status(str(status))


def read_codes(*, status: str, reply: str) -> Codes:
    """The tables of status_codes.toml and reply_codes.toml, given as text."""
    codes, replies = tomllib.loads(status), tomllib.loads(reply)
    provider: dict[tuple[str, int, int], list[_Span]] = {}
    iana = {str(low): row for entry in codes["iana"] for low, _, row in _rows(entry, "status")}
    for entry in codes["provider"]:
        for low, high, row in _rows(entry, f"code:{entry['scope']}"):
            spans = provider.setdefault((entry["scope"], low.class_, low.subject), [])
            spans.append(_Span(low.detail, high.detail, row))
    for spans in provider.values():  # a single code comes before a range that holds it
        spans.sort(key=lambda span: span.high - span.low)
    return Codes(
        iana,
        {key: tuple(spans) for key, spans in provider.items()},
        {entry["code"]: _plain_row(entry, "reply", specific=False) for entry in replies["reply"]},
        {entry["code"]: _plain_row(entry, "exit", specific=True) for entry in replies["exit"]},
    )


def _rows(entry: dict[str, str], kind: str) -> list[tuple[EnhancedStatus, EnhancedStatus, CodeRow]]:
    """The rows that one entry stands for: X.1.1 is 4.1.1 (temporary) and 5.1.1 (permanent)."""
    first, _, last = entry["code"].partition("-")
    rows = []
    for class_, column in ((4, "temporary"), (5, "permanent")):
        if column not in entry:
            continue
        low, high = _status(first, class_), _status(last or first, class_)
        rule = f"{kind}:{low}" if low == high else f"{kind}:{low}-{high}"
        reason = Reason(entry[column])
        specific = reason is not Reason.UNKNOWN and (low.detail != 0 or kind != "status")
        marks = {"firm": bool(entry.get("firm")), "overloaded": bool(entry.get("overloaded"))}
        rows.append(
            (low, high, CodeRow(rule=rule, reason=reason, specific=specific, **marks, meaning=entry["meaning"]))
        )
    return rows


def _status(code: str, class_: int) -> EnhancedStatus:
    _, subject, detail = code.split(".")
    return EnhancedStatus(class_, int(subject), int(detail))


def _plain_row(entry: dict[str, str], kind: str, *, specific: bool) -> CodeRow:
    rule, reason = f"{kind}:{entry['code']}", Reason(entry["reason"])
    return CodeRow(rule=rule, reason=reason, specific=specific, meaning=entry["meaning"])
