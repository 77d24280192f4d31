"""Is an argument true, short and understandable, in each language?"""

import re
from pathlib import Path

import click
import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli.argument import argue
from bounce_plugin.cli.trace import trace
from bounce_plugin.examination import Examination, examine
from bounce_plugin.words.catalogue import LANGUAGES, load_words
from tests.bounces import report

SAMPLES = sorted((Path(__file__).parents[1] / "samples").rglob("*.eml"))
PROVIDER_CODE = "550 5.7.509 Access denied, sending domain example.org does not pass DMARC"


def said(reply: str, language: str = "en", **fields: str) -> list[str]:
    """The lines of the argument, without the file's name."""
    examination = examine(report("anna@example.com", reply, **fields))
    return click.unstyle(argue("a.eml", examination, language)).splitlines()[1:]


@pytest.mark.parametrize(("turn", "language"), [*enumerate(LANGUAGES)])
def test_samples_are_told_in_a_few_lines_in_the_language_whose_turn_it_is(turn: int, language: str) -> None:
    for path in SAMPLES[turn :: len(LANGUAGES)]:
        examination = examine(path.read_bytes())
        argument = click.unstyle(argue(path.name, examination, language))
        lines = argument.splitlines()
        assert len(lines) <= 3 + 9 * len(examination.findings), argument
        assert max(len(line) for line in lines if "confidence=" not in line) < 420, argument
        assert trace(examination, language)


@pytest.mark.parametrize(
    ("language", "foreign"),
    [("de", r"\b(?:The|the|It|is|mail server|because)\b"), ("en", r"\b(?:Die|die|ist|wird)\b")],
)
def test_no_word_of_the_other_language_slips_in(language: str, foreign: str) -> None:
    for path in SAMPLES[::8]:
        examination = examine(path.read_bytes())
        text = click.unstyle(argue("x", examination, language) + trace(examination, language))
        ours = re.sub(r"[“„][^“”]*[“”]|phrase:[^(]*|^.* confidence=.*$", "", text, flags=re.MULTILINE)
        found = re.search(foreign, ours)
        assert found is None, (path.name, found, ours)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.UNKNOWN])
def test_every_reason_is_told_in_words(reason: Reason, language: str) -> None:
    example = next(one.example for one in BUILT_IN.phrases.values() if one.reason is reason and one.scope == "any")
    examination = examine(report("anna@example.com", example))
    words, (verdict,) = load_words(language), examination.classifications
    text = argue("x", examination, language)
    assert verdict.reason is not None
    assert words.begin("reason", verdict.reason) in text
    assert words.say("fault", verdict.fault or "") in text


def test_what_is_held_against_the_address_and_why() -> None:
    lines = said("550 5.1.1 User unknown")
    assert lines[:5] == [
        "  This is a bounce: delivery has failed for good.",
        "  anna@example.com: The address does not exist.",
        "    The trouble lies with the address. Other mail will hardly arrive there either (hard).",
        "    It is held against the address, because it concerns this address alone.",
        "    The report says: “User unknown”",
    ]


def test_the_same_in_german() -> None:
    lines = said("550 5.1.1 User unknown", "de")
    assert lines[:5] == [
        "  Das ist ein Rückläufer: Die Zustellung ist endgültig gescheitert.",
        "  anna@example.com: Die Adresse gibt es nicht.",
        "    Die Ursache liegt bei der Adresse. Auch andere Post kommt dort wohl nicht an (hard).",
        "    Das wird der Adresse angerechnet, weil es nur diese Adresse betrifft.",
        "    Im Bericht steht: „User unknown“",
    ]


def test_the_technical_line_has_every_fact_and_the_line_of_the_table() -> None:
    technical = said("550 5.1.1 User unknown")[5]
    assert re.fullmatch(
        r"    reason=address_unknown type=hard confidence=0\.95 rule=\"phrase:any:[^\"]+\" table_line=phrases\.toml:\d+"
        r" field=diagnostic_code span=\"User unknown\" status=5\.1\.1 reply_code=550 stage=rcpt"
        r" remote_mta=mx\.example\.com detector=delivery_status",
        technical,
    )


