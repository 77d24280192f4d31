"""Where do messages come from and where do they go? The contract that every kind of mailbox fulfils."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Event
from types import TracebackType
from typing import Final, Protocol, Self

#: Octets of a mail by which it is told whom it is addressed to: its header, or the most of it.
PEEK: Final = 8 * 1024


class Folder(StrEnum):
    """What a folder is for; each mailbox knows the real name."""

    INBOX = "inbox"
    PROCESSED = "processed"
    REVIEW = "review"
    LEDGER = "ledger"  # no folder: the mail was taken from the server, and its octets are in the ledger


class Filing(StrEnum):
    """What becomes of a mail's place once it is recorded."""

    FOLDERS = "folders"  # it moves to `processed` or `review`
    LEDGER = "ledger"  # there are no folders: its octets are put into the ledger, and it is taken from the server
    STAYS = "stays"  # there are no folders: it stays where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One mail, octet for octet as the mailbox holds it."""

    mailbox: str  # the mailbox's name in bounce.toml
    folder: Folder
    uidvalidity: str  # a UID means nothing under another UIDVALIDITY (RFC 9051, section 2.3.1.1)
    uid: str
    raw: bytes
    size: int  # octets of the whole mail; more than len(raw) when only its head was fetched (reference/limits)
    received_at: datetime  # when our mailbox took it in (INTERNALDATE), UTC

    @property
    def sha256(self) -> str:
        """The fingerprint of the raw octets."""
        return hashlib.sha256(self.raw).hexdigest()


def has_all(head: bytes, words: Sequence[str]) -> bool:
    """Whether all these words, in lower case, stand in the head of a mail."""
    lowered = head.lower()
    return all(word.encode() in lowered for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """What the UIDs of a folder mean."""

    uidvalidity: str
    uidnext: int = 0  # above all UIDs that were ever given (RFC 9051, section 2.3.1.1); 0: they are no numbers here
    uids_return: bool = False  # a new mail may have the UID of one that is gone (RFC 1939, section 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Numbering):
    """What a folder holds now."""

    uids: tuple[str, ...]  # oldest first


class Mailbox(Protocol):
    """A bounce mailbox. Used as a context manager: entering connects, leaving disconnects.

    Nothing is ever deleted but by `delete` (and where mails are taken to the ledger, see `Filing`), no flag is changed (but
    where `Pop3Mailbox` says so), and no message that we were not asked to move is touched. Every method raises `MailboxError`
    (`SignInError`) and nothing else when the mailbox does not answer as it should.
    """

    name: str
    dedicated: bool  # only bounces arrive here: ordinary mail may be moved, too

    @property
    def filing(self) -> Filing:
        """What becomes of a mail's place once it is recorded."""

    @property
    def remote(self) -> bool:
        """Whether a server fetches and moves, so that it pays to do something else meanwhile, in another thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def listing(self, folder: Folder) -> Listing:
        """The UIDs of a folder; an absent folder is empty, with the uidvalidity "" ."""

    def numbering(self, folder: Folder) -> Numbering:
        """The same without the UIDs, which takes no longer for a large folder than for a small one."""

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        """The mails with these UIDs, without setting any flag (see above); those that are gone meanwhile are left out.

        A mail over the cap (10 MiB) comes with its head alone (256 KiB) and its true size.
        """

    def heads(self, folder: Folder, uids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The first 8 KiB of those of these mails that are addressed to something with all these words (in lower case).

        It may give others besides. Nothing where that cannot be told without reading the mails.
        """

    def move(self, source: Folder, uids: Iterable[str], target: Folder) -> Mapping[str, str]:
        """Move mails, making the target folder if need be; returns the new UIDs of those whose new UID is known.

        A mail that is gone already is no error. To LEDGER only mails are moved that `fetch` has given since we connected.
        """

    def moved_under(self, target: Folder) -> str:
        """The UIDVALIDITY of the new UIDs that `move` to this folder told last; "" where it told none."""

    @property
    def deletes(self) -> bool:
        """Whether single mails can be deleted here, and no other with them. While connected."""

    def delete(self, folder: Folder, uidvalidity: str, uids: Iterable[str]) -> None:
        """Delete these mails for good, and no other. One that is gone already is no error."""

    def wait(self, seconds: float, stop: Event) -> None:
        """Sleep until new mail may have arrived, the time is over or `stop` is set."""

    def check(self) -> Iterable[str]:
        """One line for each thing that will not work, with its remedy; none: all is well.

        Changes and makes nothing, not even a lock. Opened for reading only, whether mails can be moved is not looked at.
        """
