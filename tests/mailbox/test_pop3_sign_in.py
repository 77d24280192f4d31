"""Does the POP3 mailbox get in, keep the password, and tell a refusal from a server that is busy?"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from tests.mailbox.pop3_client import MAILS, read, refuse
from tests.servers.fake_pop3 import FakePop3, Session
from tests.servers.tls import make_certificates


def test_an_answer_that_came_with_that_to_stls_is_not_listened_to(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)

    def inject(client: Session, command: str) -> None:
        client.send("+OK", "+OK you are in", "+OK")
        client.start_tls(certificates)

    with FakePop3(*MAILS, STLS=inject) as server:
        with pytest.raises(MailboxError, match="in the clear"):
            read(server, security="starttls", ca_file=certificates.ca)
        assert server.commands == ["STLS"]


def test_without_stls_nothing_is_said_in_the_clear() -> None:
    with FakePop3(*MAILS, STLS=refuse("unknown")) as server:
        with pytest.raises(MailboxError, match="unknown"):
            read(server, security="starttls")
        assert server.commands == ["STLS"]


@pytest.mark.parametrize("code", ["[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[SYS/PERM]", "[sys/temp]"])
@pytest.mark.parametrize("command", ["USER", "PASS"])
def test_i_16_a_refusal_that_is_no_fault_of_the_password_is_no_sign_in_error(code: str, command: str) -> None:
    with FakePop3(*MAILS, **{command: refuse(f"{code} later")}) as server:
        with pytest.raises(MailboxError, match="later") as caught:
            read(server)
        assert not isinstance(caught.value, SignInError)
        server.answers[command] = refuse("[AUTH] wrong")
        with pytest.raises(SignInError, match="wrong"):
            read(server)


def test_t_19_a_server_that_quotes_the_password_is_not_repeated() -> None:
    quoting = FakePop3(PASS=lambda client, command: client.send(f"-ERR {command}?"))
    with quoting as server, pytest.raises(SignInError) as caught:
        read(server)
    shown = "".join(traceback.format_exception(caught.value))
    assert "the secret" not in shown
    assert "***" in shown


def test_a_password_that_is_no_text_is_sent_as_it_is() -> None:
    said: list[bytes] = []

    def hear(client: Session, command: str) -> None:
        said.append(command.encode())
        server.answer(client, command)

    with FakePop3(*MAILS, PASS=hear) as server:
        assert len(read(server, password=lambda: "p\udcc3\udca9 ")) == 3
    assert said == ["PASS pé ".encode()]


def test_a_server_that_does_not_greet_is_refused() -> None:
    with FakePop3() as server:
        for greeting in ("-ERR go away", "* OK an IMAP server"):
            server.greeting = greeting
            with pytest.raises(MailboxError, match="cannot connect"):
                read(server)
