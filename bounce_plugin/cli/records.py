"""How are a time and a stop written for programs, in JSON?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import click

from bounce_plugin.policy.simulate import Standing
from bounce_plugin.policy.state import Suppression

AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object instead.")


def write_record(record: Mapping[str, object]) -> None:
    """Write one object on a line of its own."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


def in_utc(when: datetime | None) -> str | None:
    """A time in UTC, to the second."""
    return when.astimezone(UTC).isoformat(timespec="seconds") if when else None


def stop_record(stop: Suppression | None) -> dict[str, object]:
    """What an address is under: its `standing`, and unless it is free since when, until when, by which rule and why."""
    standing = {"standing": Standing.of(stop).value}
    if stop is None:
        return dict(standing)
    times = {"since": in_utc(stop.since), "until": in_utc(stop.until)}
    return {**standing, **times, "rule": stop.rule, "because": stop.because}
