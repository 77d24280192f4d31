"""What are people told of an invoice that did not arrive? Its number, and how it is to be sent."""

from __future__ import annotations

import pytest

from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.notices.render import Unarrived, load_words, render
from bounce_plugin.testing import sample_event


def test_exempt_failure_names_the_document_and_asks_for_another_way() -> None:
    event = sample_event(category="invoice", message="R-2026-17")
    rendered = render(NoticeKind.EXEMPT_FAILURE, "de", [Unarrived(event=event)])
    assert rendered.subject == "Nicht zugestellt: invoice R-2026-17 an joe@example.org"
    assert "Bitte senden Sie sie auf anderem Weg" in rendered.text
    assert "Warum: die Adresse gibt es nicht" in rendered.text
    assert "Bitte senden:" not in rendered.text


@pytest.mark.parametrize(
    ("language", "fallback", "asked"),
    [
        ("en", "post", "Please send it: by post"),
        ("de", "post", "Bitte senden: als Brief"),
        ("en", "courier", "Please send it: courier"),
        ("de", "<b>", "Bitte senden: <b>"),
    ],
)
def test_exempt_failure_names_the_number_of_the_document_and_the_way_that_is_asked_for(
    language: str, fallback: str, asked: str
) -> None:
    event = sample_event(category="invoice", message="invoices-2026-11", document="2026-0815")
    one = Unarrived(event=event, fallback=fallback)
    rendered = render(NoticeKind.EXEMPT_FAILURE, language, [one])
    assert "invoice 2026-0815" in rendered.subject
    assert asked in rendered.text
    assert "2026-0815" in rendered.html
    assert "<b>" not in rendered.html
    two = render(NoticeKind.EXEMPT_FAILURE, language, [one, Unarrived(event=event)])
    assert load_words(language)["label"]["must_arrive"] in two.text, "one of them has to be decided"
    assert load_words(language)["label"]["must_arrive_so"] in rendered.text
