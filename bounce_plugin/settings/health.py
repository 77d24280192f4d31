"""When is something late, and who may ask how we are? The tables [health] and [metrics]."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bounce_plugin.settings.section import HostAndPort, Section, split_place

Minutes = Annotated[int, Field(strict=True, ge=1, le=525_600)]


class HealthSettings(Section):
    """What `bounce-plugin health` calls late."""

    read_within_minutes: Minutes = 60  # each mailbox must have been read
    tell_within_minutes: Minutes = 60  # each plugin must have been told what there was to tell


class MetricsSettings(Section):
    """Where `bounce-plugin run` lets Prometheus read."""

    listen: HostAndPort | None = None  # not given: nowhere

    @property
    def place(self) -> tuple[str, int] | None:
        """The host and the port; None where nobody may read."""
        return split_place(self.listen) if self.listen else None
