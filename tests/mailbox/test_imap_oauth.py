"""Getting in with access tokens: against a real Dovecot, which asks a real token endpoint about each."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from bounce_plugin.errors import SignInError
from bounce_plugin.mailbox.incoming import Folder
from tests.running import until
from tests.servers.fixtures import StartDovecot
from tests.servers.oauth_world import OAuthWorld
from tests.servers.signing import make_key
from tests.servers.token_endpoint import Account, Client

BOUNCE = b"Subject: Undelivered\r\n\r\nsorry\r\n"

SCOPE = "https://mail.google.com/"


@pytest.mark.parametrize("mechanism", ["oauthbearer", "xoauth2"])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_token_signs_in_by_either_mechanism(
    oauth_world: OAuthWorld, start_dovecot: StartDovecot, mechanism: str, security: str
) -> None:
    server = start_dovecot(introspection=oauth_world.endpoint.introspection, mechanisms=mechanism)
    account = server.add_account()
    account.append(BOUNCE)
    oauth_world.account = account
    more = f'security = "{security}"'
    text = oauth_world.client()
    if security == "starttls":
        oauth_world.account = replace(account, tls_port=account.port)
    with oauth_world.open(text, more) as mailbox:
        assert [mail.raw for mail in mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)] == [BOUNCE]
    until(lambda: f"method={mechanism}" in server.log.lower())  # its log is written by another process


def test_the_standard_mechanism_comes_first(oauth_world: OAuthWorld) -> None:
    before = len(oauth_world.dovecot.log)
    with oauth_world.open(oauth_world.client()) as mailbox:
        assert list(mailbox.check()) == []
    until(lambda: "method=OAUTHBEARER" in oauth_world.dovecot.log[before:])


def test_a_client_of_microsoft_signs_in_by_its_certificate(oauth_world: OAuthWorld) -> None:
    key, other, endpoint = make_key(), make_key(), oauth_world.endpoint
    scope = "https://outlook.office365.com/.default"
    endpoint.clients["app"] = Client(mailbox=oauth_world.account.user, certificate=key.certificate, scope=scope)
    text = f"""
        provider = "microsoft"
        tenant = "example.org"
        client_id = "app"
        certificate_file = "app.pem"
        token_url = "{endpoint.url}"
    """
    oauth_world.write("app.pem", key.certificate_pem + key.pem)
    with oauth_world.open(text) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()
    oauth_world.write("app.pem", other.pem + other.certificate_pem)
    with pytest.raises(SignInError, match=r"invalid_client: AADSTS700027: .*upload this certificate"):
        oauth_world.open(text).__enter__()
    for wrong, why in [
        (key.pem, "must hold the certificate, too"),
        (key.certificate_pem, "must hold an RSA private key"),
        (key.certificate_pem + other.pem, "the private key is not that of the certificate"),
    ]:
        oauth_world.write("app.pem", wrong)
        with pytest.raises(SignInError, match=why) as raised:
            oauth_world.open(text).__enter__()
        assert "PRIVATE KEY-----\n" not in str(raised.value)


def test_a_client_of_microsoft_signs_in_by_its_secret(oauth_world: OAuthWorld) -> None:
    scope = "https://outlook.office365.com/.default"
    secret = oauth_world.endpoint.add_client("app", oauth_world.account.user, scope=scope)
    oauth_world.write("client-secret", secret)
    text = f"""
        provider = "microsoft"
        tenant = "example.org"
        client_id = "app"
        client_secret_file = "client-secret"
        token_url = "{oauth_world.endpoint.url}"
    """
    with oauth_world.open(text) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()


def service_account(world: OAuthWorld, *, user: str = "") -> str:
    key = make_key()
    world.endpoint.accounts["bounces@project.iam.example"] = Account(
        key=key.private.public_key(), key_id="k1", scope=SCOPE, users={user or world.account.user}
    )
    world.write("account.json", key.account("bounces@project.iam.example"))
    return f"""
        provider = "google"
        service_account_file = "account.json"
        token_url = "{world.endpoint.url}"
    """


def test_a_service_account_of_google_stands_in_for_the_user(oauth_world: OAuthWorld) -> None:
    with oauth_world.open(service_account(oauth_world)) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_a_service_account_that_may_not_is_told_where_to_allow_it(oauth_world: OAuthWorld) -> None:
    text = service_account(oauth_world, user="somebody@example.test")
    with pytest.raises(SignInError, match=r"unauthorized_client: Client is unauthorized.*Domain-wide delegation"):
        oauth_world.open(text).__enter__()
    oauth_world.write("account.json", make_key().account("bounces@project.iam.example"))  # another key
    with pytest.raises(SignInError, match=r"Invalid JWT Signature: the key was deleted"):
        oauth_world.open(text).__enter__()
    oauth_world.write("account.json", "{}")
    with pytest.raises(SignInError, match="must be the JSON file that Google gives"):
        oauth_world.open(text).__enter__()


def consent(world: OAuthWorld, *, provider: str = "google") -> str:
    secret = world.endpoint.add_client("app", "nobody", in_body=provider == "google")
    world.write("client-secret", secret)
    world.write("refresh-token", world.endpoint.consent("app", world.account.user))
    return f"""
        provider = "{provider}"
        client_id = "app"
        client_secret_file = "client-secret"
        refresh_token_file = "refresh-token"
        token_url = "{world.endpoint.url}"
        {'grant = "refresh_token"' if provider == "other" else ""}
    """


@pytest.mark.parametrize("provider", ["google", "other"])
def test_a_refresh_token_brings_access_tokens(oauth_world: OAuthWorld, provider: str) -> None:
    text = consent(oauth_world, provider=provider)
    with oauth_world.open(text) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()
    oauth_world.endpoint.consents.clear()
    with pytest.raises(SignInError, match=r"invalid_grant: Token \*\*\* has been .*: let the mailbox's user consent"):
        oauth_world.open(text).__enter__()


def test_a_refresh_token_that_is_good_for_once_is_followed_by_the_next(oauth_world: OAuthWorld) -> None:
    oauth_world.endpoint.rotates, oauth_world.endpoint.life = True, 1
    mailbox = oauth_world.open(consent(oauth_world))
    for _ in range(3):
        with mailbox:
            assert mailbox.listing(Folder.INBOX).uids == ()
        time.sleep(1.05)
    used = [form["refresh_token"] for form in oauth_world.endpoint.asked]
    assert len(set(used)) == 3
    oauth_world.endpoint.consents.clear()
    with pytest.raises(SignInError, match="invalid_grant"):
        mailbox.__enter__()
    oauth_world.write("refresh-token", oauth_world.endpoint.consent("app", oauth_world.account.user))
    with mailbox:  # the operator's new one is taken, and not the last of the old line
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_a_token_is_kept_while_it_is_good_and_replaced_before_it_ends(oauth_world: OAuthWorld) -> None:
    mailbox = oauth_world.open(oauth_world.client())
    for _ in range(3):
        with mailbox:
            assert mailbox.listing(Folder.INBOX).uids == ()
    assert len(oauth_world.endpoint.asked) == 1
    oauth_world.endpoint.life = 2
    again = oauth_world.open(oauth_world.other(oauth_world.endpoint.clients["app"].secret))
    with again:
        pass
    time.sleep(1.1)
    with again:
        pass
    assert len(oauth_world.endpoint.asked) == 3


def test_a_token_that_was_revoked_is_replaced_once(oauth_world: OAuthWorld) -> None:
    mailbox = oauth_world.open(oauth_world.client())
    with mailbox:
        pass
    oauth_world.endpoint.revoke()
    with mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()
    assert len(oauth_world.endpoint.asked) == 2


def test_a_session_goes_and_comes_back_before_its_token_ends(oauth_world: OAuthWorld) -> None:
    oauth_world.endpoint.life = 2
    stop = Event()
    with oauth_world.open(oauth_world.client()) as mailbox:
        seen = mailbox.listing(Folder.INBOX)
        deliver = Thread(target=lambda: (time.sleep(3.2), oauth_world.account.append(BOUNCE)))
        deliver.start()
        deadline = time.monotonic() + 20
        while not seen.uids and time.monotonic() < deadline:
            mailbox.wait(10, stop)
            seen = mailbox.listing(Folder.INBOX)
        deliver.join()
        assert [mail.raw for mail in mailbox.fetch(Folder.INBOX, seen.uids)] == [BOUNCE]
    assert len(oauth_world.endpoint.asked) >= 3


def test_a_token_of_somebody_else_opens_no_mailbox(oauth_world: OAuthWorld) -> None:
    secret = oauth_world.endpoint.add_client("app", "somebody@example.test", in_body=False)
    before = len(oauth_world.dovecot.log)
    with pytest.raises(SignInError) as raised:
        oauth_world.open(oauth_world.other(secret)).__enter__()
    user = re.escape(repr(oauth_world.account.user))
    assert re.search(rf"refuses the access token for user {user}: .*: `user` must be a mailbox", str(raised.value))
    assert len(oauth_world.endpoint.asked) == 1, "a token that is new is not asked for once more"
    until(lambda: "auth failed, 1 attempts" in oauth_world.dovecot.log[before:])


def test_a_user_with_a_control_character_is_not_sent(oauth_world: OAuthWorld, tmp_path: Path) -> None:
    oauth_world.account = replace(oauth_world.account, user=r"a\u0001auth=Bearer x")
    with pytest.raises(SignInError, match="control character"):
        oauth_world.open(oauth_world.client()).__enter__()
    assert oauth_world.endpoint.asked == []
