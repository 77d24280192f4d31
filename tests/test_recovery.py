"""Does an address whose mailbox was full recover, by what really shows that mail gets through?"""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin import Delivery
from bounce_plugin.cli import DONE, program
from bounce_plugin.desk.erase import look_up
from bounce_plugin.policy.state import Verb
from tests.trust.marked import KEYS, returned, signing
from tests.world import ANNA, START, World, open_world

FULL = "552 5.2.2 Mailbox full"
TWICE = '[[policy.rule]]\nname = "twice"\nafter = 2\nthen = ["suppress"]\n'
MAILBOX = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'


@pytest.fixture
def club(tmp_path: Path) -> World:
    for number, key in KEYS.items():
        (tmp_path / f"trust-{number}.key").write_text(key)
    (tmp_path / "bounce.toml").write_text(MAILBOX + TWICE + signing("address"))
    return open_world(tmp_path, TWICE + signing("address"))


def stopped_after(world: World, days: float) -> bool:
    """Whether the mailbox being full once more stops the mail."""
    world.clock.now = START + timedelta(days=days)
    world.bounce(reply=FULL)
    return world.plugin.should_suppress(ANNA, "newsletter")


def test_two_soft_failures_stop_where_nothing_got_through(club: World) -> None:
    with club.plugin:
        assert [stopped_after(club, days) for days in (0, 20)] == [False, True]


@pytest.mark.parametrize(("days", "stopped"), [(6, False), (4, True)])
def test_a_recorded_delivery_without_a_bounce_is_a_success_after_five_days(
    club: World, days: int, stopped: bool
) -> None:
    with club.plugin as plugin:
        stopped_after(club, 0)
        sent = Delivery(ref="d1", address=ANNA, category="newsletter", sent_at=START + timedelta(hours=1))
        plugin.record_sent([sent])
        assert stopped_after(club, days) is stopped
        explanation = plugin.explain(ANNA, "newsletter")
        assert len(explanation.forgiven) == (not stopped)


def test_a_signed_receipt_is_one_and_a_report_that_it_was_handed_on_is_none(club: World) -> None:
    with club.plugin as plugin:
        for action, reset in [("relayed", False), ("expanded", False), ("delivered", True)]:
            plugin.lift(ANNA, actor="ada", why="a new beginning")
            club.clock.now += timedelta(days=1)
            club.bounce(reply=FULL)
            club.clock.now += timedelta(days=1)
            path = plugin.return_path("7", "N-11", "newsletter", address=ANNA)
            club.box.drop(returned(path.address, reply="250 2.0.0 Ok", action=action), club.clock.now)
            plugin.run_once()
            club.clock.now += timedelta(days=1)
            club.bounce(reply=FULL)
            assert plugin.should_suppress(ANNA, "newsletter") is not reset, action


def test_no_from_and_no_automatic_reply_resets_anything(club: World) -> None:
    with club.plugin as plugin:
        stopped_after(club, 0)
        path = plugin.return_path("7", "N-11", "newsletter", address=ANNA)
        for fields in ({}, {"Auto-Submitted": "auto-replied"}, {"In-Reply-To": f"<{path.message_id}>"}):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = ANNA, path.address, "Re: News"
            for name, value in fields.items():
                mail[name] = value
            mail.set_content("Thank you, it arrived.")
            club.box.drop(mail.as_bytes(), START + timedelta(days=1))
            plugin.run_once()
        assert stopped_after(club, 2)


def test_the_hosts_word_resets_soft_failures_and_is_on_record(club: World) -> None:
    with club.plugin as plugin:
        stopped_after(club, 0)
        club.clock.now += timedelta(days=1)
        assert plugin.record_success("Anna@Example.com", why="she signed in", actor="crm")
        assert not plugin.record_success(ANNA, why="once more", actor="crm")
        assert not stopped_after(club, 2)
        assert stopped_after(club, 3), "what comes later counts as ever"
        assert not plugin.record_success(ANNA, why="she signed in", actor="crm", at=START)
        club.clock.now += timedelta(days=1)
        assert plugin.record_success(ANNA, why="she signed in", actor="crm")
        assert plugin.should_suppress(ANNA, "newsletter"), "a stop that holds is lifted by people alone"
        held = look_up(plugin.ledger, ANNA)
        assert [act.verb for act in held.acts] == [Verb.SUCCESS, Verb.SUPPRESS, Verb.SUCCESS]
    shown = CliRunner().invoke(program, ["-c", str(club.folder / "bounce.toml"), "status", ANNA])
    assert shown.exit_code == DONE
    assert "mail got through on 2026-11-03 09:00, says crm: she signed in" in shown.stdout


def test_status_tells_what_is_forgiven(club: World) -> None:
    with club.plugin as plugin:
        stopped_after(club, 0)
        club.clock.now += timedelta(days=1)
        plugin.record_success(ANNA, why="she signed in", actor="crm")
    shown = CliRunner().invoke(program, ["-c", str(club.folder / "bounce.toml"), "status", ANNA])
    assert "forgiven" in shown.stdout
    assert "Nothing stops mail to this address." in shown.stdout


def test_whoever_is_forgotten_is_in_no_word_of_the_host(club: World) -> None:
    with club.plugin as plugin:
        stopped_after(club, 0)
        club.clock.now += timedelta(days=1)
        plugin.record_success(ANNA, why=f"{ANNA} signed in", actor="crm")
        plugin.erase(ANNA)
        (act,) = look_up(plugin.ledger, ANNA).acts
        assert ANNA not in act.because
