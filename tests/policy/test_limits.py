"""How many addresses may a cause stop, whatever it did and whatever was sent before?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bounce_plugin.policy.limits import Bound, Limits

TODAY = date(2026, 3, 2)
LIMITS = Limits(window=timedelta(days=1), history=timedelta(days=100), floor=20, share=0.02, times=3.0)


def ago(number: int, *days: int) -> dict[date, int]:
    """So many mails were sent on each of these days, counted back from today."""
    return {TODAY - timedelta(days=day): number for day in days}


@pytest.mark.parametrize(
    ("sent", "usual", "limit", "more"),
    [
        pytest.param({}, 0, 20, 0, id="nothing is known"),
        pytest.param({}, 7, 21, 0, id="nothing was recorded as sent"),
        pytest.param(ago(5_000, 0, 1), 7, 200, 10_000, id="the first mailing, over two days"),
        pytest.param(ago(100_000, *range(100)), 40, 120, 0, id="as much each day, of which 40 are stopped"),
        pytest.param(ago(100_000, *range(100)), 0, 20, 0, id="as much each day, of which none is stopped"),
        pytest.param(ago(300, *range(2, 100)) | ago(50_000, 0), 1, 988, 49_400, id="invoices only, then a newsletter"),
        pytest.param(ago(20_000, 0, 92), 150, 450, 0, id="each quarter as many"),
        pytest.param(ago(20_000, 92) | ago(30_000, 0), 50, 200, 10_000, id="the list has grown since the last quarter"),
        pytest.param(ago(20_000, 92), 150, 450, 0, id="the mailing is recorded late"),
        pytest.param(ago(10_000, 3, 4) | ago(15_000, 0), 0, 20, 0, id="within two days, that is"),
        pytest.param(ago(10_000, 0) | {TODAY + timedelta(days=1): 90_000}, 0, 200, 10_000, id="tomorrow is not yet"),
    ],
)
def test_the_limit_is_the_largest_of_three_numbers(sent: dict[date, int], usual: int, limit: int, more: int) -> None:
    assert LIMITS.bound(TODAY, usual=usual, sent=sent) == Bound(limit=limit, usual=usual, more_sent=more)
