"""Who listens for mail servers, and when does that end? Sessions in one thread, mails in some others.

A mail is answered when it is committed. Moving it to its folder, and telling plugins and people, come after that in a
thread of its own: no mail server waits for a plugin.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Final

from bounce_plugin.errors import BounceError, SettingsError
from bounce_plugin.intake import Intake
from bounce_plugin.lmtp import replies
from bounce_plugin.lmtp.session import Session
from bounce_plugin.mailbox.arrival import Envelope
from bounce_plugin.settings import LmtpSettings

log = logging.getLogger(__name__)

#: Mails that are handled at one time: the ledger takes them one after the other, plugins are asked beside each other.
HANDS: Final = 4
#: Seconds after which plugins are told what is due, also when no mail came: earlier announcements that failed.
TELL_EVERY: Final = 60.0
#: Seconds that the mails at hand may take once we are told to stop. A ledger is waited for no longer.
PATIENCE: Final = 90.0
#: Who may write to a Unix socket: its owner and its group.
SOCKET_MODE: Final = 0o660


class LmtpServer:
    """Takes mails over LMTP until it is told to stop."""

    def __init__(self, intake: Intake, settings: LmtpSettings) -> None:
        self.closing = False
        self.max_megabytes = settings.max_megabytes
        self._intake, self._settings = intake, settings
        self._sessions: set[Session] = set()
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="lmtp")
        self._news, self._over = Event(), Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_stop = asyncio.Event()

    async def run(self, on_ready: Callable[[str], None] = lambda place: None) -> None:
        """Listen, and stay until `stop`; then end cleanly after the mails at hand.

        Raises SettingsError where we cannot listen.
        """
        self._loop = asyncio.get_running_loop()
        server = await self._listen()
        teller = Thread(target=self._file_and_tell, name="lmtp-tell")
        teller.start()
        on_ready(self._settings.listen)
        try:
            await self._told_to_stop.wait()
        finally:
            self.closing = True
            server.close()
            await self._finish()
            await asyncio.to_thread(self._hands.shutdown)
            self._over.set()
            self._news.set()
            await asyncio.to_thread(teller.join)
            if self._settings.socket is not None:
                self._settings.socket.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it; from a signal handler, or another thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._told_to_stop.set)

    def admit(self, session: Session) -> bool:
        """See `House`."""
        if self.closing or len(self._sessions) >= self._settings.max_connections:
            log.warning("%d connections: another one is put off", len(self._sessions))
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: Session) -> None:
        """See `House`."""
        self._sessions.discard(session)

    def take_all(self, mail: IO[bytes], sender: str, recipients: tuple[str, ...]) -> asyncio.Future[list[str]]:
        """See `House`. A client that goes away meanwhile changes nothing: what is taken it may send again."""
        return asyncio.get_running_loop().run_in_executor(self._hands, self._take_all, mail, sender, recipients)

    def _take_all(self, mail: IO[bytes], sender: str, recipients: tuple[str, ...]) -> list[str]:
        answers = []
        with mail:
            for recipient in recipients:
                mail.seek(0)
                answers.append(replies.take(self._intake, mail, Envelope(recipient=recipient, sender=sender)))
                log.info("%s: %s", recipient, answers[-1])
        self._news.set()
        return answers

    async def _listen(self) -> asyncio.Server:
        settings = self._settings
        loop = asyncio.get_running_loop()

        def session() -> Session:
            return Session(self, hostname=socket.gethostname(), idle_seconds=settings.idle_seconds)

        try:
            if settings.socket is None:
                return await loop.create_server(session, settings.host, settings.port)
            server = await loop.create_unix_server(session, settings.socket)
            Path(settings.socket).chmod(SOCKET_MODE)
        except OSError as error:
            problem = f"we cannot listen there: {error.strerror or error}"
            raise SettingsError(problem, key="lmtp.listen", value=settings.listen) from error
        return server

    async def _finish(self) -> None:
        """Answer what is being handled, and end all else."""
        for session in tuple(self._sessions):
            if not session.handling:
                session.say_goodbye()
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while self._sessions and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)

    def _file_and_tell(self) -> None:
        """Move what was recorded, and tell what is due, until the end; what fails is tried again."""
        over = False
        while not over:
            self._news.wait(TELL_EVERY)
            over = self._over.is_set()
            self._news.clear()
            try:
                self._intake.file()
                self._intake.plugin.attend()
            except BounceError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("plugins could not be told")
