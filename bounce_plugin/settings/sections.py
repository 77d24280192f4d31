"""What else can be set? The tables [ledger], [notices] and [hooks]."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from bounce_plugin.correlate.correlation import LOG_WINDOW
from bounce_plugin.errors import SettingsError
from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.settings.mailbox import ChosenSecurity, Security
from bounce_plugin.settings.secret import Credentials
from bounce_plugin.settings.section import (
    FilePath,
    Name,
    Origin,
    Port,
    Section,
    Whole,
    choose,
    refuse,
    resolve_database,
)

SMTP_PORTS: Final[Mapping[Security, int]] = {"tls": 465, "starttls": 587, "none": 25}
FOREVER: Final = "forever"
_HUNDRED_YEARS: Final = 36_500  # days
_KEY_OCTETS: Final = 32
_SQLITE: Final = "sqlite:///"


def _database(url: str, info: ValidationInfo) -> str:
    """Make the path of an SQLite file absolute; other databases are named as SQLAlchemy names them."""
    assert isinstance(info.context, Origin)
    scheme = url.partition(":")[0]
    if scheme.partition("+")[0] not in ("sqlite", "postgresql"):
        raise refuse(f'{scheme!r} is no database that we know; allowed: "sqlite:///FILE", "postgresql+psycopg://…"')
    if not scheme.startswith("sqlite"):
        return url
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise refuse(f'must be "{_SQLITE}FILE"')
    return resolve_database(url, info.context.folder)


def _or_forever(value: object) -> object:
    if value is None or value == FOREVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not LOG_WINDOW.days <= value <= _HUNDRED_YEARS:
        raise refuse(
            f'allowed: "{FOREVER}", or a number of days from {LOG_WINDOW.days}, as so long a report about it may take'
        )
    return value


#: So many days, or without end.
KeptDays = Annotated[int | None, BeforeValidator(_or_forever)]


class LedgerSettings(Section):
    """Where everything is remembered, and the key that hides addresses there."""

    url: Annotated[Name, AfterValidator(_database)] = Field("sqlite:///bounces.sqlite3", repr=False)
    key_file: FilePath = Path("ledger.key")
    key_env: Name | None = None  # instead of the file
    previous_key_files: tuple[FilePath, ...] = ()  # of keys that it had before, as long as they are needed
    tenant: Whole = 1  # the number of this host among several that share a database
    keep_mails_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] = (
        30  # that mails for review are kept as they came
    )
    keep_deliveries_days: KeptDays = 400  # that what was sent is kept; None: for ever

    _source: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Remember which file we are from, for messages."""
        assert isinstance(context, Origin)
        self._source = context.source

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        files = [] if self.key_env is not None else [self.key_file]
        for path in self.previous_key_files:
            if path in files:
                raise refuse("is named twice among the keys", key="previous_key_files", value=str(path))
            files.append(path)
        return self

    def read_key(self) -> bytes:
        """The key: at least 32 octets, written as hexadecimal digits. Raises SettingsError when it cannot be had."""
        if self.key_env is None:
            return self._read(self.key_file, "ledger.key_file")
        text = os.environ.get(self.key_env, "")
        if not text:
            raise self._unusable("is not set in the environment", "ledger.key_env", self.key_env)
        return self._octets(text, "ledger.key_env", self.key_env)

    def read_previous_keys(self) -> tuple[bytes, ...]:
        """The keys that the ledger had before, the newest first. Raises SettingsError when one cannot be had."""
        key, found = "ledger.previous_key_files", [self.read_key()]
        for path in self.previous_key_files:
            octets = self._read(path, key)
            if octets in found:
                raise self._unusable("holds a key that is given already", key, str(path))
            found.append(octets)
        return tuple(found[1:])

    def _read(self, path: Path, key: str) -> bytes:
        try:
            text = path.read_text("ascii")
        except FileNotFoundError as error:
            problem = (
                "there is no such file; `bounce-plugin init` makes it with a new ledger. "
                "A ledger can be read only with the key that it was made with"
            )
            if key != "ledger.key_file":
                problem = (
                    "there is no such file; restore it, for without it nobody can tell who was forgotten in its time"
                )
            raise self._unusable(problem, key, str(path)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(f"cannot be read: {error}", key, str(path)) from error
        return self._octets(text, key, str(path))

    def _octets(self, text: str, key: str, value: str) -> bytes:
        try:
            octets = bytes.fromhex(text)
        except ValueError as error:
            raise self._unusable("the key must be written in hexadecimal digits", key, value) from error
        if len(octets) < _KEY_OCTETS:
            raise self._unusable(f"the key has {len(octets)} octets; it must have {_KEY_OCTETS} or more", key, value)
        return octets

    def _unusable(self, problem: str, key: str, value: str) -> SettingsError:
        return SettingsError(problem, key=key, value=value, source=self._source)


class SmtpSettings(Credentials):
    """The server that takes our own mails."""

    host: Name
    port_: Port | None = Field(None, alias="port")
    security: ChosenSecurity = "tls"
    ca_file: FilePath | None = None

    @property
    def port(self) -> int:
        """The port that is given, or else the usual one."""
        return self.port_ or SMTP_PORTS[self.security]

    def _label(self) -> str:
        return "notices.smtp"


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in value):
        raise refuse("is no address")
    return value


Address = Annotated[Name, AfterValidator(_address)]


class Language(StrEnum):
    """The languages that we speak to people."""

    ENGLISH = "en"
    GERMAN = "de"


class NoticeSettings(Section):
    """Who is told by mail, of what, and through which server."""

    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    sender: Address = Field(alias="from")
    language: Annotated[Language, choose(Language)] = Language.ENGLISH
    events: frozenset[Annotated[NoticeKind, choose(NoticeKind)]] = frozenset(NoticeKind)
    smtp: SmtpSettings = SmtpSettings(host="localhost", security="none", port=None)  # this machine's own mail server


class HookSettings(Section):
    """Which plugins are left out."""

    disabled: frozenset[Name] = frozenset()
