"""Is the place found where the notice ends and the returned message begins, and what does its copy say?"""

import pytest

from bounce_plugin.message.passage import Passage
from bounce_plugin.message.read import read_report
from bounce_plugin.message.returned import find_returned, read_returned_text

COPY = "Return-Path: <news@club.example>\nMessage-ID: <1@club.example>\nSubject: a\n b\n\nbody"


@pytest.mark.parametrize(
    ("notice", "copy"),
    [
        pytest.param("It failed.\n\n", COPY, id="header fields"),
        pytest.param("It failed.\n", "--- Below this line is a copy of the message.\n\n" + COPY, id="a marker"),
        pytest.param("", "------ This is a copy of the message\n" + COPY, id="a marker in the first line"),
        pytest.param("", COPY, id="header fields in the first line"),
        pytest.param("It failed.\n", "> " + COPY.replace("\n", "\n> "), id="quoted"),
        pytest.param("It failed.\n", "From: x\nX-Mailer: y\nReceived: from z\n", id="the top of the block"),
        pytest.param("No copy of this message here.\nSee received: from\n", "", id="words within a line"),
        pytest.param("  Message-ID: <1@club.example>\n", "", id="an indented field that reports quote"),
        pytest.param("über original message follows\n", "", id="a letter before the marker"),
        pytest.param(
            "ü bounced e-mail:\n", "bounced e-mail:\n" + COPY, id="the next line, where the first will not do"
        ),
        pytest.param("İİ\n", COPY, id="a letter that is two in lower case"),
    ],
)
def test_t01_where_the_copy_begins(notice: str, copy: str) -> None:
    text = notice + copy
    read = read_report(b"Subject: x\n\n" + text.encode())
    if "İ" not in text:
        assert find_returned(text, text.lower()) == len(notice)
        assert read.text == notice
    assert read.passage.lower == read.text.lower()


def test_the_fields_of_a_copy_without_what_indents_them() -> None:
    quoted = "> " + COPY.replace("\n", "\n> ")
    read = read_returned_text("words\n" + quoted, 6)
    assert read is not None
    assert list(read.headers) == [
        ("return-path", "<news@club.example>"),
        ("message-id", "<1@club.example>"),
        ("subject", "a b"),
    ]
    assert read_returned_text("no header line\nin here", 0) is None


def test_a_part_of_its_own_comes_before_a_copy_in_the_text() -> None:
    read = read_report(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt failed.\n\nReturn-Path: <a@x.example>\n"
        b"--b\nContent-Type: message/rfc822\n\nReturn-Path: <b@x.example>\n\nbody\n--b--\n"
    )
    assert read.returned is not None
    assert read.returned.headers.get("return-path") == "<b@x.example>"
    assert read.passage.copied is not None
    assert read.passage.copied.headers.get("return-path") == "<a@x.example>"
    assert read.text == "It failed.\n\n"


def test_a_text_that_is_known_already() -> None:
    passage = Passage.of("It FAILED")
    assert (passage.text, passage.lower, passage.octets, passage.whole) == (
        "It FAILED",
        "it failed",
        b"It FAILED",
        "It FAILED",
    )
    assert passage.original is None
    assert passage.copied is None
