"""Which bounce mailboxes are read, and how are they reached? The tables [[mailbox]]."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from bounce_plugin.settings.oauth import OAuthSettings
from bounce_plugin.settings.secret import Credentials
from bounce_plugin.settings.section import FilePath, Name, Port, Section, YesNo, choose, refuse

#: How a connection is protected: from the first octet, after a command in the clear, or not (for this very machine).
Security = Literal["tls", "starttls", "none"]
ChosenSecurity = Annotated[Security, choose(get_args(Security))]

IMAP_PORTS: Final[Mapping[Security, int]] = {"tls": 993, "starttls": 143, "none": 143}
POP3_PORTS: Final[Mapping[Security, int]] = {"tls": 995, "starttls": 110, "none": 110}


class MailboxSection(Section):
    """What every kind of mailbox has."""

    name: Name
    dedicated: YesNo = False  # only bounces arrive here: ordinary mail is moved, too
    poll_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0  # `run` looks at least so often


class FolderSection(MailboxSection):
    """What every kind of mailbox has that has folders."""

    #: Mails that we filed as processed are deleted after so many days; None: never.
    processed_keep_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] | None = None


class ImapSettings(FolderSection, Credentials):
    """A mailbox on an IMAP server."""

    kind: Literal["imap"]
    host: Name
    port_: Port | None = Field(None, alias="port")
    user: Name
    security: ChosenSecurity = "tls"
    ca_file: FilePath | None = None  # trusted instead of those of the system
    oauth: Annotated[OAuthSettings, Field(discriminator="provider")] | None = None  # instead of a password
    inbox: Name = "INBOX"
    processed: Name = "processed"
    review: Name = "review"

    def model_post_init(self, context: Any, /) -> None:
        """Let the table [mailbox.oauth] know whose it is, for messages."""
        super().model_post_init(context)
        if self.oauth is not None:
            self.oauth.belong_to(self._label())

    @property
    def port(self) -> int:
        """The port that is given, or else the usual one."""
        return self.port_ or IMAP_PORTS[self.security]

    @model_validator(mode="after")
    def _three_folders(self) -> Self:
        _differ(self.inbox, self.processed, self.review)
        return self

    def _label(self) -> str:
        return f"mailbox {self.name!r}"

    def _needs_no_password(self) -> bool:
        return self.oauth is not None


class Pop3Settings(MailboxSection, Credentials):
    """A mailbox on a POP3 server, which has one folder and no more."""

    kind: Literal["pop3"]
    host: Name
    port_: Port | None = Field(None, alias="port")
    user: Name
    security: ChosenSecurity = "tls"
    ca_file: FilePath | None = None  # trusted instead of those of the system
    delete: YesNo = False  # true: what was handled is deleted there, once its octets are in the ledger
    poll_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300.0  # each look is a sign-in

    @property
    def port(self) -> int:
        """The port that is given, or else the usual one."""
        return self.port_ or POP3_PORTS[self.security]

    def _label(self) -> str:
        return f"mailbox {self.name!r}"


class MaildirSettings(FolderSection):
    """A Maildir; its folders are Maildir++ folders, and "" is the Maildir itself."""

    kind: Literal["maildir"]
    path: FilePath
    inbox: str = ""
    processed: Name = "processed"
    review: Name = "review"

    @model_validator(mode="after")
    def _three_folders(self) -> Self:
        _differ(self.inbox, self.processed, self.review)
        return self


class MboxSettings(FolderSection):
    """An mbox file; its folders are files beside it."""

    kind: Literal["mbox"]
    path: FilePath
    processed_: FilePath | None = Field(None, alias="processed")
    review_: FilePath | None = Field(None, alias="review")

    @property
    def processed(self) -> Path:
        """The file that is given, or else the mbox's name and ".processed"."""
        return self.processed_ or self.path.with_name(f"{self.path.name}.processed")

    @property
    def review(self) -> Path:
        """The file that is given, or else the mbox's name and ".review"."""
        return self.review_ or self.path.with_name(f"{self.path.name}.review")

    @model_validator(mode="after")
    def _three_files(self) -> Self:
        _differ(str(self.path), str(self.processed), str(self.review))
        return self


def _differ(inbox: str, processed: str, review: str) -> None:
    for key, value, others in (("processed", processed, (inbox,)), ("review", review, (inbox, processed))):
        if value in others:
            raise refuse("must be a place of its own", key=key, value=value)
