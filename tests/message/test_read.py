"""Does every mail become a report, whatever its line ends, charsets, structure and damage?"""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.message import limits
from bounce_plugin.message.read import read_report
from bounce_plugin.message.report import Kind

HEAD = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: news@club.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
)
FIELDS = "Reporting-MTA: dns; far.example\n\nFinal-Recipient: rfc822; ann@gone.example\nAction: failed\nStatus: 5.1.1\n"
COPY = "Return-Path: <news@club.example>\nMessage-ID: <1@club.example>\nTo: ann@gone.example\n\nuser unknown\n"


def multipart(
    fields: str = FIELDS, *, kind: str = "message/delivery-status", more: str = "", close: str = "\n--=_b--\n"
) -> str:
    return (
        f"--=_b\nContent-Type: text/plain; charset=utf-8\n\nIt failed für ann.\n--=_b\nContent-Type: {kind}\n{more}\n{fields}"
        f"\n--=_b\nContent-Type: message/rfc822\n\n{COPY}{close}"
    )


def report(body: str, declared: str = 'multipart/report; report-type=delivery-status; boundary="=_b"') -> bytes:
    return f"{HEAD}Content-Type: {declared}\n\n{body}".encode()


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_d29_line_ends_change_nothing(ends: bytes) -> None:
    read = read_report(report(multipart()).replace(b"\n", ends))
    assert read.kind is Kind.BOUNCE
    assert read.delivery_status is not None
    assert read.delivery_status.recipients[0].final_recipient == "ann@gone.example"
    assert read.text == "It failed für ann."
    assert read.returned is not None
    assert read.returned.headers.get("message-id") == "<1@club.example>"
    assert "unknown" not in read.text


def test_d29_line_ends_may_be_mixed() -> None:
    lines = report(multipart()).split(b"\n")
    raw = b"".join(line + (b"\r\n", b"\r")[number % 2] for number, line in enumerate(lines))
    mixed, plain = read_report(raw), read_report(report(multipart()))
    assert mixed.delivery_status == plain.delivery_status
    assert mixed.text == plain.text


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(report(multipart(), "multipart/report; boundary==_b"), id="D-18 no report-type, no quotes"),
        pytest.param(
            report(multipart(), 'MULTIPART/Report; Report-Type="Delivery-Status"; BOUNDARY="=_b"'), id="D-18 upper case"
        ),
        pytest.param(report(multipart(), 'multipart/mixed; boundary="=_b"'), id="D-20 mixed"),
        pytest.param(report(multipart(close="")), id="D-19 never closed"),
        pytest.param(report(multipart()[:-60]), id="D-19 cut in the returned message"),
        pytest.param(report(multipart(), 'multipart/report;\n\tboundary="=_b"'), id="folded"),
        pytest.param(report(multipart(), 'multipart/report;\nboundary="=_b"'), id="folded without the blank"),
        pytest.param(report(multipart(), "multipart/report"), id="no boundary declared"),
        pytest.param(report(multipart(), "multipart/report; boundary=other"), id="another boundary declared"),
        pytest.param(b"\n\n" + report(multipart()), id="blank lines first"),
        pytest.param(b"From MAILER-DAEMON Mon Nov  2 10:00:00 2026\n" + report(multipart()), id="an mbox line first"),
        pytest.param(
            report(multipart(base64.encodebytes(FIELDS.encode()).decode(), more="Content-Transfer-Encoding: base64\n")),
            id="D-09 base64",
        ),
        pytest.param(
            report(
                multipart(
                    quopri.encodestring(FIELDS.encode()).decode(), more="Content-Transfer-Encoding: quoted-printable\n"
                )
            ),
            id="D-09 quoted-printable",
        ),
        pytest.param(report(multipart(kind="message/global-delivery-status")), id="RFC 6533"),
        pytest.param(
            report(
                f'--out\nContent-Type: multipart/report; boundary="=_b"\n\n{multipart()}\n--out\n\nfooter\n--out--\n',
                "multipart/mixed; boundary=out",
            ),
            id="D-17 within another multipart",
        ),
    ],
)
def test_d17_to_d20_the_delivery_status_is_found(raw: bytes) -> None:
    status = read_report(raw).delivery_status
    assert status is not None
    assert [one.final_recipient for one in status.recipients] == ["ann@gone.example"]


def test_a_boundary_that_begins_like_another_is_another() -> None:
    inner = "--=_b1\nContent-Type: text/plain\n\none\n--=_b1--\n"
    raw = report(
        f'--=_b\nContent-Type: multipart/mixed; boundary="=_b1"\n\n{inner}--=_b\nContent-Type: message/delivery-status\n\n{FIELDS}--=_b--\n'
    )
    read = read_report(raw)
    assert read.delivery_status is not None
    assert read.text.strip() == "one"


def test_t02_html_is_read_where_there_is_no_plain_text() -> None:
    page = "<html><head><title>x</title></head><body><!-- <b>no</b> --><p>Not&nbsp;delivered to</p><p>ann@gone.example</p></body></html>"
    assert read_report(f"{HEAD}Content-Type: text/html\n\n{page}".encode()).text.split("\n\n") == [
        "\nNot delivered to",
        "ann@gone.example\n",
    ]


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "euc-jp", "utf-8"])
def test_t03_declared_charsets(charset: str) -> None:
    raw = f"{HEAD}Content-Type: text/plain; charset={charset}\n\n".encode() + "送信できませんでした".encode(charset)
    assert read_report(raw).text == "送信できませんでした"


@pytest.mark.parametrize("charset", ["us-ascii", "x-unknown", "nonsense", "utf-8", "\0"])
def test_t03_a_charset_that_is_wrong_or_unknown(charset: str) -> None:
    raw = f"{HEAD}Content-Type: text/plain; charset={charset}\n\n".encode()
    assert read_report(raw + "Empfänger".encode("cp1252")).text == "Empfänger"
    assert read_report(raw + "Empfänger".encode()).text == "Empfänger"


def test_t01_the_copy_of_the_message_is_not_the_notice() -> None:
    read = read_report(f"{HEAD}\nIt failed.\n\n--- Below this line is a copy of the message.\n\n{COPY}".encode())
    assert read.text == "It failed.\n\n"
    assert read.returned is not None
    assert read.returned.headers.get("to") == "ann@gone.example"


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        pytest.param(report(multipart()) + b"x" * limits.MESSAGE, "message", id="size"),
        pytest.param(report("--=_b\n\nx\n" * (limits.PARTS + 1)), "parts", id="parts"),
        pytest.param(
            report(
                "".join(
                    f"--=_{'b' if n == 0 else n}\nContent-Type: multipart/mixed; boundary==_{n + 1}\n\n"
                    for n in range(20)
                )
            ),
            "depth",
            id="depth",
        ),
    ],
)
def test_a_cap_that_is_exceeded_is_named(raw: bytes, limit: str) -> None:
    assert limit in read_report(raw).limits


@given(st.binary(max_size=400))
def test_t07_any_octets_make_a_report(noise: bytes) -> None:
    assert read_report(noise).kind in Kind
    mixed = report(multipart())
    middle = len(mixed) // 2
    assert read_report(mixed[:middle] + noise + mixed[middle:]).kind in Kind
