"""A mailbox on Dovecot whose users come with access tokens, and the endpoint that gives them, for tests of OAuth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.settings import parse_settings
from tests.servers.account import Account
from tests.servers.dovecot import Dovecot, NoDovecotError
from tests.servers.token_endpoint import TokenEndpoint


@dataclass(kw_only=True)
class OAuthWorld:
    """What a test sees of it."""

    folder: Path
    endpoint: TokenEndpoint
    dovecot: Dovecot
    account: Account

    def settings_text(self, oauth: str, more: str = "") -> str:
        """bounce.toml with one mailbox."""
        return f"""
            [[mailbox]]
            name = "bounces"
            kind = "imap"
            host = "localhost"
            port = {self.account.tls_port}
            ca_file = "{self.account.certificates.ca}"
            user = "{self.account.user}"
            {more}
            [mailbox.oauth]
            {oauth}
        """

    def other(self, secret: str, client: str = "app") -> str:
        """The table of a client that signs in as itself."""
        self.write("client-secret", secret)
        return f"""
            provider = "other"
            token_url = "{self.endpoint.url}"
            grant = "client_credentials"
            client_id = "{client}"
            client_secret_file = "client-secret"
        """

    def client(self) -> str:
        """Such a table, with a client that the endpoint knows and that may read our mailbox."""
        return self.other(self.endpoint.add_client("app", self.account.user, in_body=False))

    def open(self, oauth: str, more: str = "") -> ImapMailbox:
        """The mailbox, not yet connected."""
        (settings,) = parse_settings(self.settings_text(oauth, more), folder=self.folder).mailboxes
        mailbox = open_mailbox(settings)
        assert isinstance(mailbox, ImapMailbox)
        return mailbox

    def write(self, name: str, text: str) -> None:
        """A file with a secret."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)


@pytest.fixture(scope="session")
def oauth_servers() -> Iterator[tuple[TokenEndpoint, Dovecot]]:
    """One endpoint, and one Dovecot that asks it about tokens."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(TokenEndpoint())
        try:
            dovecot = stack.enter_context(Dovecot(introspection=endpoint.introspection))
        except NoDovecotError as error:
            pytest.skip(str(error))
        yield endpoint, dovecot


@pytest.fixture
def oauth_world(oauth_servers: tuple[TokenEndpoint, Dovecot], tmp_path: Path) -> OAuthWorld:
    """The endpoint, as if it were new, and a user whom nobody else uses."""
    endpoint, dovecot = oauth_servers
    fresh = TokenEndpoint()
    for name in ("clients", "accounts", "consents", "rotates", "life", "tokens", "asked", "answer", "secret_values"):
        setattr(endpoint, name, getattr(fresh, name))
    return OAuthWorld(folder=tmp_path, endpoint=endpoint, dovecot=dovecot, account=dovecot.add_account())
