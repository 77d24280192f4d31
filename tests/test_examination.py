"""Does the whole examination of a mail hold what it promises: never an exception, always a word for people?"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.detectors import DETECTORS
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.examination import examine
from bounce_plugin.message import limits
from bounce_plugin.message.read import read_report
from bounce_plugin.message.report import Kind

SAMPLES = sorted((Path(__file__).parent / "samples").rglob("*.eml"))[::25]
WORDS = b"".join(path.read_bytes()[:1500] for path in SAMPLES)
HEAD = b"Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: news@club.example\nSubject: failure notice\n"


def test_findings_and_classifications_belong_together() -> None:
    for path in SAMPLES:
        examination = examine(path.read_bytes())
        assert len(examination.findings) == len(examination.classifications)
        assert bool(examination.findings) <= (examination.kind in {Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED})


def test_a_mail_over_a_limit_goes_to_a_person() -> None:
    examination = examine(HEAD + b"\n" + b"x" * (11 * 1024 * 1024))
    assert examination.limits == ("message",)
    assert "message" in examination.why


def report_on(recipients: Iterable[str]) -> bytes:
    blocks = "".join(
        f"\nFinal-Recipient: rfc822; {one}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
        for one in recipients
    )
    status = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.far.example\n{blocks}"
    return HEAD + f"Content-Type: multipart/report; boundary=b\n\n--b\n{status}\n--b--\n".encode()


def test_t_06_of_too_many_recipients_the_first_are_kept_and_a_person_looks() -> None:
    most = [f"member{number}@far.example" for number in range(limits.RECIPIENTS)]
    within = examine(report_on(most))
    assert (within.limits, len(within.findings)) == ((), limits.RECIPIENTS)
    over = examine(report_on([*most, "one-more@far.example"]))
    assert [finding.recipient for finding in over.findings] == most
    assert len(over.classifications) == limits.RECIPIENTS
    assert over.limits == ("recipients",)
    assert "recipients" in over.why


def test_t_06_of_too_many_recipients_in_a_text_the_first_are_kept_and_a_person_looks() -> None:
    lines = "".join(f"<member{number}@far.example>:\nUser unknown.\n\n" for number in range(limits.RECIPIENTS + 1))
    over = examine(HEAD + b"\nHi. This is the qmail-send program at far.example.\n\n" + lines.encode())
    assert len(over.findings) == len(over.classifications) == limits.RECIPIENTS
    assert over.limits == ("recipients",)


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_t_06_a_text_that_is_not_read_to_its_end_goes_to_a_person(kind: str) -> None:
    raw = HEAD + f"Content-Type: {kind}\n\nHello.\n".encode() + b"Nothing here failed.\n" * 60_000
    assert examine(raw).limits == ("text",)


def test_a_long_copy_of_our_own_message_exceeds_nothing() -> None:
    notice = b"\nHi. This is the qmail-send program at far.example.\n\n<ann@far.example>:\nUser unknown.\n\n"
    copy = (
        b"--- Below this line is a copy of the message.\n\nReturn-Path: <news@club.example>\n\n" + b"blah\n" * 300_000
    )
    examination = examine(HEAD + notice + copy)
    assert examination.limits == ()
    assert [finding.recipient for finding in examination.findings] == ["ann@far.example"]


def test_a_large_picture_exceeds_nothing() -> None:
    part = b"--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + b"QUJD" * 400_000
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello.\n" + part + b"\n--b--\n"
    assert examine(raw).limits == ()


def test_a_failure_that_names_nobody_goes_to_a_person() -> None:
    raw = (
        HEAD
        + b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--b--\n"
    )
    examination = examine(raw)
    assert examination.kind is Kind.BOUNCE
    assert examination.why


@given(st.lists(st.integers(0, len(WORDS) - 1), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_t07_shreds_of_bounces_never_raise(cuts: list[int]) -> None:
    shreds = b"".join(WORDS[at : at + 200] for at in cuts)
    assert "could not be read" not in examine(HEAD + shreds).why
    assert "could not be read" not in examine(shreds).why


@pytest.mark.parametrize(
    "filler",
    [
        b"a",
        b"1",
        b".",
        b" ",
        b"<",
        b"(",
        b"@",
        b"-",
        b"\n",
        b"a@",
        b"550 ",
        b"5.1.1 ",
        b">",
        b'"',
        b"\n--",
        b":",
        b"=?utf-8?q?",
        b"[",
        b"a.b@c.d\n",
        b"\n\n",
        b"\xff",
    ],
    ids=repr,
)
def test_t08_hostile_text_is_read_in_linear_time(filler: bytes) -> None:
    """Each pattern and each detector is tried on much of the same; what is not linear takes minutes."""
    text = filler * (60_000 // len(filler))
    for raw in (
        HEAD + b"\n" + text,
        HEAD.replace(b"failure", b"failure " + text[:3000]) + b"\nUnable to deliver:\n" + text,
    ):
        notice = Notice(read_report(raw))
        for detector in DETECTORS:
            detector(notice)
        examine(raw)


def test_importing_it_brings_no_database_along() -> None:
    heavy = ("sqlalchemy", "imap_tools", "jinja2", "pluggy", "pydantic", "email.policy", "flufl.bounce")
    code = f"import sys; import bounce_plugin.examination; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert re.fullmatch(r"\[\]\n", found.stdout), found.stdout
