"""Does an examination keep its promises whatever arrives: never an exception, one kind, no cost that explodes? (T-06, T-07)"""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from itertools import islice
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.examination import examine
from bounce_plugin.message.report import Kind
from tests.fuzz import mutant, mutants, prefixes, read_samples, suffixes
from tests.promises import broken_promises

MUTANTS = 600  # of each seed; `make soak` tries a million
STRIDE = 9  # lines from one cut to the next; `make soak` cuts at each
SEEDS = range(6)
SAMPLES = read_samples()
HEAD = b"Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: news@club.example\nSubject: failure notice\n"
REPORT = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"


@pytest.mark.parametrize("seed", SEEDS)
def test_T_07_damaged_samples_never_raise_and_keep_every_promise(seed: int) -> None:
    broken = {}
    for number, raw in enumerate(islice(mutants(SAMPLES, seed), MUTANTS)):
        if wrong := broken_promises(examine(raw)):
            broken[f"python -m tests.fuzz {seed} {number}"] = wrong
    assert broken == {}


@pytest.mark.parametrize("part", range(4))
def test_T_07_samples_cut_at_lines_keep_every_promise(part: int) -> None:
    for number, raw in enumerate(SAMPLES[part::4]):
        for cut in (*islice(prefixes(raw), number % STRIDE, None, STRIDE), *islice(suffixes(raw), 0, None, 5 * STRIDE)):
            assert broken_promises(examine(cut)) == [], cut


def test_a_damaged_sample_is_the_same_each_time() -> None:
    assert list(islice(mutants(SAMPLES, 7), 5, 9)) == [mutant(SAMPLES, 7, number) for number in range(5, 9)]
    assert mutant(SAMPLES, 7, 1) != mutant(SAMPLES, 8, 1)


def test_the_promises_are_looked_at() -> None:
    """The check itself finds what is broken."""
    fine = examine(blocks(1))
    assert broken_promises(fine) == []
    for address in (
        "a\0@b.example",
        "a b@c.example",
        "a@b@c.example",
        "a@b.example\n",
        '"a\nb"@c.example',
        "\ud800@b.c",
    ):
        other = replace(fine, findings=(replace(fine.findings[0], recipient=address),))
        assert broken_promises(other), repr(address)
    quoted = replace(fine, findings=(replace(fine.findings[0], recipient='"a b@c"@d.example'),))
    assert broken_promises(quoted) == []
    assert broken_promises(replace(fine, findings=fine.findings * 2, classifications=fine.classifications * 2))
    assert broken_promises(replace(fine, kind=Kind.OTHER))
    assert broken_promises(replace(fine, classifications=()))
    assert broken_promises(replace(fine, limits=("unreadable",)))


@given(st.binary(max_size=2000))
@settings(max_examples=80, deadline=None)
def test_T_07_any_octets(raw: bytes) -> None:
    assert broken_promises(examine(raw)) == []
    assert broken_promises(examine(HEAD + raw)) == []
    assert broken_promises(examine(REPORT + b"--b\nContent-Type: message/delivery-status\n\n" + raw)) == []


_words = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3} )?[a-z <>@.]{0,40}", fullmatch=True),
    st.sampled_from(
        ["a@b.example", "<a@b.example>", "rfc822; a@b.example", "failed", "User unknown", "=?utf-8?b?AA==?="]
    ),
)
_fields = st.sampled_from(
    [
        "From", "To", "Subject", "Return-Path", "Auto-Submitted", "X-Failed-Recipients", "Content-Type", "Precedence",
        "Content-Transfer-Encoding", "Reporting-MTA", "Final-Recipient", "Original-Recipient", "Action", "Status",
        "Diagnostic-Code", "Remote-MTA", "Message-ID", "Feedback-Type", "Original-Rcpt-To", "Disposition",
    ]
)  # fmt: skip
_block = st.lists(st.tuples(_fields, _words), max_size=6).map(
    lambda fields: "".join(f"{name}: {value}\n" for name, value in fields)
)
_types = st.sampled_from(
    [
        "text/plain", "text/html", "text/plain; charset=utf-16", "message/delivery-status", "message/rfc822",
        "message/global-delivery-status", "message/feedback-report", "message/disposition-notification",
        "text/rfc822-headers", "multipart/mixed; boundary=inner", "application/octet-stream",
    ]
)  # fmt: skip
_parts = st.lists(st.tuples(_types, st.lists(_block, max_size=3), _words), max_size=4)


