"""What are people told? Mails about what was done, what failed and what waits for them, in their language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.notices.message import is_notice
from bounce_plugin.notices.notices import Notices, Readers, utc_now
from bounce_plugin.notices.send import SmtpServer

__all__ = [
    "NoticeKind",
    "Notices",
    "Readers",
    "ServerSettings",
    "SmtpServer",
    "is_notice",
    "open_notices",
    "open_server",
]


class ServerSettings(Protocol):
    """What this room needs of `[notices.smtp]`, or of `[canary.smtp]`; the settings are above it and know it, not the other way round."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def security(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def ca_file(self) -> Path | None: ...
    def read_password(self) -> str:
        """The password. Raises SettingsError when it cannot be had."""


class NoticeSettings(Protocol):
    """What this room needs of `[notices]`."""

    @property
    def to(self) -> tuple[str, ...]: ...
    @property
    def sender(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def events(self) -> frozenset[NoticeKind]: ...
    @property
    def smtp(self) -> ServerSettings: ...


def open_server(smtp: ServerSettings) -> SmtpServer:
    """The server that takes our mails, as such a table describes it; nothing connects yet."""
    return SmtpServer(
        host=smtp.host,
        port=smtp.port,
        security=str(smtp.security),
        user=smtp.user,
        password=smtp.read_password,
        ca_file=smtp.ca_file,
    )


def open_notices(
    settings: NoticeSettings,
    last_told: Callable[[str], datetime | None],
    *,
    stopped: Callable[[str], bool] = lambda _address: False,
    clock: Callable[[], datetime] = utc_now,
) -> Notices:
    """The plugin that writes to people, as the settings describe it; see `Notices`."""
    readers = Readers(to=settings.to, sender=settings.sender, language=str(settings.language))
    return Notices(
        server=open_server(settings.smtp),
        readers=readers,
        last_told=last_told,
        kinds=settings.events,
        stopped=stopped,
        clock=clock,
    )
