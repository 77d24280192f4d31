"""When does the breaker hold what one provider, phrase or reason does? The table [breaker]."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bounce_plugin.policy.limits import Limits
from bounce_plugin.settings.section import Section, YesNo

Hours = Annotated[int, Field(strict=True, ge=1, le=168)]
Addresses = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
HistoryDays = Annotated[int, Field(strict=True, ge=1, le=400)]
Share = Annotated[float, Field(ge=0, le=1)]
Times = Annotated[float, Field(ge=1, le=1000)]


class BreakerSettings(Section):
    """How many addresses one cause may stop or pause within a time, before a person must look."""

    enabled: YesNo = True
    window_hours: Hours = 24
    floor: Addresses = 20  # so many are never too many
    share: Share = 0.02  # of the mails sent there of late beyond the most in its history
    times: Times = 3.0  # the most in its history
    history_days: HistoryDays = 100  # a letter that is written every three months has one before it

    @property
    def limits(self) -> Limits | None:
        """What the breaker goes by; None where it is off."""
        return self.bounds if self.enabled else None

    @property
    def bounds(self) -> Limits:
        """The same as a value of the policy, whether it is on or off."""
        return Limits(
            window=timedelta(hours=self.window_hours),
            history=timedelta(days=self.history_days),
            floor=self.floor,
            share=self.share,
            times=self.times,
        )
