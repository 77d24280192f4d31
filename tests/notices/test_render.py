"""Notices say what happened, in the reader's language, and whatever a mail holds stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from jinja2 import DictLoader, StrictUndefined
from jinja2.exceptions import SecurityError, UndefinedError

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.event import BounceEvent
from bounce_plugin.message.report import Kind
from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.notices.message import build_message, is_notice
from bounce_plugin.notices.render import (
    LONGEST_VALUE,
    News,
    Reached,
    Rendered,
    Unarrived,
    build_environment,
    load_words,
    render,
    visible,
)
from bounce_plugin.outcome import Handling
from bounce_plugin.policy.rules import PolicyAction
from bounce_plugin.testing import (
    sample_decision,
    sample_event,
    sample_incident,
    sample_item,
    sample_outcome,
    sample_summary,
)
from bounce_plugin.words.catalogue import LANGUAGES

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

WORST = (
    "{{7*7}} ${jndi:ldap://x} {0.__class__} %n {% raw %} <script>alert(1)</script> ' \" & "
    "x\r\nBcc: victim@example.org\u2028\x00\x1b[2J\u202egnp.exe \ud800 "
)


def news_of(kind: NoticeKind, text: str = "nothing special") -> list[News]:
    """Two of the kind; `text` is wherever a mail or a host has a say."""
    event = sample_event(diagnostic_code=text, message=text, category="invoice", contacts=(Contact(id=text),))
    outcome = sample_outcome(handling=Handling.REVIEW, why=text)
    item = sample_item()
    both: dict[NoticeKind, list[News]] = {
        NoticeKind.THRESHOLD: [
            Reached(event=event, decision=sample_decision(actions=tuple(PolicyAction))),
            Reached(event=replace(event, address="", reason=None), decision=sample_decision()),
        ],
        NoticeKind.EXEMPT_FAILURE: [
            Unarrived(event=replace(event, document=text), fallback=text),
            Unarrived(event=replace(event, reason=None)),
        ],
        NoticeKind.REVIEW: [replace(item, why=text), replace(item, mail_id=0, kind=None, why=text)],
        NoticeKind.INCIDENT: [replace(sample_incident(), title=text, detail=text), sample_incident()],
        NoticeKind.RUN: [
            sample_summary(outcomes=(outcome,), errors=(text,)),
            sample_summary(outcomes=(sample_outcome(),)),
        ],
    }
    return both[kind]


every_kind = pytest.mark.parametrize("kind", NoticeKind)
every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
@every_kind
@pytest.mark.parametrize("number", [1, 2])
def test_every_notice_has_a_subject_a_text_and_html(kind: NoticeKind, language: str, number: int) -> None:
    rendered = render(kind, language, news_of(kind)[:number])
    assert rendered.subject.strip()
    assert "\n" not in rendered.subject
    assert len(rendered.text.splitlines()) > 4
    assert rendered.html.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert rendered.html.rstrip().endswith("</html>")


@every_language
def test_the_words_of_a_language_are_complete(language: str) -> None:
    words = load_words(language)
    assert set(words["action"]) == set(PolicyAction)
    assert set(words["handling"]) == set(Handling)
    assert set(words["kind"]) == set(Kind)
    assert set(words["reason"]) == set(Reason)
    assert set(words["label"]) == set(load_words("en")["label"])
    assert all(word.strip() for table in words.values() for word in table.values())


def test_languages_differ() -> None:
    english, german = (load_words(language) for language in ("en", "de"))
    for table in english:
        assert not {word for word in english[table].values() if word in german[table].values()}


def test_threshold_says_who_what_why_and_what_is_done() -> None:
    reached = Reached(
        event=sample_event(),
        decision=sample_decision(actions=(PolicyAction.SUPPRESS, PolicyAction.PAUSE)),
    )
    rendered = render(NoticeKind.THRESHOLD, "en", [reached])
    assert rendered.subject == "Delivery problem: joe@example.org"
    assert rendered.text == (
        "joe@example.org\n"
        "  What is done: nothing is sent to it any more, except mail that must arrive, such as invoices\n"
        "  Rule: three-strikes (3 failed messages counted)\n"
        "  What is done: sending is paused, until 2026-11-30 12:00 UTC\n"
        "  Rule: three-strikes (3 failed messages counted)\n"
        "  Last failure: 2026-11-23 12:00 UTC: the address does not exist\n"
        "  The other server said: smtp; 550 5.1.1 <joe@example.org>: user unknown\n"
        "  Contact: 7\n"
        "\n"
        "--\n"
        "Written by the bounce plugin. Nobody reads answers to this mail.\n"
    )


def test_review_tells_a_mail_from_an_announcement_that_was_given_up() -> None:
    given_up = replace(sample_item(id=4, mail_id=0), why="The plugin 'crm' could not be told on_threshold_reached")
    rendered = render(NoticeKind.REVIEW, "en", [sample_item(), given_up])
    assert rendered.subject == "Manual work waits: 2 cases"
    assert "`bounce-plugin review show 3`" in rendered.text
    assert "The plugin 'crm' could not be told on_threshold_reached" in rendered.text
    assert "`bounce-plugin review dismiss 4`" in rendered.text


@pytest.mark.parametrize(
    ("errors", "subject"),
    [
        ((), "Bounce mailbox: handled: 3 mails, 1 waiting for manual work"),
        (
            ("mailbox x: refused",),
            "Bounce mailbox: handling failed in part (1): 3 mails, 1 waiting for manual work",
        ),
    ],
)
def test_run_says_whether_handling_succeeded_with_counts(errors: tuple[str, ...], subject: str) -> None:
    handlings = (Handling.HANDLED, Handling.HANDLED, Handling.REVIEW, Handling.LEFT)
    summary = sample_summary(outcomes=tuple(sample_outcome(handling=one) for one in handlings), errors=errors)
    rendered = render(NoticeKind.RUN, "en", [summary])
    assert rendered.subject == subject
    assert "  2 × handled\n  1 × waiting for manual work\n  1 × left where it was: no bounce\n" in rendered.text
    assert ("FAILED IN PART" in rendered.text) is bool(errors)
    assert all(error in rendered.text and error in rendered.html for error in errors)


@every_language
@every_kind
def test_many_news_are_counted_beyond_the_first_fifty(kind: NoticeKind, language: str) -> None:
    rendered = render(kind, language, news_of(kind)[:1] * 60)
    assert " 10 " in rendered.text
    assert "+ 10 " in rendered.html


# What a mail says is data.


@every_language
@every_kind
def test_t_17_nothing_in_a_mail_is_a_template(kind: NoticeKind, language: str) -> None:
    rendered = render(kind, language, news_of(kind, WORST))
    assert "{{7*7}} ${jndi:ldap://x} {0.__class__} %n {% raw %}" in rendered.text
    assert "{{7*7}} ${jndi:ldap://x} {0.__class__} %n {% raw %}" in rendered.html
    assert "49" not in rendered.text.replace("2026", "")


@pytest.mark.parametrize(
    "template",
    ["{{ ''.__class__.__mro__ }}", "{{ value.__init__.__globals__ }}", "{{ ''.format.__self__.__class__ }}"],
)
def test_t_17_a_template_reaches_no_more_than_its_values(template: str) -> None:
    environment = build_environment(DictLoader({"x.txt": template}))
    with pytest.raises(SecurityError):
        environment.get_template("x.txt").render(value=sample_event())


def test_t_17_a_template_cannot_change_its_values() -> None:
    environment = build_environment(DictLoader({"x.txt": "{{ value.append(1) }}"}))
    with pytest.raises(SecurityError):
        environment.get_template("x.txt").render(value=[])


def test_a_template_with_a_misspelt_name_is_an_error() -> None:
    assert build_environment(DictLoader({})).undefined is StrictUndefined
    with pytest.raises(UndefinedError):
        build_environment(DictLoader({"x.txt": "{{ adress }}"})).get_template("x.txt").render(address="a")


@every_language
@every_kind
def test_t_13_html_in_a_mail_is_shown_and_not_done(kind: NoticeKind, language: str) -> None:
    html = render(kind, language, news_of(kind, WORST)).html
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@every_language
@every_kind
def test_t_12_no_line_and_no_hidden_character_comes_from_a_mail(kind: NoticeKind, language: str) -> None:
    rendered = render(kind, language, news_of(kind, WORST))
    for text in (rendered.subject, rendered.text, rendered.html):
        assert not any(line.lstrip().startswith("Bcc:") for line in text.splitlines())
        assert not set(text) & set("\x00\x1b\u202e\ud800\u2028\r")
    assert "\\u202egnp.exe" in rendered.text


def test_a_long_value_is_cut() -> None:
    assert len(visible("x" * 10_000_000)) == LONGEST_VALUE
    assert len(visible("\x00" * 10_000_000)) == LONGEST_VALUE
    assert visible("x" * LONGEST_VALUE) == "x" * LONGEST_VALUE


# The mail itself.


def built(rendered: Rendered) -> bytes:
    return build_message(
        rendered,
        kind=NoticeKind.INCIDENT,
        sender="bounces-admin@lists.example",
        to=("alice@lists.example",),
        language="en",
        now=NOW,
    ).as_bytes()


@pytest.mark.parametrize(
    "subject",
    [
        "x\r\nBcc: v@example.org",
        "x\nBcc: v@example.org\n\nbody",
        "=?utf-8?q?x=0D=0ABcc:_v@example.org?=",
        "x\u2028Bcc: v@example.org",
        "x\x00\x0b\x0c\x1c\x85Bcc: v@example.org",
        "x" * 5000,
        "\ud800",
    ],
)
def test_t_12_a_subject_is_one_header_of_at_most_200_characters(subject: str) -> None:
    raw = built(Rendered(subject=subject, text="t\n", html="<p>t</p>"))
    message = message_from_bytes(raw, policy=default)
    assert message["Bcc"] is None
    assert len(message.get_all("Subject")) == 1
    assert 0 < len(message["Subject"]) <= 200
    assert sorted(message.keys()) == sorted(message_from_bytes(built(Rendered(subject="x", text="t", html="t"))).keys())


def test_t_15_d_31_a_notice_says_that_it_must_not_be_answered() -> None:
    message = message_from_bytes(built(Rendered(subject="x", text="t\n", html="<p>t</p>")), policy=default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["X-Bounce-Plugin-Notice"] == "incident"
    assert message["Date"].datetime == NOW


def test_t_15_a_returned_notice_is_recognised() -> None:
    message = message_from_bytes(built(Rendered(subject="x", text="t\n", html="<p>t</p>")), policy=default)
    assert is_notice(message["Message-ID"])
    assert is_notice(message["Message-ID"].strip("<>"))
    assert not is_notice("newsletter-2026-11.joe@lists.example")
    assert not is_notice("")


def test_news_about_an_erased_person_names_nobody() -> None:
    event: BounceEvent = sample_event(address="", contacts=())
    for language in LANGUAGES:
        rendered = render(NoticeKind.THRESHOLD, language, [Reached(event=event, decision=sample_decision())])
        assert "joe@" not in rendered.subject
        assert rendered.subject.split(": ")[1]
