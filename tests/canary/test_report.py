"""Is the report of a canary known as that, and nothing of it held against anybody?"""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from bounce_plugin import Canary, Contact, Handling, Kind, SettingsError
from bounce_plugin.canary.message import HEADER
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.canary.nest import (
    DEAD,
    FROM,
    HOUR,
    SECOND,
    about,
    arrive,
    came,
    message_id,
    nothing_is_held_against_anybody,
    stored,
    stripped,
)
from tests.handing import take
from tests.mails import ROOT
from tests.world import ANNA, START, World


def test_a_report_is_the_canarys_and_nothing_is_held_against_anybody(world: World) -> None:
    canary = world.plugin.send_canary().sent
    assert canary.due_at == START + 4 * HOUR
    world.clock.now += 12 * SECOND
    outcome = arrive(world, about(canary))
    assert (outcome.kind, outcome.handling, outcome.events) == (Kind.BOUNCE, Handling.HANDLED, ())
    assert outcome.why == "The report of the canary sent at 2026-11-02 09:00:00 UTC, after 12 seconds."
    assert len(world.box.mails("processed")) == 1
    assert nothing_is_held_against_anybody(world)
    assert (stored(world, canary).came_at, stored(world, canary).mail_id) == (world.clock.now, outcome.mail_id)
    world.clock.now += 99 * HOUR
    world.plugin.attend()
    assert world.host.incidents == []
    done = world.plugin.send_canary()
    assert done.overdue == ()
    assert done.last is not None
    assert done.last.took == 12 * SECOND


@pytest.mark.parametrize("sample", ["postfix", "exim", "exchange", "sendmail", "opensmtpd", "qmail", "courier"])
def test_the_reports_of_many_mail_servers_are_recognised(world: World, sample: str) -> None:
    """Genuine ones, in which the message that came back has the canary's Message-ID."""
    canary = world.plugin.send_canary().sent
    tried = 0
    for path in sorted((ROOT / "tests/samples" / sample).glob("*.eml")):
        raw, found = re.subn(
            rb"(?im)(?<=\n)(message-id:\s*)<[^>\r\n]+>(?=\r?$)",
            rb"\1<%s>" % message_id(canary).encode(),
            path.read_bytes(),
        )
        examination = world.plugin.examine(raw)
        if not found or examination.kind is not Kind.BOUNCE or examination.clues.message_id != message_id(canary):
            continue
        tried += 1
        outcome = arrive(world, raw)
        assert outcome.handling is (Handling.HANDLED if tried == 1 else Handling.DUPLICATE), path
        assert nothing_is_held_against_anybody(world), path
        if tried == 10:
            break
    assert tried
    assert came(world, canary)


def test_no_host_is_asked_whose_the_dead_address_is(world: World) -> None:
    world.host.down = True
    outcome = arrive(world, about(world.plugin.send_canary().sent))
    assert outcome.handling is Handling.HANDLED
    assert world.host.incidents == []


def test_even_of_a_contact_that_the_host_has_by_mistake_a_canary_tells_nothing(world: World) -> None:
    world.host.contacts[DEAD] = Contact(id="9", address=DEAD)
    arrive(world, about(world.plugin.send_canary().sent))
    assert nothing_is_held_against_anybody(world)


def test_a_second_report_is_a_duplicate(world: World) -> None:
    canary = world.plugin.send_canary().sent
    arrive(world, about(canary))
    first = stored(world, canary)
    world.clock.now += HOUR
    outcome = arrive(world, about(canary))
    assert (outcome.handling, outcome.why) == (
        Handling.DUPLICATE,
        "Another report of the canary sent at 2026-11-02 09:00:00 UTC.",
    )
    assert stored(world, canary) == first
    assert nothing_is_held_against_anybody(world)


def test_a_report_in_which_the_address_was_rewritten_on_its_way_is_the_canarys(world: World) -> None:
    canary = world.plugin.send_canary().sent
    assert arrive(world, about(canary, ANNA)).handling is Handling.HANDLED, "it has never been sent to her"
    assert nothing_is_held_against_anybody(world)
    assert came(world, canary)


def test_a_report_of_a_mail_that_was_given_another_message_id_is_the_canarys(world: World) -> None:
    canary = world.plugin.send_canary().sent
    raw = report(DEAD, message_id="0102@eu-west-1.amazonses.example")
    raw = raw.replace(b"\nSubject: News\n", b"\nSubject: News\n%s: %s\n" % (HEADER.encode(), canary.token.encode()))
    assert arrive(world, raw).handling is Handling.HANDLED
    assert came(world, canary)
    assert nothing_is_held_against_anybody(world)


def test_a_stripped_report_is_that_of_the_canary_that_is_awaited_longest(world: World) -> None:
    first = world.plugin.send_canary().sent
    world.clock.now += HOUR
    second = world.plugin.send_canary().sent
    assert arrive(world, stripped(report(DEAD))).handling is Handling.HANDLED
    assert (came(world, first), came(world, second)) == (True, False)
    arrive(world, stripped(report(DEAD.upper())))
    assert came(world, second)
    outcome = arrive(world, stripped(report(DEAD)))
    assert outcome.handling is Handling.DUPLICATE
    assert "of which none is awaited" in outcome.why
    assert nothing_is_held_against_anybody(world)


