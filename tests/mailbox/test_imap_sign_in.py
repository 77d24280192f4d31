"""Getting in: TLS, certificates and passwords, against a real Dovecot and against servers that cheat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from tests.servers.account import Account
from tests.servers.dovecot import Dovecot
from tests.servers.fake_imap import Conversation, FakeImap
from tests.servers.tls import make_certificates

BOUNCE = b"Subject: Undelivered\r\n\r\n\xff\x80 raw octets \xc3\r\n"
PRIVATE = b"Subject: Our summer party\r\n\r\nYou are invited.\r\n"


def connect(account: Account, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": account.tls_port,
        "ca_file": account.certificates.ca,
        "user": account.user,
        "password": lambda: account.password,
        "timeout": 10.0,
    }
    return ImapMailbox(**(arguments | settings))


def connect_to(server: FakeImap, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "user": "user",
        "password": lambda: "the secret",
        "timeout": 5.0,
    }
    return ImapMailbox(**(arguments | settings))


def test_starttls_is_used_when_asked_for_T_19(account: Account) -> None:
    account.append(BOUNCE)
    with connect(account, security="starttls", port=account.port) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ("1",)


def test_plain_only_when_the_operator_says_so_T_19(account: Account) -> None:
    with connect(account, security="none", port=account.port) as mailbox:
        assert list(mailbox.check()) == []  # on our own machine
    with pytest.raises(MailboxError, match="cannot connect"):
        connect(account, port=account.port).__enter__()  # TLS by default, and nothing less


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"ca_file": None}, "unable to get local issuer certificate"), ({"host": "127.0.0.1"}, "IP address mismatch")],
    ids=["unknown-issuer", "other-host"],
)
def test_a_wrong_certificate_is_refused_T_19(
    account: Account, security: str, wrong: dict[str, object], why: str
) -> None:
    port = account.tls_port if security == "tls" else account.port
    with pytest.raises(MailboxError, match=why) as raised:
        connect(account, security=security, port=port, **wrong).__enter__()
    assert "certificate is not trusted" in str(raised.value)


def test_a_wrong_password_is_a_sign_in_error_that_does_not_tell_it_T_19(account: Account) -> None:
    secret = "correct horse battery staple"
    mailbox = connect(account, password=lambda: secret)
    with pytest.raises(SignInError, match=f"refuses user '{account.user}'") as raised:
        mailbox.__enter__()
    error: BaseException | None = raised.value
    while error is not None:
        assert secret not in repr(error)
        error = error.__cause__ or error.__context__
    assert secret not in repr(mailbox) + repr(vars(mailbox))
    with pytest.raises(SignInError, match="line break"):
        connect(account, password=lambda: "secret\r\nX LOGOUT").__enter__()


def test_a_password_in_any_script_signs_in(dovecot_server: Dovecot) -> None:
    account = dovecot_server.add_account(password="Schlüssel台")
    with connect(account) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_a_server_that_is_not_there_is_named() -> None:
    mailbox = ImapMailbox(name="bounces", host="127.0.0.1", port=1, user="u", password=lambda: "p", timeout=2)
    with pytest.raises(MailboxError, match=r"'bounces' at 127.0.0.1:1: cannot connect \(tls\): Connection refused"):
        mailbox.__enter__()
    assert len(list(mailbox.check())) == 1
    with pytest.raises(MailboxError, match="is not connected"):
        mailbox.listing(Folder.INBOX)


def test_an_authority_that_cannot_be_read_is_named(account: Account, tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match=r"cannot read ca_file .*missing.pem: No such file"):
        connect(account, ca_file=tmp_path / "missing.pem").__enter__()


def test_starttls_that_is_not_offered_ends_it_before_the_password_T_19() -> None:
    with FakeImap() as server:
        with pytest.raises(MailboxError, match=r"cannot connect \(starttls\): TLS not supported by server"):
            connect_to(server, security="starttls").__enter__()
        assert server.commands == ["CAPABILITY"]


def test_a_session_that_claims_to_be_signed_in_is_not_believed_T_19() -> None:
    with FakeImap() as server:
        server.greeting, server.capabilities = "* PREAUTH welcome", "IMAP4rev1 STARTTLS"
        with pytest.raises(MailboxError, match="STARTTLS"):
            connect_to(server, security="starttls").__enter__()


def test_an_answer_slipped_in_before_tls_ends_it_before_the_password_T_19(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)

    def start_tls(client: Conversation, command: str) -> None:
        following = re.sub(r"\d+$", lambda number: str(int(number[0]) + 1), client.tag)
        client.send(f"{client.tag} OK go", "* CAPABILITY IMAP4rev1 X-INJECTED", f"{following} OK done")
        client.start_tls(certificates)

    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 STARTTLS"
        server.answers["STARTTLS"] = start_tls
        with pytest.raises(MailboxError, match="sent in the clear after the answer to STARTTLS"):
            connect_to(server, security="starttls", ca_file=certificates.ca).__enter__()
        assert not any("secret" in command for command in server.commands)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("NO [AUTHENTICATIONFAILED] LOGIN user the secret", SignInError),
        ("NO the secret is wrong", SignInError),
        ("NO [UNAVAILABLE] try later", MailboxError),
    ],
)
def test_a_server_that_quotes_our_password_is_not_quoted_T_19(refusal: str, kind: type[MailboxError]) -> None:
    with FakeImap() as server:
        server.answers["LOGIN"] = lambda client, command: client.send(f"{client.tag} {refusal}")
        with pytest.raises(MailboxError) as raised:
            connect_to(server).__enter__()
    assert type(raised.value) is kind
    assert "the secret" not in str(raised.value)


def test_a_password_is_not_sent_where_signing_in_is_disabled_T_19() -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 LOGINDISABLED"
        with pytest.raises(MailboxError, match="without TLS"):
            connect_to(server).__enter__()
        assert not any("secret" in command for command in server.commands)
