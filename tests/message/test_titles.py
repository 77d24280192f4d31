"""Is the subject of a mail that a text quotes taken for what the text says?"""

import pytest

from bounce_plugin import Reason, examine
from bounce_plugin.message.titles import drop_titles


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Subject: Mailbox full\nhello", "Subject:\nhello"),
        ("hello\n  > Betreff : User unknown\n", "hello\n  > Betreff :\n"),
        ("- Objet\xa0: livraison retardée", "- Objet\xa0:"),
        ("件名： 宛先不明\n", "件名：\n"),
    ],
)
def test_a_subject_is_dropped(text: str, left: str) -> None:
    assert drop_titles(text, text.lower()) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your subject: mailbox full",
        "Subject: Hello Recipient: anna@dairy.example Reason: 550 5.1.1 User unknown",  # a table in one line
        "Subject: Undeliverable mail for <anna@dairy.example>",
        "The subject\nmailbox full",
    ],
)
def test_what_is_no_subject_or_names_somebody_stays(text: str) -> None:
    assert drop_titles(text, text.lower()) == text


HEAD = "Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: bounces@club.example\nSubject: failure notice\n\n"


@pytest.mark.parametrize(
    "subject",
    ["Subject: Mailbox full - please act", "Betreff: Ihr Postfach ist voll", "Subject: User unknown in our list"],
)
def test_a_quoted_subject_is_no_reason(subject: str) -> None:
    body = f"Your message could not be delivered to:\n\n<anna@dairy.example>\n\n{subject}\n"
    (verdict,) = examine((HEAD + body).encode()).classifications
    assert (verdict.reason, verdict.counts) == (Reason.UNKNOWN, False)