def test_a_late_report_comes_and_says_so(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.clock.now += 5 * HOUR
    world.plugin.attend()
    outcome = arrive(world, about(canary))
    assert outcome.handling is Handling.HANDLED
    assert outcome.why.endswith("after 18,000 seconds, which is late: it was due at 2026-11-02 13:00 UTC.")
    assert world.plugin.send_canary().overdue == ()
    assert len(world.host.incidents) == 1


def test_a_warning_is_not_the_report_and_is_held_against_nobody(world: World) -> None:
    canary = world.plugin.send_canary().sent
    for raw in (
        about(canary, reply="451 4.4.1 No answer", action="delayed"),
        stripped(report(DEAD, "451 4.4.1 No answer", action="delayed")),
        about(canary, reply="250 2.0.0 Ok", action="relayed"),
    ):
        outcome = arrive(world, raw)
        assert outcome.handling is Handling.HANDLED
        assert "not that it has failed for good" in outcome.why
    assert not came(world, canary)
    assert nothing_is_held_against_anybody(world)


def test_an_automatic_reply_is_not_the_report(world: World) -> None:
    canary = world.plugin.send_canary().sent
    reply = (
        f"From: {DEAD}\nTo: {FROM}\nSubject: Automatic reply: A test\nAuto-Submitted: auto-replied\n"
        f"In-Reply-To: <{message_id(canary)}>\n\nI am away until Monday.\n"
    )
    assert arrive(world, reply.encode()).handling is Handling.LEFT
    assert not came(world, canary)


def test_a_token_that_was_never_sent_proves_nothing(world: World) -> None:
    canary = world.plugin.send_canary().sent
    forged = Canary(token="0" * 32, fingerprint="", sent_at=START, due_at=None)
    outcome = arrive(world, about(forged, ANNA))
    assert (outcome.handling, outcome.why) == (Handling.HANDLED, "")
    assert world.counted() == 1
    assert arrive(world, about(forged)).handling is Handling.DUPLICATE, "of the dead address it is held against nobody"
    assert not came(world, canary)
    assert world.plugin.desk.items() == ()


def test_another_message_to_the_dead_address_is_a_bounce_like_any_other(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.host.contacts[DEAD] = Contact(id="9", address=DEAD)
    arrive(world, report(DEAD))
    assert world.counted(DEAD) == 1
    assert not came(world, canary)


def test_of_a_report_about_several_the_others_are_handled_as_usual(world: World) -> None:
    canary = world.plugin.send_canary().sent
    second = (
        f"\nFinal-Recipient: rfc822; {ANNA}\nAction: failed\nStatus: 5.1.1\n"
        "Remote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
    )
    raw = about(canary).replace(b"\n\n--B", b"\n" + second.encode() + b"\n--B")
    assert {finding.recipient for finding in world.plugin.examine(raw).findings} == {DEAD, ANNA}
    outcome = arrive(world, raw)
    assert outcome.handling is Handling.HANDLED
    assert "The report of the canary" in outcome.why
    assert outcome.details == (f"{ANNA}: address_unknown, counts; pause until 2026-11-09",)
    assert (world.counted(ANNA), world.counted(DEAD)) == (1, 0)
    assert came(world, canary)


def test_what_a_person_decides_about_the_others_is_not_about_the_dead_address(world: World) -> None:
    canary = world.plugin.send_canary().sent
    second = b"\nFinal-Recipient: rfc822; stranger@example.com\nAction: failed\nStatus: 5.1.1\n"
    outcome = arrive(world, about(canary).replace(b"\n\n--B", b"\n" + second + b"\n--B"))
    assert outcome.handling is Handling.REVIEW
    (item,) = world.plugin.desk.items()
    assert item.addresses == ("stranger@example.com",)
    world.plugin.desk.assign(item.id, "12", actor="Erna")
    assert (world.counted("stranger@example.com"), world.counted(DEAD)) == (1, 0)


def test_I_25_a_dry_run_does_not_mark_it(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.box.drop(about(canary), world.clock.now)
    (outcome,) = world.plugin.run_once(dry_run=True).outcomes
    assert "The report of the canary" in outcome.why
    assert not came(world, canary)
    world.plugin.run_once()
    assert came(world, canary)


def test_its_report_is_known_after_the_table_was_removed(world: World) -> None:
    canary = world.plugin.send_canary().sent
    world.settings = parse_settings(
        '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n', folder=world.folder
    )
    world.box.drop(about(canary), world.clock.now)
    with world.open() as plugin:
        (outcome,) = plugin.run_once().outcomes
        assert outcome.handling is Handling.HANDLED
        with pytest.raises(SettingsError, match=r"\[canary\]: no table says where a canary is sent"):
            plugin.send_canary()


def test_a_report_that_the_mail_server_hands_over_is_the_canarys(world: World) -> None:
    canary = world.plugin.send_canary().sent
    outcome = take(world.plugin, BytesIO(about(canary)))
    assert isinstance(outcome, MailOutcome)
    assert outcome.why.startswith("The report of the canary")
    assert came(world, canary)
    assert nothing_is_held_against_anybody(world)
