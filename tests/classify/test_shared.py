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
        "Connection refused by [127.0.0.1]",
        "connect to localhost[::1]:25: Connection refused",
        "connect to mail.intern[192.168.1.5]:25: Connection timed out",
        "lost connection with filter.intern[172.16.0.9] while sending end of data",
        "Name service error for name=relay.club.example type=A: Host not found",
        "Host or domain name not found. Name service error for name=smtp.club.example type=AAAA: Host not found, try again",
        "connect to relay.club.example[192.0.2.9]:25: No route to host",
        "conversation with relay.club.example[192.0.2.9] timed out while receiving the initial server greeting",
    ],
)
def test_a_host_of_our_own_site_or_network_is_held_against_nobody(diagnostic: str) -> None:
    assert counted(diagnostic, "info@dairy.example") == [False]
    assert counted(diagnostic, "anna@dairy.example", "ben@other.test") == [False, False]


@pytest.mark.parametrize(
    "diagnostic",
    [
        "connect to mx.club.example[192.0.2.9]:25: Connection refused",
        "Name service error for name=club.example type=MX: Host not found",
    ],
)
def test_the_own_site_of_a_recipient_counts_though_it_is_ours_too(diagnostic: str) -> None:
    assert counted(diagnostic, "ben@club.example") == [True]


@pytest.mark.parametrize(
    "diagnostic",
    [
        f"{RELAY}:25: Connection refused",
        "connect to 172.15.0.1[172.15.0.1]:25: Connection refused",
        "Name service error for name=dairy.example type=MX: Host not found",
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
