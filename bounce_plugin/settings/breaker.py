"""When does the breaker hold what one provider, phrase or reason does? The table [breaker]."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bounce_plugin.policy.breaker import Limits
from bounce_plugin.settings.section import Section, YesNo

Hours = Annotated[int, Field(strict=True, ge=1, le=168)]
Addresses = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Times = Annotated[float, Field(ge=1, le=1000)]


class BreakerSettings(Section):
    """How many addresses one cause may stop or pause within a time, before a person must look."""

    enabled: YesNo = True
    window_hours: Hours = 24
    floor: Addresses = 20  # so many are never too many
    share: Share = 0.02  # of the mails sent there of late
    times: Times = 3.0  # the most of the last 30 days

    @property
    def limits(self) -> Limits | None:
        """The same as a value of the policy; None where the breaker is off."""
        if not self.enabled:
            return None
        window = timedelta(hours=self.window_hours)
        return Limits(window=window, floor=self.floor, share=self.share, times=self.times)
