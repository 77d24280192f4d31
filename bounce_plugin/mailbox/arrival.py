"""How does a mail that a mail server hands to us come into a Maildir: whole, once, and with its envelope?

We are the delivery agent here, so we write down what only the envelope says, as others do: `Return-Path` and
`Delivered-To`, above the octets that we were given. The name of the file follows from the mail, so that one that is
handed over again, because we or the mail server were killed before it knew, has the same name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.maildir import MaildirMailbox, sync_directory
from bounce_plugin.message import limits

_PIECE: Final = 256 * 1024  # octets at a time: a mail of any size needs no more memory
_LINE_ENDS: Final = re.compile(rb"\r?\n|\r")
#: Servers write it at each try anew: it does not belong to what makes a mail the same one.
_DELIVERY_DATE: Final = re.compile(rb"^Delivery-date:.*\r?\n", re.IGNORECASE | re.MULTILINE)
#: Not in an address that stands in a header field: it could be more than an address.
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the mail server says of a mail, beside the mail. Empty: it does not say."""

    recipient: str = ""
    sender: str = ""  # `<>` for the null sender

    def fields(self, head: bytes) -> bytes:
        """The header fields that tell it, but for those that the mail has already; with the line ends of the mail."""
        block = b"\n" + _LINE_ENDS.sub(b"\n", head).partition(b"\n\n")[0].lower() + b"\n"
        wanted = []
        sender = self.sender.removeprefix("<").removesuffix(">")
        if self.sender and not _UNFIT.search(sender) and b"\nreturn-path:" not in block:
            wanted.append(b"Return-Path: <" + _in_octets(sender) + b">")
        recipient = _in_octets(self.recipient)
        if recipient and not _UNFIT.search(self.recipient) and not _names(block, recipient):
            wanted.append(b"Delivered-To: " + recipient)
        end = found[0] if (found := _LINE_ENDS.search(head)) else b"\n"
        return b"".join(field + end for field in wanted)


def _in_octets(address: str) -> bytes:
    return address.encode("utf-8", "surrogateescape")


def _names(block: bytes, recipient: bytes) -> bool:
    """Whether the fields, in lower case, tell already that the mail was delivered to this very address."""
    return re.search(rb"\ndelivered-to:[ \t]*<?" + re.escape(recipient.lower()) + rb">?[ \t]*\n", block) is not None


class Source(Protocol):
    """Where a mail is read from: a file, a pipe."""

    def read(self, octets: int, /) -> bytes:
        """At most so many octets; none at the end of the mail."""
        ...


class Arrival:
    """A mail in the folder tmp of a Maildir, whole and on the disk, which no reader sees before it is delivered.

    A context manager: what was not delivered is gone afterwards. Raises MailboxError when it cannot be written.
    """

    def __init__(self, mailbox: MaildirMailbox, source: Source, envelope: Envelope) -> None:
        """Copy a mail to its end. One without any octet is a MailboxError: no mail server hands that over."""
        self._mailbox = mailbox
        self._tmp = mailbox.inbox / "tmp"
        self._path = self._tmp / f"{os.getpid()}.{os.urandom(8).hex()}"
        try:
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                self.uid = _copy(source, file, envelope)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._discard()
            raise MailboxError(f"mailbox {mailbox.name!r}: cannot write {self._path}: {error.strerror}") from error
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._discard()

    def deliver(self, known: Callable[[str], bool]) -> bool:
        """Put the mail into the inbox, unless it is there or `known` says that it was; tells whether it is there now."""
        inbox = self._mailbox.inbox
        try:
            with _one_at_a_time(self._tmp):
                if self._mailbox.holds(self.uid):
                    return True
                # In this order: what has left the inbox was recorded before.
                if known(self.uid):
                    return False
                self._path.rename(inbox / "new" / self.uid)
                sync_directory(inbox / "new")
        except OSError as error:
            raise MailboxError(
                f"mailbox {self._mailbox.name!r}: cannot deliver to {inbox / 'new'}: {error.strerror}"
            ) from error
        return True

    def _discard(self) -> None:
        self._path.unlink(missing_ok=True)


def _copy(source: Source, file: BinaryIO, envelope: Envelope) -> str:
    """Write a mail with its envelope, and give the name that follows from both."""
    head = _without_from_line(_read_fully(source, limits.HEADER_BLOCK))
    if not head:
        raise MailboxError("not one octet of a mail was handed over")
    name = hashlib.sha256(f"{envelope.recipient}\0".encode(errors="surrogatepass"))
    name.update(_DELIVERY_DATE.sub(b"", head, count=1))
    file.write(envelope.fields(head) + head)
    while piece := source.read(_PIECE):
        name.update(piece)
        file.write(piece)
    return f"{name.hexdigest()}.handed"


def _read_fully(source: Source, octets: int) -> bytes:
    """So many octets, or all there are: a pipe gives them in pieces, and the name must not hang on those."""
    head = bytearray()
    while len(head) < octets and (piece := source.read(octets - len(head))):
        head += piece
    return bytes(head)


def _without_from_line(head: bytes) -> bytes:
    """The mail itself: the line of an mbox that some servers write above it tells the time of each try."""
    return head.partition(b"\n")[2] if head.startswith(b"From ") else head


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let nobody else deliver meanwhile: no process, and no other thread of this one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
