"""An mbox with three mails, and what is in it."""

from __future__ import annotations

from pathlib import Path

from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.mailbox.mbox import MboxMailbox

FROM = b"From MAILER-DAEMON  Mon Nov 23 10:00:00 2026\n"
ONE, TWO, THREE = b"Subject: 1\n\n\xff\x00 raw\n", b"Subject: 2\n\nFrom here\n>From there\n", b"Subject: 3\n\nend\n"
STORED_TWO = b"Subject: 2\n\n>From here\n>>From there\n"


def fill(path: Path) -> Path:
    """Put the three mails into an mbox; returns its path."""
    path.write_bytes(FROM + ONE + b"\n" + FROM + STORED_TWO + b"\n" + FROM + THREE + b"\n")
    return path


def contents(mailbox: MboxMailbox, folder: Folder = Folder.INBOX) -> list[Incoming]:
    return list(mailbox.fetch(folder, mailbox.listing(folder).uids))
