"""What does bounce.toml say? Read, checked, and refused with reasons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, ValidationInfo, model_validator

from bounce_plugin.classify.additions import Addition
from bounce_plugin.errors import SettingsError
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.rules import Policy
from bounce_plugin.settings.breaker import BreakerSettings
from bounce_plugin.settings.canary import CanarySettings
from bounce_plugin.settings.complaint import complain
from bounce_plugin.settings.health import HealthSettings, MetricsSettings
from bounce_plugin.settings.lmtp import LmtpSettings
from bounce_plugin.settings.mailbox import ImapSettings, MaildirSettings, MboxSettings, Pop3Settings
from bounce_plugin.settings.policy import DeclaredCategory, PolicySettings
from bounce_plugin.settings.section import Name, Origin, Section, refuse, resolve_database
from bounce_plugin.settings.sections import HookSettings, LedgerSettings, NoticeSettings
from bounce_plugin.settings.trust import TrustSettings

MailboxSettings = ImapSettings | Pop3Settings | MaildirSettings | MboxSettings


def _resolve_urls(plugins: Mapping[str, Mapping[str, object]], info: ValidationInfo) -> Mapping[str, object]:
    """A plugin does not know where bounce.toml is, and the process may run in any folder."""
    assert isinstance(info.context, Origin)
    resolved: dict[str, Mapping[str, object]] = {}
    for name, options in plugins.items():
        url = options.get("url")
        changed = {"url": resolve_database(url, info.context.folder)} if isinstance(url, str) else {}
        resolved[name] = {**options, **changed}
    return resolved


class Settings(Section):
    """Everything that bounce.toml says. Made by `load_settings`; nothing in it changes."""

    ledger: LedgerSettings
    mailboxes: tuple[Annotated[MailboxSettings, Field(discriminator="kind")], ...] = Field((), alias="mailbox")
    lmtp: LmtpSettings
    policy_: PolicySettings = Field(alias="policy")
    categories: Mapping[Name, DeclaredCategory] = {}
    trust: TrustSettings
    breaker: BreakerSettings
    notices: NoticeSettings | None = None  # not given: nobody is told by mail
    canary: CanarySettings | None = None  # not given: no canary is sent
    hooks: HookSettings
    health: HealthSettings
    metrics: MetricsSettings
    #: More rules of classification, row by row as they stand there: `rulebook.py` reads them with those of the plugins.
    phrases: tuple[Mapping[str, object], ...] = ()
    #: Each plugin's own options, as they are but for one: the file of an SQLite `url` is relative to our folder.
    plugin: Annotated[Mapping[Name, Mapping[str, object]], AfterValidator(_resolve_urls)] = Field({}, repr=False)

    _policy: Policy = PrivateAttr()
    _origin: Origin = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Build what is asked for often."""
        assert isinstance(context, Origin)
        self._origin = context
        self._policy = replace(self.policy_.build(self.categories), required=self.trust.require)

    @property
    def policy(self) -> Policy:
        """All rules and categories that hold."""
        return self._policy

    @property
    def processed_keep_days(self) -> Mapping[str, int | None]:
        """After how many days mails that were filed as processed are deleted, by mailbox; None: never."""
        return {one.name: None if isinstance(one, Pop3Settings) else one.processed_keep_days for one in self.mailboxes}

    @property
    def addition(self) -> Addition:
        """The operator's own phrases, and where they stand."""
        return Addition(source=self.source, rows=self.phrases, text=self._origin.text)

    @property
    def folder(self) -> Path:
        """The folder that relative paths are relative to."""
        return self._origin.folder

    @property
    def source(self) -> str:
        """The file's name, for messages."""
        return self._origin.source

    @model_validator(mode="after")
    def _mailboxes_differ(self) -> Self:
        taken: set[str] = set()
        for number, mailbox in enumerate(self.mailboxes, start=1):
            if mailbox.name in taken:
                raise refuse("another mailbox has this name already", key=f"mailbox[{number}].name", value=mailbox.name)
            taken.add(mailbox.name)
        return self

    @model_validator(mode="after")
    def _deliveries_outlast_their_reports(self) -> Self:
        days, key = self.ledger.keep_deliveries_days, "ledger.keep_deliveries_days"
        for other, least in (
            ("trust.oldest_days", self.trust.oldest_days),
            ("policy.success_after_days", self.policy_.success_after_days),
        ):
            if days is not None and days < least:
                raise refuse(f"must be at least {other} = {least}: until then a report may come", key=key, value=days)
        return self

    @model_validator(mode="after")
    def _categories_are_declared(self) -> Self:
        self.policy_.check_categories([category.name for category in BUILT_IN_CATEGORIES] + list(self.categories))
        return self


def load_settings(path: Path) -> Settings:
    """Read a settings file. Raises SettingsError, which names the file, the key, the value and what is allowed."""
    try:
        text = path.read_text("utf-8-sig")  # some editors of Windows begin a text with a byte-order mark
    except FileNotFoundError as error:
        raise SettingsError("there is no such file; `bounce-plugin init` writes one", source=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read: {error}", source=str(path)) from error
    return parse_settings(text, folder=path.parent, source=str(path))


def parse_settings(text: str, *, folder: Path, source: str = "bounce.toml") -> Settings:
    """The same from the text of such a file; relative paths are relative to `folder`. Raises SettingsError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is not TOML: {error}", source=source) from error
    for section in ("ledger", "policy", "trust", "breaker", "hooks", "lmtp", "health", "metrics"):
        tables.setdefault(section, {})
    try:
        return Settings.model_validate(tables, context=Origin(folder=folder.absolute(), source=source, text=text))
    except ValidationError as error:
        raise complain(error, source) from error
