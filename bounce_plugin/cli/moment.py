"""Which time does an option name? A day or a minute, in UTC as the ledger has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click

_FORMATS: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


def moment(name: str, text: str) -> Callable[[Any], Any]:
    """An option that is a time."""
    return click.option(name, type=click.DateTime(_FORMATS), metavar="TIME", callback=_in_utc, help=text)


def _in_utc(_ctx: click.Context, _param: click.Parameter, value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None
