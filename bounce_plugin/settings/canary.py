"""Whom do we send a mail that must come back? The table [canary]."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from bounce_plugin.correlate.address import normalise
from bounce_plugin.settings.section import Name, Section, refuse
from bounce_plugin.settings.sections import SmtpSettings


def _bare(value: str) -> str:
    if not normalise(value):
        raise refuse('is no single, bare address; it must be one like "nobody@example.org"')
    return value


BareAddress = Annotated[Name, AfterValidator(_bare)]
Hours = Annotated[int, Field(strict=True, ge=1, le=24 * 365)]


class CanarySmtpSettings(SmtpSettings):
    """The server that takes the canaries."""

    def _label(self) -> str:
        return "canary.smtp"


class CanarySettings(Section):
    """The dead address, who writes to it, and when a report must have come."""

    address: BareAddress  # where no mailbox is
    sender: BareAddress = Field(alias="from")  # of the envelope as well: reports go there
    within_hours: Hours = 4
    smtp: CanarySmtpSettings = CanarySmtpSettings(host="localhost", security="none", port=None)  # this machine's own

    @model_validator(mode="after")
    def _goes_elsewhere(self) -> Self:
        if normalise(self.address) == normalise(self.sender):
            raise refuse(
                "is the address that reports go to, and must be another one: one without a mailbox",
                key="address",
                value=self.address,
            )
        return self
