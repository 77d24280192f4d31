"""What may Prometheus know? Numbers alone, from the ledger; needs the extra `metrics`.

They are those of the ledger, not of a process: they are the same for each process, and none is lost with one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bounce_plugin.errors import LedgerError, SettingsError
from bounce_plugin.health import Health, look_at_health
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.polls import Poll
from bounce_plugin.ledger.totals import Tally, Totals
from bounce_plugin.settings import Settings

log = logging.getLogger(__name__)

PREFIX = "bounce_plugin_"


class LedgerCollector(Collector):
    """Looks at the ledger whenever somebody reads."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._settings, self._ledger, self._clock = settings, ledger, clock
        self._totals, self._lock = Totals(), Lock()

    def describe(self) -> list[Metric]:
        """None beforehand: registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric. Without a ledger only that we are not healthy."""
        try:
            with self._lock:
                found = self._look()
        except LedgerError as error:
            log.warning("%s", error)
            found = [_healthy(0)]
        yield from found

    def _look(self) -> list[Metric]:
        now = self._clock()
        health = look_at_health(self._settings, self._ledger, now)
        with self._ledger.reading() as tx:
            self._totals.count_on(tx, now)
        return [_healthy(health.ok), *_of_mailboxes(health), *_of_backlog(health), *self._of_totals()]

    def _of_totals(self) -> Iterator[Metric]:
        totals = self._totals
        yield _counter("mails", "Mails that were recorded.", ("mailbox", "kind"), totals.mails)
        yield _counter("events", "What happened to recipients.", ("kind", "reason", "type", "counts"), totals.events)
        yield _counter("acts", "What rules and people did to addresses.", ("verb", "rule"), totals.acts)
        yield _gauge("stopped_addresses", "Addresses that are stopped or paused now.", totals.stopped)
        yield CounterMetricFamily(f"{PREFIX}incidents", "How often there was trouble.", value=totals.trouble)


def open_registry(settings: Settings, ledger: Ledger, clock: Callable[[], datetime]) -> CollectorRegistry:
    """A registry with our metrics alone."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector(settings, ledger, clock))
    return registry


def as_text(settings: Settings, ledger: Ledger, clock: Callable[[], datetime]) -> str:
    """All metrics once, in Prometheus's text format."""
    return generate_latest(open_registry(settings, ledger, clock)).decode()


@contextmanager
def served(settings: Settings, ledger: Ledger, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let Prometheus read meanwhile, where [metrics] says so. Raises SettingsError where we cannot listen there."""
    place = settings.metrics.place
    if place is None:
        yield
        return
    host, port = place
    try:
        server, thread = start_http_server(port, host, open_registry(settings, ledger, clock))
    except OSError as error:
        problem = f"we cannot listen there: {error.strerror or error}"
        raise SettingsError(
            problem, key="metrics.listen", value=settings.metrics.listen, source=settings.source
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _of_mailboxes(health: Health) -> Iterator[Metric]:
    read = GaugeMetricFamily(f"{PREFIX}mailbox_read_timestamp_seconds", "When it was last read.", labels=("mailbox",))
    lag = GaugeMetricFamily(
        f"{PREFIX}mailbox_lag_seconds",
        "How long, of the mails that came last, one waited until it was recorded, at most.",
        labels=("mailbox",),
    )
    failures = GaugeMetricFamily(f"{PREFIX}mailbox_failures", "Tries in a row that failed.", labels=("mailbox",))
    stuck = GaugeMetricFamily(f"{PREFIX}mailbox_stuck_mails", "Mails that cannot be recorded.", labels=("mailbox",))
    for poll in health.polls:
        if not isinstance(poll, Poll):
            continue
        name = (poll.mailbox,)
        if poll.read_at is not None:
            read.add_metric(name, poll.read_at.timestamp())
        if poll.lag_seconds is not None:
            lag.add_metric(name, poll.lag_seconds)
        failures.add_metric(name, poll.failures)
        stuck.add_metric(name, poll.stuck)
    yield from (read, lag, failures, stuck)


def _of_backlog(health: Health) -> Iterator[Metric]:
    waiting, now = health.backlog, health.checked_at
    if waiting is None:
        return
    yield _gauge("announcements_waiting", "Announcements that a plugin must still be told.", waiting.announcements)
    yield _gauge("announcements_oldest_seconds", "For how long the oldest waits.", _age(waiting.announced_at, now))
    yield _gauge("announcements_given_up", "Announcements that no plugin could be told.", waiting.given_up)
    yield _gauge("reviews_waiting", "Items of manual work.", waiting.reviews)
    yield _gauge("reviews_oldest_seconds", "For how long the oldest waits.", _age(waiting.opened_at, now))
    yield _gauge("moves_waiting", "Mails that are recorded, and not yet in their folder.", waiting.moves)
    yield _gauge("breaker_trips_open", "Trips of the breaker that nobody has settled.", len(health.trips))
    yield _gauge("canaries_overdue", "Canaries whose reports are missing since one came last.", len(health.overdue))


def _healthy(value: float) -> Metric:
    return _gauge("healthy", "1: nobody has to do anything; 0: see `bounce-plugin health`.", value)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, documentation, value=value)


def _counter(name: str, documentation: str, labels: tuple[str, ...], tally: Tally) -> Metric:
    family = CounterMetricFamily(PREFIX + name, documentation, labels=labels)
    for values, times in sorted(tally.counted.items()):
        family.add_metric(values, times)
    return family


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
