"""How many addresses may one cause stop, after what it did before and what was sent?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The limit of a cause on a day, and what it comes of."""

    limit: int
    usual: int  # the most addresses that it stopped in one window of its history
    more_sent: int  # mails: so many more were sent there of late than ever in its history


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many addresses a cause may stop or pause: the largest of three numbers."""

    window: timedelta
    history: timedelta  # for so long before its window a cause has a history
    floor: int
    share: float
    times: float

    def is_usual(self, number: int, usual: int) -> bool:
        """Whether `usual`, the most addresses in a window of the history, explains so many."""
        return number <= int(self.times * usual)

    def bound(self, day: date, *, usual: int, sent: Mapping[date, int]) -> Bound:
        """The limit on `day`, after the most in its history and the mails that were `sent` there, day by day.

        A share of the mails allows for more only as far as more were sent of late than in any as many days of the history:
        what has been sent before has shown how many addresses it stops.
        """
        first = self.first_day(day)
        late = sum(number for one, number in sent.items() if first <= one <= day)
        more = max(0, late - _most_within(day - first, {one: sent[one] for one in sent if one < first}))
        limit = max(self.floor, int(self.times * usual), int(self.share * more))
        return Bound(limit=limit, usual=usual, more_sent=more)

    def first_day(self, day: date) -> date:
        """The first of the days whose mails count as sent of late on `day`: that on which a window of it may begin."""
        return day - timedelta(days=-(-self.window // _DAY))

    def history_of(self, day: date) -> tuple[datetime, datetime, datetime]:
        """What is history to failures of `day`: it begins after the first time and ends with the second.

        No window of that day begins earlier than that. What was released is history until the day ends, the third time.
        """
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return begin - self.window - self.history, begin - self.window, begin + _DAY


def _most_within(length: timedelta, sent: Mapping[date, int]) -> int:
    """The most mails that were sent from one day to that which comes so much later."""
    back = [timedelta(days=days) for days in range(length.days + 1)]
    ending = (sum(sent.get(last - one, 0) for one in back) for last in sent)
    return max(ending, default=0)
