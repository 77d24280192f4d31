"""The ways to get an access token: the settings of each, and a token endpoint that knows who asks."""

from __future__ import annotations

from tests.servers.oauth_world import OAuthWorld
from tests.servers.signing import make_key
from tests.servers.token_endpoint import Account, Client

GOOGLE = "https://mail.google.com/"
MICROSOFT = "https://outlook.office365.com/.default"


def by_secret(world: OAuthWorld) -> str:
    return world.client()


def by_certificate(world: OAuthWorld) -> str:
    key = make_key()
    world.endpoint.clients["app"] = Client(mailbox=world.account.user, certificate=key.certificate, scope=MICROSOFT)
    world.write("app.pem", key.pem + key.certificate_pem)
    world.endpoint.secret_values.update(key.pem.splitlines()[1:-1])
    return f"""
        provider = "microsoft"
        tenant = "example.org"
        client_id = "app"
        certificate_file = "app.pem"
        token_url = "{world.endpoint.url}"
    """


def by_account(world: OAuthWorld) -> str:
    key = make_key()
    world.endpoint.accounts["b@project.example"] = Account(
        key=key.private.public_key(), key_id="k1", scope=GOOGLE, users={world.account.user}
    )
    world.write("account.json", key.account("b@project.example"))
    world.endpoint.secret_values.update(key.pem.splitlines()[1:-1])
    return f"""
        provider = "google"
        service_account_file = "account.json"
        token_url = "{world.endpoint.url}"
    """


def by_consent(world: OAuthWorld) -> str:
    secret = world.endpoint.add_client("app", "nobody")
    token = world.endpoint.consent("app", world.account.user)
    return f"""
        provider = "google"
        client_id = "app"
        client_secret = "{secret}"
        refresh_token = "{token}"
        token_url = "{world.endpoint.url}"
    """


WAYS = [by_secret, by_certificate, by_account, by_consent]
