"""Bounces made to measure, for tests of what follows from them."""

import os
from datetime import datetime
from itertools import count
from pathlib import Path

_serial = count(1)


def report(
    address: str,
    reply: str = "550 5.1.1 User unknown",
    *,
    action: str = "failed",
    message_id: str = "",
    report_id: str = "",
    envelope_id: str = "",
    returned: bool = True,
) -> bytes:
    """A delivery status report as Postfix writes it; each is about another message unless `message_id` says which."""
    number = next(_serial)
    news = f"""\
--B{number}
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: News <news@crm.example>
To: {address}
Subject: News
Message-ID: <{message_id or f"news{number}@crm.example"}>

"""
    status = next((word for word in reply.split() if word.count(".") == 2), "5.0.0")
    return f"""\
Return-Path: <>
Date: Mon, 23 Nov 2026 15:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@crm.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B{number}"
Message-ID: <{report_id or f"report{number}"}@mx.example.net>

--B{number}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

<{address}>: host mx.example.com[192.0.2.1] said: {reply} (in reply to RCPT TO command)

--B{number}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
{f"Original-Envelope-Id: {envelope_id}{chr(10)}" if envelope_id else ""}
Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {reply}

{news if returned else ""}--B{number}--
""".encode()


PRIVATE = b"""\
From: Aunt Erna <erna@family.example>
To: club@crm.example
Subject: Sunday
Message-ID: <sunday@family.example>

Shall we meet on Sunday? My last mail came back with 550 user unknown, but never mind.
"""


class Box:
    """A Maildir that mail is dropped into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for place in ("new", "cur", "tmp"):
            (path / place).mkdir(parents=True)

    def drop(self, raw: bytes, received_at: datetime | None = None) -> Path:
        """Deliver one mail, as it would have been at that time."""
        path = self.path / "new" / f"1763900000.M{next(_serial)}P1.mx"
        path.write_bytes(raw)
        if received_at is not None:
            os.utime(path, (received_at.timestamp(), received_at.timestamp()))
        return path

    def mails(self, folder: str = "") -> list[Path]:
        """The mails of a folder; "" is the inbox."""
        root = self.path / f".{folder}" if folder else self.path
        return sorted(path for place in ("new", "cur") for path in (root / place).glob("*"))
