"""A process that runs for ever, in a thread of the test: start it, wait for what it does, stop it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from bounce_plugin import BouncePlugin, Incident, MailOutcome, hookimpl
from bounce_plugin.runner import keep_running


class Listener:
    """Notes what the operator is told."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        self.incidents.append(incident)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it is true; fail if it does not become so in time."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


@contextmanager
def running(plugin: BouncePlugin) -> Iterator[list[MailOutcome]]:
    """The plugin at work, until the block ends; what it has handled so far. It must stop when it is told to."""
    stop, outcomes = Event(), []  # type: Event, list[MailOutcome]
    thread = Thread(target=keep_running, args=(plugin, stop, outcomes.append))
    thread.start()
    try:
        yield outcomes
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
