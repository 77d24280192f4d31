"""Whose trouble is it where a host could not be reached? Ours, where it is a relay at which mail is handed in."""

from collections.abc import Sequence

import pytest

from bounce_plugin import examine

RELAY = "connect to relay.provider.example[198.51.100.250]"


def counted(diagnostic: str, *addresses: str) -> Sequence[bool]:
    """Whether it is held against each of them that our own host says this of all."""
    blocks = "".join(
        f"\nFinal-Recipient: rfc822; {address}\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; {diagnostic}\n"
        for address in addresses
    )
    raw = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.club.example (Mail Delivery System)
To: bounces@club.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.club.example
{blocks}
--B--
"""
    return [verdict.counts for verdict in examine(raw.encode()).classifications]


@pytest.mark.parametrize(
    "diagnostic",
    [
        f"{RELAY}:587: Connection refused",
        f"{RELAY}:465: Connection timed out",
        "Connection to relay.provider.example port 587 timed out: connection timed out",
        f"connect to mx.dairy.example[192.0.2.1]:25: timed out; {RELAY}:587: Connection timed out",
        "connect to relay.provider.example:587: Host or domain name not found",
    ],
)
def test_a_relay_of_ours_is_held_against_nobody(diagnostic: str) -> None:
    assert counted(diagnostic, "info@dairy.example") == [False]


@pytest.mark.parametrize(
    "diagnostic",
    [
        f"{RELAY}:25: Connection refused",
        "connect to mail.dairy.example[192.0.2.1]:587: Connection refused",  # the recipient's own
        "550 5.1.1 User unknown (port 587)",
    ],
)
def test_whoever_else_is_not_reached_counts(diagnostic: str) -> None:
    assert counted(diagnostic, "info@dairy.example") == [True]


@pytest.mark.parametrize(
    "diagnostic",
    ["connection timed out", "all hosts failed: connection refused", "could not connect to remote server: refused"],
)
def test_words_are_no_hosts_that_two_share(diagnostic: str) -> None:
    assert counted(diagnostic, "anna@dairy.example", "ben@other.test") == [True, True]
