"""How do we hear of new mail at once, and still in time where nobody tells us? (RFC 2177)"""

from __future__ import annotations

import re
from threading import Event
from time import monotonic
from typing import Final

from bounce_plugin.mailbox.session import Session

REISSUE: Final = 15 * 60.0  # seconds; after 29 minutes servers hang up, and some gateways forget us sooner
ASK_EVERY: Final = 5 * 60.0  # seconds between two questions to a server that cannot IDLE
_LOOK_EVERY: Final = 0.5  # seconds between two looks whether we are to stop
_NEWS: Final = re.compile(rb"\* \d+ EXISTS\b", re.IGNORECASE)


def await_news(session: Session, until: float, stop: Event) -> None:
    """Wait in the selected folder for mail, for `stop`, or for the monotonic clock to reach `until`.

    Raises MailboxError when the server says good-bye, or when the connection turns out to be dead.
    """
    while not stop.is_set() and (left := until - monotonic()) > 0:
        if "IDLE" in session.capabilities:
            if _idle(session, min(left, REISSUE), stop):
                return
        elif not stop.wait(min(left, ASK_EVERY)) and monotonic() < until and _has_news(session):
            return


def _idle(session: Session, seconds: float, stop: Event) -> bool:
    """One IDLE; whether mail came. Its end is a question to the server: a dead connection does not answer."""
    client, until, news = session.client, monotonic() + seconds, False
    with session.asking("IDLE"):
        before = _count(session)
        tag = client._command("IDLE")
        while client._get_response() is not None:  # None: the server is ready; before that it may have news
            if client.tagged_commands[tag]:
                client._command_complete("IDLE", tag)
                session.capabilities -= {"IDLE"}  # announced, and refused
                return False
        news = _count(session) != before
        while not news and not stop.is_set() and (left := until - monotonic()) > 0:
            if client.await_line(min(left, _LOOK_EVERY)):
                line = client.readline()
                if line[:5].upper() == b"* BYE":
                    raise client.abort(line.decode("utf-8", "replace").strip())
                news = _NEWS.match(line) is not None
        client.send(b"DONE\r\n")
        client._command_complete("IDLE", tag)
    return news


def _has_news(session: Session) -> bool:
    with session.asking("NOOP"):
        before = _count(session)
        session.client.noop()
        return _count(session) != before


def _count(session: Session) -> object:
    """What the server last said of the number of mails; imaplib appends to the list."""
    return list(session.client.untagged_responses.get("EXISTS", []))
