"""When is each mailbox looked at again? For a process that runs until it is told to stop."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import Final

from bounce_plugin.errors import BusyError, MailboxError, SettingsError
from bounce_plugin.mailboxes import open_mailbox, open_tokens
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import MailboxSettings

log = logging.getLogger(__name__)

#: Seconds before a mailbox that failed is tried again: at first, and at most.
FIRST_PAUSE: Final = 5.0
LAST_PAUSE: Final = 600.0
#: Failures in a row after which the operator is told: a server that is restarted is no incident.
TOLD_AFTER: Final = 3
#: Seconds before a mailbox is looked at again that another process works on.
ELSEWHERE: Final = 5.0


def keep_running(plugin: BouncePlugin, stop: Event, on_outcome: Callable[[MailOutcome], None]) -> None:
    """Watch every mailbox until `stop` is set; each has a thread, so that one that fails does not hold up the others.

    Raises what is no mailbox's fault (LedgerError), after all threads have ended.
    """
    mailboxes = plugin.settings.mailboxes
    if not mailboxes:
        raise SettingsError("there is none to be watched", key="mailbox")
    with ThreadPoolExecutor(max_workers=len(mailboxes), thread_name_prefix="mailbox") as pool:
        watches = [pool.submit(_watch, plugin, settings, stop, on_outcome) for settings in mailboxes]
        wait(watches, return_when=FIRST_EXCEPTION)
        stop.set()
    for watch in watches:
        watch.result()


def _watch(
    plugin: BouncePlugin,
    settings: MailboxSettings,
    stop: Event,
    on_outcome: Callable[[MailOutcome], None],
) -> None:
    """Look at one mailbox whenever something may have arrived; connect again, ever more slowly, when it fails."""
    pause = FIRST_PAUSE
    failures = 0
    tokens = open_tokens(settings)  # kept from one connection to the next
    while not stop.is_set():
        try:
            with open_mailbox(settings, tokens=tokens, stop=stop) as mailbox:
                while not stop.is_set():
                    try:
                        plugin.run_mailbox(mailbox, stop=stop, on_outcome=on_outcome)
                    except BusyError as error:
                        log.info("%s", error)
                        pause, failures = FIRST_PAUSE, 0
                        stop.wait(ELSEWHERE * _jitter())  # not for news: of that we hear all the time
                    else:
                        pause, failures = FIRST_PAUSE, 0
                        mailbox.wait(settings.poll_seconds, stop)
        except (MailboxError, SettingsError) as error:  # a password that cannot be had is one mailbox's trouble, too
            if stop.is_set():  # a server was left before it had answered
                log.info("%s", error)
                break
            failures += 1
            plugin.note_failure(settings.name, error)
            level = logging.WARNING if failures <= TOLD_AFTER else logging.DEBUG  # an outage of days fills no log
            log.log(level, "%s; next try in about %.0f seconds", error, pause)
            if failures == TOLD_AFTER:
                title = f"The mailbox {settings.name!r} cannot be read"
                plugin.raise_incident(key=f"mailbox:{settings.name}", title=title, detail=str(error))
            plugin.attend()  # announcements do not wait for a mailbox
            stop.wait(pause * _jitter())
            pause = min(pause * 2, LAST_PAUSE)


def _jitter() -> float:
    """A factor near 1, so that many processes do not return at once."""
    return random.uniform(0.8, 1.2)  # noqa: S311