@given(_block, st.sampled_from(["report; report-type=delivery-status", "mixed", "alternative"]), _parts)
@settings(max_examples=120, deadline=None)
def test_T_07_mails_with_the_structure_of_reports(
    headers: str, subtype: str, parts: list[tuple[str, list[str], str]]
) -> None:
    body = "".join(
        f"--b\nContent-Type: {kind}\n\n" + "\n".join(blocks) + f"\n{words}\n" for kind, blocks, words in parts
    )
    mail = f"{headers}Content-Type: multipart/{subtype}; boundary=b\n\n{body}--b--\n"
    assert broken_promises(examine(mail.encode("utf-8", "surrogatepass"))) == []


@given(st.text(max_size=200), st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60))
@settings(max_examples=80, deadline=None)
def test_T_07_mails_of_the_standard_library(text: str, subject: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject.replace("\u2028", "").replace("\u2029", "")
    message["From"] = "MAILER-DAEMON@far.example"
    message.set_content(text.encode("utf-8", "replace").decode())
    assert broken_promises(examine(message.as_bytes())) == []


# Bombs: what is over a limit says so, and costs seconds at most (T-06).


def deep(number: int) -> bytes:
    parts = (b'Content-Type: multipart/mixed; boundary="n%d"\n\n--n%d\n' % (level, level) for level in range(number))
    return HEAD + b"".join(parts)


def deep_with_one_boundary(number: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=n\n\n--n\n" * number


def many_headers(number: int) -> bytes:
    return HEAD + b"X-Flood: 1\n" * number + b"\nbody\n"


def many_parts(number: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * number + b"--b--\n"


def many_reports(number: int) -> bytes:
    part = b"--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n\n"
    return REPORT + part * number + b"--b--\n"


def zeros(number: int) -> bytes:
    return HEAD + b"Content-Transfer-Encoding: base64\n\n" + (b"A" * 76 + b"\n") * (number // 77)


def one_long_header(number: int) -> bytes:
    return HEAD[:-1] + b"x" * number + b"\n\nbody\n"


def deep_among_lines_alike(number: int) -> bytes:
    """Each line begins like the delimiters of all levels, and is none."""
    names = (b"n" + b"a" * level for level in range(9))
    head = b"".join(b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n" % (name, name) for name in names)
    return HEAD + head + b"\n" + b"--naaaaaaaaaaaaaab\n" * number


def undeclared_among_lines_alike(number: int) -> bytes:
    """The same, where boundaries have to be guessed."""
    parts = (
        b"--n%s\nContent-Type: multipart/mixed; boundary=n%s\n\n" % (b"a" * level, b"a" * (level + 1))
        for level in range(25)
    )
    return HEAD + b"\ntext\n" + b"".join(parts) + b"--naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n" * number


BOMBS = [
    pytest.param(lambda: deep(10_000), "depth", id="10,000 multiparts within each other"),
    pytest.param(lambda: deep_with_one_boundary(10_000), "parts", id="10,000 with the same boundary"),
    pytest.param(lambda: deep_among_lines_alike(500_000), "depth", id="half a million lines alike"),
    pytest.param(lambda: undeclared_among_lines_alike(280_000), "depth", id="280,000 lines alike, undeclared"),
    pytest.param(lambda: many_headers(100_000), "header_fields", id="100,000 header fields"),
    pytest.param(lambda: many_parts(1_000_000), "parts", id="a million parts"),
    pytest.param(lambda: many_reports(50_000), "parts", id="50,000 delivery status parts"),
    pytest.param(lambda: zeros(200_000_000), "message", id="150 MB of zeros in base64"),
    pytest.param(lambda: one_long_header(9_000_000), "header_block", id="a header of 9 MB"),
]


@pytest.mark.parametrize(("raw", "limit"), BOMBS)
def test_T_06_a_bomb_is_put_before_a_person_within_two_seconds(raw: Callable[[], bytes], limit: str) -> None:
    bomb = raw()
    start = process_time()
    examination = examine(bomb)
    seconds = process_time() - start
    assert limit in examination.limits
    assert limit in examination.why
    assert broken_promises(examination) == []
    assert seconds < 2


@pytest.mark.parametrize(("raw", "limit"), BOMBS)
def test_T_06_a_bomb_takes_little_memory_beside_its_own(raw: Callable[[], bytes], limit: str) -> None:
    bomb = raw()
    tracemalloc.start()
    try:
        examine(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


# Shapes of which more could cost out of all proportion: something looks for something for each of something.


def listed(number: int) -> bytes:
    entries = (b"<a%d@b.example>:\n550 user unknown\n\n" % one for one in range(number))
    return HEAD + b"\nI could not deliver your message:\n\n" + b"".join(entries)


def session(number: int) -> bytes:
    failed = (b"<a%d@b.example>\n    (reason: 550 5.1.1 User unknown)\n" % one for one in range(number))
    said = (b">>> RCPT To:<a%d@b.example>\n<<< 550 5.1.1 no\n" % one for one in range(number))
    title = b"\n   ----- The following addresses had permanent fatal errors -----\n"
    return HEAD + title + b"".join(failed) + b"\n   ----- Transcript of session follows -----\n" + b"".join(said)


def blocks(number: int) -> bytes:
    said = (b"Final-Recipient: rfc822; a%d@b.example\nAction: failed\nStatus: 5.1.1\n\n" % one for one in range(number))
    return REPORT + b"--b\nContent-Type: message/delivery-status\n\n" + b"".join(said) + b"--b--\n"


def addresses(number: int) -> bytes:
    return HEAD + b"\nunable to deliver\n" + b"a@b.example " * number


def encoded_words(number: int) -> bytes:
    return HEAD.replace(b"failure notice", b"=?utf-8?q?=41?= " * number) + b"\nbody\n"


def long_diagnostic(number: int) -> bytes:
    said = b"Final-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: smtp; " + b"550 5.1.1 no " * number
    return REPORT + b"--b\nContent-Type: message/delivery-status\n\n" + said + b"\n--b--\n"


@pytest.mark.parametrize(
    "shape",
    [deep, many_parts, listed, session, blocks, addresses, encoded_words, long_diagnostic, zeros, one_long_header],
    ids=lambda shape: shape.__name__,
)
def test_T_06_eight_times_as_much_costs_at_most_about_eight_times_as_much(shape: Callable[[int], bytes]) -> None:
    few, many = shape(200), shape(1600)
    examine(few)
    assert _cost(many) < 14 * _cost(few) + 0.02
    assert broken_promises(examine(many)) == []


def _cost(raw: bytes) -> float:
    """Seconds of the processor: the best of several, which is the least disturbed one."""
    times = []
    for _ in range(4):
        start = process_time()
        examine(raw)
        times.append(process_time() - start)
    return min(times)


# What it found.


@pytest.mark.parametrize("octet", [b"\0", b"\x0f", b"\x1b", b"\x7f"], ids=repr)
@pytest.mark.parametrize("place", ["i%s1@team.example", "i1@tea%sm.example"])
def test_T_09_half_an_address_is_none(octet: bytes, place: str) -> None:
    """What remains left or right of a NUL may be somebody else's."""
    address = place.encode().replace(b"%s", octet)
    status = REPORT + b"--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; %s\nAction: failed\n"
    for raw in (status % address, HEAD + b"\nYour mail could not be delivered:\n\n<%s>:\n550 user unknown\n" % address):
        assert [finding.recipient for finding in examine(raw).findings if finding.recipient] == []


def test_D_01_a_session_that_is_shown_twice_has_each_recipient_once() -> None:
    said = session(2).removeprefix(HEAD)
    assert [finding.recipient for finding in examine(HEAD + said * 3).findings] == ["a0@b.example", "a1@b.example"]


def test_D_01_an_address_in_two_spellings_is_one_recipient() -> None:
    raw = b"From: MAILER-DAEMON@mx.example.net\nTo: bounces@crm.example\nSubject: Undeliverable mail\n\n"
    text = b"Failed to deliver to 'k.lehtola@example.org'\n\nFailed to deliver to 'k.lehtoLa@example.org'\n\nThe account is full\n"
    assert [finding.recipient for finding in examine(raw + text).findings] == ["k.lehtola@example.org"]


def test_a_mail_that_flufl_cannot_read_writes_nothing_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        examine(b"Return-Path: <>\nSubject: failure notice\n\nYour mail could not be delivered.\n")
    assert caplog.records == []
