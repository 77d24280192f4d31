"""When are people told, and what in one mail? A plugin like any other: what it cannot send is told to it again.

News of one kind are gathered, and one mail tells them all: at most one for each kind and hour (T-15). Nothing is kept
here that would be lost by a crash: what waits is in the outbox, and so is when a kind was told last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

import pluggy

from bounce_plugin.errors import Later, NoticeError
from bounce_plugin.event import BounceEvent
from bounce_plugin.notices.kind import HOOKS, NoticeKind
from bounce_plugin.notices.message import build_message
from bounce_plugin.notices.render import News, Reached, Unarrived, render
from bounce_plugin.notices.send import SmtpServer
from bounce_plugin.outcome import Incident, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision

log = logging.getLogger(__name__)
hookimpl = pluggy.HookimplMarker("bounce_plugin")  # as any plugin makes its own: this room does not know the hooks'

#: One mail for each kind in this time.
PAUSE: Final = timedelta(hours=1)
#: A server that failed is left alone for so long, for news after news would wait for it in vain.
REST: Final = timedelta(seconds=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who gets the notices, from whom, and in which language."""

    to: tuple[str, ...]
    sender: str  # the From and the return path; never the address of a mailbox that is read for bounces
    language: str = "en"


def utc_now() -> datetime:
    """The time of day, aware, in UTC."""
    return datetime.now(UTC)


class Notices:
    """Tells people by mail what the hooks tell plugins."""

    def __init__(
        self,
        *,
        server: SmtpServer,
        readers: Readers,
        last_told: Callable[[str], datetime | None],
        kinds: frozenset[NoticeKind] = frozenset(NoticeKind),
        stopped: Callable[[str], bool] = lambda _address: False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`last_told` says when an announcement of a hook was last done for this plugin, `stopped` to whom not to write."""
        self._server, self._readers, self._kinds = server, readers, kinds
        self._last_told, self._stopped, self._clock = last_told, stopped, clock
        self._gathered: dict[NoticeKind, dict[str, News | None]] = {kind: {} for kind in NoticeKind}
        self._sent: set[str] = set()  # what the mail told already that another piece of news has led to
        self._failure: tuple[datetime, NoticeError] | None = None
        self._lock = Lock()

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        """See `hookspecs`."""
        if NoticeKind.THRESHOLD in self._kinds:
            self._tell(NoticeKind.THRESHOLD, event.id, Reached(event=event, decision=decision))

    @hookimpl
    def on_exempt_failure(self, event: BounceEvent, fallback: str) -> None:
        """See `hookspecs`."""
        if NoticeKind.EXEMPT_FAILURE in self._kinds:
            self._tell(NoticeKind.EXEMPT_FAILURE, event.id, Unarrived(event=event, fallback=fallback))

    @hookimpl
    def on_review_needed(self, item: ReviewItem) -> None:
        """See `hookspecs`. What was settled meanwhile is not told."""
        if NoticeKind.REVIEW in self._kinds:
            self._tell(NoticeKind.REVIEW, str(item.id), None if item.closed_at else item)

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        """See `hookspecs`."""
        if NoticeKind.INCIDENT in self._kinds:
            self._tell(NoticeKind.INCIDENT, f"{incident.key}:{incident.last_at.isoformat()}", incident)

    @hookimpl
    def on_run_finished(self, summary: RunSummary) -> None:
        """See `hookspecs`."""
        if NoticeKind.RUN in self._kinds:
            self._tell(NoticeKind.RUN, summary.started_at.isoformat(), summary)

    def _tell(self, kind: NoticeKind, name: str, news: News | None) -> None:
        """Gather what is new; tell everything gathered as soon as the first of it is offered again.

        None is no news any more. It waits like the rest, because what is done first keeps the others for an hour.
        """
        with self._lock:
            if f"{kind}:{name}" in self._sent:
                self._sent.discard(f"{kind}:{name}")
                return
            gathered = self._gathered[kind]
            first_time = name not in gathered
            gathered[name] = news
            last = self._last_told(HOOKS[kind])
            if last is not None and last + PAUSE > self._clock():
                raise Later(last + PAUSE)
            if first_time:
                raise Later
            if still_news := [one for one in gathered.values() if one is not None]:
                self._send(kind, still_news)
            self._sent.update(f"{kind}:{told}" for told in gathered if told != name)
            gathered.clear()

    def _send(self, kind: NoticeKind, news: Sequence[News]) -> None:
        now = self._clock()
        if self._failure is not None and now < self._failure[0] + REST:
            raise self._failure[1]
        readers = self._readers
        to = [address for address in readers.to if not self._stopped(address)]
        if not to:
            log.error("nobody is told of %d news (%s): all of %s are stopped", len(news), kind, readers.to)
            return
        rendered = render(kind, readers.language, news)
        message = build_message(rendered, kind=kind, sender=readers.sender, to=to, language=readers.language, now=now)
        try:
            self._server.send(message, sender=readers.sender, to=to)
        except NoticeError as error:
            self._failure = now, error
            raise
        self._failure = None
