"""Do more reports come without proof than anybody can look at one by one? Then they are told as one (T-04).

Somebody sends in our name, and all the world's servers report to us. Where proof is required such reports count for
nothing, so nothing is lost if they are not recorded one by one: each is filed for review, and the operator is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol

from bounce_plugin.case import Case
from bounce_plugin.ledger.incidents import count_up
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Incoming

#: Reports without proof that a person is asked to look at, in an hour by the clock.
IN_AN_HOUR: Final = 100
KEY: Final = "flood"


class RaiseIncident(Protocol):
    """Records trouble of the operator's; the same key is told once a day at most."""

    def __call__(self, tx: Transaction, *, key: str, title: str, detail: str, now: datetime) -> None: ...


def set_apart(
    tx: Transaction, cases: Sequence[tuple[Incoming, Case]], raise_incident: RaiseIncident, now: datetime
) -> list[tuple[Incoming, Case]]:
    """The same cases, those that are too many emptied of all that would be recorded and told of them."""
    unproven = [index for index, (_, case) in enumerate(cases) if case.is_unproven]
    if not unproven:
        return list(cases)
    hour = now.astimezone(UTC)
    before = count_up(tx, f"unproven:{hour:%Y-%m-%dT%H}", by=len(unproven), now=now)
    swamped = frozenset(unproven[max(0, IN_AN_HOUR - before) :])
    if swamped:
        number = before + len(unproven)
        raise_incident(
            tx, key=KEY, title="A flood of reports that nothing proves", detail=_detail(number, hour), now=now
        )
    return [(mail, _emptied(case) if index in swamped else case) for index, (mail, case) in enumerate(cases)]


def _emptied(case: Case) -> Case:
    examination = replace(case.examination, findings=(), classifications=())
    return replace(case, examination=examination, correlations=(), swamped=True)


def _detail(number: int, hour: datetime) -> str:
    return (
        f"{number:,} reports of failures came since {hour:%H}:00 UTC that bear no mark of yours and name no message that you "
        f"recorded, though trust.require asks for that. Perhaps somebody sends in your name. {IN_AN_HOUR} of an hour wait for "
        "a person one by one; all others are in the folder for review, count for nothing, and nobody is told of each. Reports "
        "with proof are handled as always, and first. Did you send without signing? Then sign, and move those mails back to "
        "the inbox."
    )
