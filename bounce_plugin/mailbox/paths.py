"""Which mails are in these files and folders? What `bounce-plugin examine PATH...` reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from bounce_plugin.errors import MailboxError, NotFoundError
from bounce_plugin.mailbox.from_lines import split_mbox
from bounce_plugin.message import limits

STDIN: Final = "-"
_ENOUGH: Final = limits.MESSAGE + 1  # one octet over the cap, so that an examination sees that it is over
_LINE: Final = 64 * 1024
_ONE_MAIL: Final = frozenset({".eml", ".msg"})  # such a file holds one mail, whatever its lines begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMail:
    """A mail, and where it was found."""

    name: str  # the path as it was given, or "-"; of an mbox with several mails, "path#2" is its second
    raw: bytes  # at most one octet more than the cap


def raw_mails(paths: Iterable[str | os.PathLike[str]]) -> Iterator[NamedMail]:
    """The mails in these paths, one at a time: files, mboxes, Maildirs, folders (with all below), "-" for stdin.

    Hidden files are passed over, and so is what is not a file. Raises NotFoundError for a path that does not exist,
    MailboxError for one that cannot be read.
    """
    for path in paths:
        if os.fspath(path) == STDIN:
            yield from _of_stream(STDIN, sys.stdin.buffer)
        else:
            yield from _of_path(Path(path))


def octets_in(paths: Sequence[str | os.PathLike[str]]) -> int | None:
    """How many octets `raw_mails` will read, roughly; None where that cannot be known beforehand."""
    if any(os.fspath(path) == STDIN for path in paths):
        return None
    try:
        return sum(file.stat().st_size for path in paths for file in _files(Path(path)))
    except OSError:
        return None


def _of_path(path: Path) -> Iterator[NamedMail]:
    if not path.exists():
        raise NotFoundError(f"{path}: no such file or folder")
    try:
        for file in _files(path):
            with file.open("rb") as stream:
                if file.suffix.lower() in _ONE_MAIL:
                    yield NamedMail(name=str(file), raw=stream.read(_ENOUGH))
                else:
                    yield from _of_stream(str(file), stream)
    except OSError as error:
        raise MailboxError(f"{error.filename or path}: {error.strerror}") from error


def _files(path: Path) -> Iterator[Path]:
    """A file itself; the mails of a Maildir; of another folder all files below it, in the order of their names."""
    if not path.is_dir():
        yield path
    elif (path / "cur").is_dir() and (path / "new").is_dir():
        for place in ("cur", "new"):
            yield from sorted(entry for entry in (path / place).iterdir() if _is_visible(entry) and entry.is_file())
    else:
        for entry in sorted(filter(_is_visible, path.iterdir())):
            # A link to a folder may lead round in a circle.
            if entry.is_file() or (entry.is_dir() and not entry.is_symlink()):
                yield from _files(entry)


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _of_stream(name: str, stream: BinaryIO) -> Iterator[NamedMail]:
    """The mails of an mbox, which begins with "From "; anything else is one mail."""
    beginning = stream.read(5)
    if beginning != b"From ":
        yield NamedMail(name=name, raw=beginning + stream.read(_ENOUGH - len(beginning)))
        return
    stream.readline(_LINE)  # the rest of the first From_ line, of any shape
    mails = split_mbox(stream, keep=_ENOUGH)
    first, second = next(mails, None), next(mails, None)
    if first is None:
        yield NamedMail(name=name, raw=b"")
    elif second is None:
        yield NamedMail(name=name, raw=first.raw)
    else:
        for number, mail in enumerate(chain((first, second), mails), start=1):
            yield NamedMail(name=f"{name}#{number}", raw=mail.raw)