def test_a_code_that_decided_is_told_with_its_meaning_and_what_the_server_said() -> None:
    lines = said("550 5.2.2 Nope")
    assert "    The report gives the code 5.2.2, which means: The mailbox is full." in lines
    assert "    The report says: “550 5.2.2 Nope”" in lines
    assert "table_line=status_codes.toml:" in lines[-1]


def test_a_code_of_a_provider_names_it() -> None:
    raw = report("anna@example.com", "550 5.1.10 refused").replace(b"mx.example.com", b"mx.protection.outlook.com")
    argument = argue("x", examine(raw))
    assert "the code 5.1.10, which means at microsoft: The address does not exist." in argument


def test_a_guess_that_is_not_sure_enough_is_told_as_one() -> None:
    raw = report("anna@example.com", "552 Nope").replace(b"Status: 5.0.0\n", b"")
    lines = click.unstyle(argue("x", examine(raw))).splitlines()
    assert lines[2] == "  anna@example.com: The mail did not arrive, and it is not clear why."
    assert (
        "    The report gives the code 552, which may mean: The mailbox is full. That alone is not sure enough."
        in lines
    )
    assert "reason=unknown suggestion=mailbox_full" in lines[-2]
    assert lines[-1] == "  A person should look. The mail does not say clearly why the delivery failed."


def test_a_code_that_means_many_things_is_told_as_one() -> None:
    assert "    The report gives the code 5.0.0, which can mean many things." in said("550 Nope")


def test_what_was_overruled_is_told_once_with_the_principle() -> None:
    lines = said("550 5.1.1 User unknown, rejected as spam")
    assert lines[1] == "  anna@example.com: The mail is taken for spam."
    overruled = [line for line in lines if "asymmetry" in line]
    assert len(overruled) == 1
    assert overruled[0].startswith("    “User unknown” and “5.1.1” alone would mean: The address does not exist. But")


def test_words_that_answer_our_sender_address_are_told_to_be_about_us() -> None:
    raw = report("anna@example.com", "550 5.1.8 No such domain").replace(b"RCPT TO", b"MAIL FROM")
    argument = argue("x", examine(raw))
    assert "Our sender address is refused." in argument
    assert (
        "“No such domain” alone would mean: The domain does not exist. But it is the answer to our sender" in argument
    )


def test_a_delay_is_not_told_as_a_failure() -> None:
    lines = said("452 4.2.2 Mailbox full", action="delayed")
    assert lines[:4] == [
        "  This is a delay warning: delivery is still being tried.",
        "  anna@example.com: Not delivered yet. The mailbox is full.",
        "    The trouble lies with the mailbox.",
        "    It is not held against the address, because the mail may still arrive.",
    ]


@pytest.mark.parametrize(("action", "words"), [("delivered", "delivered"), ("relayed", "confirms nothing")])
def test_a_delivery_blames_nobody(action: str, words: str) -> None:
    lines = said("250 2.1.5 Ok", action=action)
    assert words in lines[1]
    assert len(lines) == 3


def test_a_failure_of_whom_only_the_returned_message_names_waits_for_a_person() -> None:
    raw = b"""\
Return-Path: <>
From: MAILER-DAEMON@far.example
To: news@club.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain

Delivery failed permanently: user unknown.

--b
Content-Type: message/rfc822

From: news@club.example
To: anna@example.com
Subject: News

--b--
"""
    argument = argue("x", examine(raw))
    assert "It is held against the address only once a person has confirmed that this address is meant." in argument
    assert "A person should look. Nothing but the returned message says whom this failure concerns." in argument


def test_t_16_nothing_of_a_mail_begins_a_line_of_its_own_or_steers_the_terminal() -> None:
    raw = report("anna@example.com", "550 5.1.1 \x1b[2J User unknown\x07 \u202eevil")
    examination: Examination = examine(raw)
    for language in LANGUAGES:
        text = click.unstyle(argue("x", examination, language)) + trace(examination, language)
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
