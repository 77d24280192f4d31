"""Does the table [breaker] say what is wrong with it?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.policy.limits import Limits
from bounce_plugin.settings import parse_settings


def limits(lines: str = "") -> Limits | None:
    return parse_settings(f"[breaker]\n{lines}\n", folder=Path()).breaker.limits


def test_it_is_on_by_default_and_can_be_switched_off() -> None:
    assert limits() == Limits(window=timedelta(hours=24), history=timedelta(days=100), floor=20, share=0.02, times=3.0)
    assert limits("enabled = false") is None
    assert limits("window_hours = 6\nfloor = 5\nshare = 0\ntimes = 2\nhistory_days = 7") == Limits(
        window=timedelta(hours=6), history=timedelta(days=7), floor=5, share=0.0, times=2.0
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("floor = 0", r"breaker\.floor = 0: .*1"),
        ("floor = 2.5", r"breaker\.floor = 2\.5"),
        ("share = 2", r"breaker\.share = 2: .*1"),
        ("share = -0.1", r"breaker\.share = -0\.1"),
        ("times = 0.5", r"breaker\.times = 0\.5: .*1"),
        ("times = nan", r"breaker\.times = nan"),
        ("history_days = 0", r"breaker\.history_days = 0: .*1"),
        ("history_days = 401", r"breaker\.history_days = 401: .*400"),
        ("window_hours = 169", r"breaker\.window_hours = 169: .*168"),
        ('enabled = "yes"', r"breaker\.enabled = 'yes'"),
        ("flor = 3", r'breaker\.flor = 3: .*did you mean "floor"\?'),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key_and_value(line: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        limits(line)
