"""Notices go through a real SMTP server, encrypted, and what goes wrong says where."""

from __future__ import annotations

import base64
import logging
import secrets
import socket
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from bounce_plugin.errors import NoticeError, RefusedError
from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.notices.message import build_message
from bounce_plugin.notices.render import Rendered
from bounce_plugin.notices.send import SmtpServer
from tests.notices.smtp import PASSWORD, USER, Server, start_server
from tests.servers.tls import Certificates, make_certificates

SENDER, TO = "bounces-admin@lists.example", ("alice@lists.example", "bob@lists.example")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of an authority that nobody trusts."""
    return make_certificates(tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def plain() -> Iterator[Server]:
    with start_server() as server:
        yield server


def a_message() -> EmailMessage:
    return build_message(
        Rendered(subject="Größe", text="Täxt\n" + "x" * 2000 + "\n", html="<p>Täxt</p>"),
        kind=NoticeKind.RUN,
        sender=SENDER,
        to=TO,
        language="de",
        now=datetime(2026, 11, 23, 12, tzinfo=UTC),
    )


def send(server: SmtpServer) -> None:
    server.send(a_message(), sender=SENDER, to=TO)


def test_d_31_a_notice_arrives_with_its_own_return_path(plain: Server) -> None:
    send(SmtpServer(host="localhost", port=plain.port, security="none"))
    (envelope,), (message,) = plain.envelopes, plain.messages
    assert envelope.mail_from == SENDER
    assert envelope.rcpt_tos == list(TO)
    assert message["Subject"] == "Größe"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Täxt", "x" * 2000]
    assert html.get_content().strip() == "<p>Täxt</p>"
    assert isinstance(envelope.content, bytes)
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("sign_in", [True, False], ids=["signed-in", "open"])
def test_encrypted_and_signed_in(certificates: Certificates, security: str, sign_in: bool) -> None:
    with start_server(security, certificates=certificates, sign_in=sign_in) as server:
        send(
            SmtpServer(
                host="localhost",
                port=server.port,
                security=security,
                ca_file=certificates.ca,
                user=USER if sign_in else "",
                password=lambda: PASSWORD,
            )
        )
        assert len(server.envelopes) == 1
        assert server.encrypted
        assert server.signed_in is sign_in


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificates: Certificates, strangers: Certificates, security: str
) -> None:
    with start_server(security, certificates=strangers) as server:
        smtp = SmtpServer(host="localhost", port=server.port, security=security, ca_file=certificates.ca)
        with pytest.raises(NoticeError, match=rf"localhost:{server.port} \({security}\): .*(?i:certificate)"):
            send(smtp)
        assert server.envelopes == []


def test_a_certificate_for_another_name_is_refused(certificates: Certificates) -> None:
    with start_server("tls", certificates=certificates) as server:
        smtp = SmtpServer(host="127.0.0.1", port=server.port, security="tls", ca_file=certificates.ca)
        with pytest.raises(NoticeError, match=r"(?i)certificate"):
            send(smtp)


def test_starttls_never_falls_back_to_plain_text(plain: Server) -> None:
    with pytest.raises(NoticeError, match=r"\(starttls\): .*STARTTLS"):
        send(SmtpServer(host="localhost", port=plain.port, security="starttls"))
    assert plain.envelopes == []


def test_a_wrong_password_is_never_shown(certificates: Certificates, caplog: pytest.LogCaptureFixture) -> None:
    secret = secrets.token_urlsafe()
    with start_server("tls", certificates=certificates, sign_in=True) as server:
        smtp = SmtpServer(
            host="localhost", port=server.port, ca_file=certificates.ca, user=USER, password=lambda: secret
        )
        with caplog.at_level(logging.DEBUG), pytest.raises(NoticeError, match="535") as failure:
            smtp.check()
    shown = "".join([*traceback.format_exception(failure.value), repr(smtp), caplog.text])
    in_base64 = base64.b64encode(f"\0{USER}\0{secret}".encode()).decode()
    assert secret not in shown
    assert in_base64 not in shown


def test_a_password_that_smtp_cannot_carry_is_not_shown_in_part() -> None:
    with start_server(sign_in=True) as server:
        smtp = SmtpServer(host="localhost", port=server.port, security="none", user=USER, password=lambda: "süß")
        with pytest.raises(NoticeError, match=r"\(none\): a user name or password with characters beyond ASCII"):
            smtp.check()


def test_check_signs_in_and_sends_nothing(plain: Server) -> None:
    SmtpServer(host="localhost", port=plain.port, security="none").check()
    assert plain.connections == 1
    assert plain.envelopes == []


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("localhost", 0))
        port = unused.getsockname()[1]
        with pytest.raises(NoticeError, match=rf"mail server localhost:{port} \(none\): ConnectionRefusedError"):
            SmtpServer(host="localhost", port=port, security="none").check()


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("localhost", 0)) as silent:
        port = silent.getsockname()[1]
        smtp = SmtpServer(host="localhost", port=port, security="none", timeout=0.2)
        with pytest.raises(NoticeError, match="timed out"):
            smtp.check()


def test_a_server_that_hangs_up_is_named() -> None:
    with socket.create_server(("localhost", 0)) as listening:

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        smtp = SmtpServer(host="localhost", port=listening.getsockname()[1], security="none", timeout=5)
        with pytest.raises(NoticeError, match="mail server localhost"):
            smtp.check()
        thread.join()


def test_everybody_refused_is_a_failure(plain: Server) -> None:
    plain.refused = dict.fromkeys(TO, "550 5.1.1 no such user")
    with pytest.raises(RefusedError, match=r"alice@lists\.example: 550"):
        send(SmtpServer(host="localhost", port=plain.port, security="none"))


def test_everybody_refused_for_now_is_no_refusal_for_good(plain: Server) -> None:
    plain.refused = {TO[0]: "550 5.1.1 no such user", TO[1]: "450 4.2.1 later"}
    with pytest.raises(NoticeError, match=r"bob@lists\.example: 450") as failure:
        send(SmtpServer(host="localhost", port=plain.port, security="none"))
    assert not isinstance(failure.value, RefusedError)


def test_somebody_refused_is_logged_and_not_tried_again(plain: Server, caplog: pytest.LogCaptureFixture) -> None:
    plain.refused = {TO[1]: "550 5.1.1 no such user"}
    send(SmtpServer(host="localhost", port=plain.port, security="none"))
    assert plain.envelopes[0].rcpt_tos == [TO[0]]
    assert "bob@lists.example" in caplog.text


def test_a_mail_that_is_refused_is_a_failure(plain: Server) -> None:
    plain.data_reply = "451 4.3.0 try again later"
    with pytest.raises(NoticeError, match=r"451 4\.3\.0 try again later"):
        send(SmtpServer(host="localhost", port=plain.port, security="none"))


def test_an_unknown_security_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'ssl' is none of tls, starttls, none"):
        SmtpServer(host="localhost", port=1, security="ssl")


def test_a_missing_ca_file_is_named(tmp_path: Path, certificates: Certificates) -> None:
    with start_server("tls", certificates=certificates) as server:
        smtp = SmtpServer(host="localhost", port=server.port, ca_file=tmp_path / "none.pem")
        with pytest.raises(NoticeError, match="FileNotFoundError"):
            smtp.check()
