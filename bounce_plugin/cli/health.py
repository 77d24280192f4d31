"""`bounce-plugin health` and `bounce-plugin metrics`: for those who watch over us, people and programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bounce_plugin.cli import ATTENTION, DONE
from bounce_plugin.cli.records import in_utc
from bounce_plugin.cli.rehearsal import ledger_to_look_at
from bounce_plugin.errors import BounceError, SettingsError
from bounce_plugin.health import Health, look_at_health
from bounce_plugin.ledger.backlog import Backlog
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.polls import Poll
from bounce_plugin.ledger.trips import Trip
from bounce_plugin.settings import load_settings


@click.command()
@click.pass_obj
def health(config: str) -> None:
    """Tell as JSON how we are. Exit code 0: all is well; 1: somebody must look after something."""
    settings, now = load_settings(Path(config)), datetime.now(UTC)
    try:
        with ledger_to_look_at(settings) as ledger:
            found = look_at_health(settings, ledger, now)
    except BounceError as error:
        found = Health(checked_at=now, problems=(str(error),))
    click.echo(json.dumps(as_record(found), indent=2, ensure_ascii=False))
    sys.exit(DONE if found.ok else ATTENTION)


@click.command()
@click.pass_obj
def metrics(config: str) -> None:
    """Print what Prometheus may know, in its text format: for the textfile collector of its node exporter."""
    settings = load_settings(Path(config))
    with needs_extra():
        from bounce_plugin.metrics import as_text
    with ledger_to_look_at(settings) as ledger:
        click.echo(as_text(settings, ledger, lambda: datetime.now(UTC)), nl=False)


@contextmanager
def needs_extra() -> Iterator[None]:
    """For an import that fails without the extra `metrics`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError("metrics need the extra: pip install 'bounce-plugin[metrics]'", key="metrics") from error


def as_record(found: Health) -> dict[str, object]:
    """The JSON object; docs/reference/health-json.md describes it."""
    return {
        "ok": found.ok,
        "checked_at": in_utc(found.checked_at),
        "problems": found.problems,
        "mailboxes": [_reading(poll, found.checked_at) for poll in found.polls],
        "queue": _queue(found.backlog, found.checked_at) if found.backlog else None,
        "canary": _canary(found.canary, len(found.overdue)) if found.canary else None,
        "breaker": [_trip(trip) for trip in found.trips],
        "incidents": [
            {"title": one.title, "times": one.count, "last_at": in_utc(one.last_at)} for one in found.incidents
        ],
    }


def _reading(poll: Poll | str, now: datetime) -> dict[str, object]:
    if isinstance(poll, str):
        poll = Poll(mailbox=poll, tried_at=now)
    return {
        "name": poll.mailbox,
        "read_at": in_utc(poll.read_at),
        "read_seconds_ago": _age(poll.read_at, now),
        "lag_seconds": poll.lag_seconds,
        "stuck": poll.stuck,
        "failures": poll.failures,
        "error": poll.error,
    }


def _canary(sent: Canary, overdue: int) -> dict[str, object]:
    return {
        "sent_at": in_utc(sent.sent_at),
        "due_at": in_utc(sent.due_at),
        "came_at": in_utc(sent.came_at),
        "overdue": overdue,
    }


def _trip(trip: Trip) -> dict[str, object]:
    return {
        "trip": trip.number,
        "cause": trip.cause.dimension.value,
        "name": trip.cause.name,
        "addresses": trip.surge.number,
        "limit": trip.surge.limit,
        "tripped_at": in_utc(trip.tripped_at),
    }


def _queue(waiting: Backlog, now: datetime) -> dict[str, object]:
    return {
        "announcements": waiting.announcements,
        "oldest_announcement_seconds": _age(waiting.announced_at, now),
        "given_up": waiting.given_up,
        "reviews": waiting.reviews,
        "oldest_review_seconds": _age(waiting.opened_at, now),
        "moves": waiting.moves,
    }


def _age(when: datetime | None, now: datetime) -> int | None:
    return max(0, round((now - when).total_seconds())) if when else None
