"""How does a run say what it did?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bounce_plugin.cli.run import line_of
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome


def test_a_mail_is_one_line_and_each_of_several_recipients_another() -> None:
    outcome = MailOutcome(
        mail_id=3,
        mailbox="b",
        kind=Kind.BOUNCE,
        handling=Handling.HANDLED,
        why="",
        details=("anna@example.com: address_unknown, counts; pause until 2026-11-30",),
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    assert line_of(outcome) == (
        "mail 3 in b: bounce, handled: anna@example.com: address_unknown, counts; pause until 2026-11-30"
    )
    several = replace(outcome, details=("anna: x", "emil:\ny\x1b[2J\nmail 4 in b: bounce, handled"))
    assert line_of(several) == (
        "mail 3 in b: bounce, handled\n  anna: x\n  emil: y\N{REPLACEMENT CHARACTER}[2J mail 4 in b: bounce, handled"
    )
    because = replace(outcome, why="A rule asks for it.")
    assert line_of(because).startswith(
        "mail 3 in b: bounce, handled: A rule asks for it. anna@example.com: address_unknown"
    )
