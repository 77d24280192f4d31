"""Whose trouble is it where a host could not be reached? Ours, where it is a relay at which mail is handed in."""

from collections.abc import Sequence

import pytest

from bounce_plugin import examine

RELAY = "connect to relay.provider.example[198.51.100.250]"


def counted(
    diagnostic: str, *addresses: str, remote: str = "", status: str = "4.4.1", reporter: str = "mx.club.example"
) -> Sequence[bool]:
    """Whether it is held against each of them that a host, our own one, says this of all."""
    asked = f"Remote-MTA: dns; {remote}\n" if remote else ""
    blocks = "".join(
        f"\nFinal-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n{asked}Diagnostic-Code: X-Postfix; {diagnostic}\n"
        for address in addresses
    )
    raw = f"""\
Return-Path: <>
From: MAILER-DAEMON@{reporter} (Mail Delivery System)
To: bounces@club.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporter}
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
        "Name service error for name=smtp-relay.provider.example type=A: Host not found, try again",
        "host 10.0.0.5 [10.0.0.5] Connection refused: retry timeout exceeded",
        "host relay.provider.example [192.0.2.9]:587 Connection refused: retry timeout exceeded",
    ],
)
def test_a_host_of_our_own_site_or_network_is_held_against_nobody(diagnostic: str) -> None:
    assert counted(diagnostic, "info@dairy.example") == [False]
    assert counted(diagnostic, "anna@dairy.example", "ben@other.test") == [False, False]


@pytest.mark.parametrize("remote", ["127.0.0.1", "localhost", "relay.club.example", "[192.168.0.1]"])
def test_what_a_host_of_our_own_says_of_the_domain_counts(remote: str) -> None:
    for diagnostic in ("Domain not found: dairy.example", "Name service error for name=dairy.example: Host not found"):
        assert counted(diagnostic, "info@dairy.example", remote=remote, status="5.1.2") == [True]
    assert counted("Connection refused", "info@dairy.example", remote=remote) == [False]


def test_our_account_at_our_own_relay_is_none_of_theirs() -> None:
    diagnostic = "account clubmail has been suspended"
    addresses = ("a@dairy.example", "b@other.test")
    assert counted(diagnostic, *addresses, remote="relay.club.example", status="5.2.1") == [False, False]


@pytest.mark.parametrize(("address", "held"), [("anna@youth.club.example", False), ("anna@dairy.example", True)])
def test_a_loop_at_our_own_site_is_held_against_nobody(address: str, held: bool) -> None:
    assert counted("mail for it loops back to myself", address, status="5.4.6") == [held]


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
        "connect to 10.mx.mill.test[192.0.2.9]:25: Connection refused",  # a name
        "Deferred: Connection refused by mailrelay.mill.test.",  # it was found
        "Deferred: Name server: dairy.example.: host name lookup failure",
        # a domain that is gone has its host there, or none
        "connect to mx.dairy.example[127.0.0.1]:25: Connection refused",
        "Name service error for name=dairy-example.mail.club.example type=A: Host not found",
        "Host or domain name not found. Name service error for name=dairy.example type=MX: Host not found (via localhost)",
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


@pytest.mark.parametrize(("reporter", "held"), [("mx.dairy.example", True), ("mx.club.example", False)])
def test_a_host_inside_the_recipients_own_site_counts(reporter: str, held: bool) -> None:
    diagnostic = "connect to exchange.lan[10.0.0.5]:25: Connection timed out"
    assert counted(diagnostic, "anna@dairy.example", reporter=reporter) == [held]


def test_a_host_that_a_provider_named_after_the_customer_counts() -> None:
    name = "dairy-example.mail.protection.provider.test"
    diagnostic = f"Name service error for name={name} type=A: Host not found"
    assert counted(diagnostic, "anna@dairy.example", reporter="out.provider.test") == [True]
    assert counted(diagnostic, "anna@x.example", reporter="out.provider.test") == [False]


@pytest.mark.parametrize(("reporter", "held"), [("mx.club.example", False), ("mx.far.test", True)])
def test_a_loop_counts_where_another_site_reports_it(reporter: str, held: bool) -> None:
    assert counted("too many hops", "anna@club.example", status="5.4.6", reporter=reporter) == [held]


def test_where_nobody_can_be_connected_to_it_is_our_network() -> None:
    diagnostic = "connect to the mail server: Connection timed out"
    assert counted(diagnostic, "anna@dairy.example", "ben@other.test", "cara@gmail.com") == [False, False, False]
    assert counted(diagnostic, "anna@dairy.example", "ben@dairy.example", "cara@gmail.com") == [True, True, False]
    assert counted(diagnostic, "anna@dairy.example", "ben@other.test", "cara@small.test") == [True, True, True]
