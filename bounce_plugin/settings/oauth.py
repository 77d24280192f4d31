"""By which OAuth client does a mailbox let us in? The tables [mailbox.oauth]."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, model_validator

from bounce_plugin.settings.secret import Command, SecretSection
from bounce_plugin.settings.section import FilePath, Name, choose, refuse

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
_GOOGLE: Final = "https://oauth2.googleapis.com/token"


def _endpoint(url: str) -> str:
    """Secrets are sent there: only under TLS, unless it is this very computer."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise refuse(f"is no address of the web: {error}") from error
    if not host or any(not 32 < ord(character) < 127 for character in url):
        raise refuse('is no address of the web, like "https://login.example.org/token"')
    if parts.username is not None:
        raise refuse("must hold no user and no password: those belong into client_id and client_secret_file")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise refuse('must begin with "https://": the client\'s secret is sent there')
    return url


#: Where tokens are given.
TokenUrl = Annotated[Name, AfterValidator(_endpoint)]


def _tenant(value: str) -> str:
    """It becomes a part of a path, so it must not lead elsewhere."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value):
        raise refuse('must be the tenant\'s ID, or a domain of it, like "example.org"')
    return value


class _OAuthSection(SecretSection):
    """What all providers have in common."""

    token_url_: TokenUrl | None = Field(None, alias="token_url")
    ca_file: FilePath | None = None  # of the token endpoint; the mailbox has one of its own

    _mailbox: str = PrivateAttr("mailbox")

    def belong_to(self, mailbox: str) -> None:
        """Remember how the mailbox is called, for messages."""
        self._mailbox = mailbox

    def _label(self) -> str:
        return f"{self._mailbox}.oauth"


class ClientSection(_OAuthSection):
    """A client of the provider, and the secret by which it is known."""

    client_id: Name
    client_secret_file: FilePath | None = None
    client_secret_env: Name | None = None
    client_secret_command: Command | None = None
    client_secret: SecretStr | None = None

    def read_client_secret(self) -> str:
        """The client's secret; empty where it has none. Raises SettingsError when it cannot be had."""
        return self._read("client_secret")


class MicrosoftOAuth(ClientSection):
    """An app registration in Microsoft Entra, which signs in as itself, by a secret or by a certificate."""

    provider: Literal["microsoft"]
    tenant: Annotated[Name, AfterValidator(_tenant)]
    certificate_file: FilePath | None = None
    certificate_env: Name | None = None
    certificate_command: Command | None = None
    scope: Name = "https://outlook.office365.com/.default"

    @property
    def token_url(self) -> str:
        """The address that is given (of a national cloud), or else the usual one of the tenant."""
        return self.token_url_ or _MICROSOFT.format(tenant=self.tenant)

    @property
    def has_certificate(self) -> bool:
        """Whether a certificate takes the place of the secret."""
        return bool(self._given("certificate"))

    def read_certificate(self) -> str:
        """The certificate and its private key, as PEM. Raises SettingsError when it cannot be had."""
        return self._read("certificate", whole=True)

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        secret, certificate = self._given("client_secret"), self._given("certificate")
        if secret and certificate:
            raise refuse(f"only one of {secret[0]}, {certificate[0]} can be used", key=certificate[0])
        if not secret and not certificate:
            needed = [*self._keys("client_secret")[:3], *self._keys("certificate")]
            raise refuse(f"it needs one of {', '.join(needed)}", key="client_id", value=self.client_id)
        return self


class GoogleOAuth(_OAuthSection):
    """A service account that stands in for the mailbox's user; or a client to which that user has once consented."""

    provider: Literal["google"]
    service_account_file: FilePath | None = None
    service_account_env: Name | None = None
    service_account_command: Command | None = None
    client_id: Name | None = None
    client_secret_file: FilePath | None = None
    client_secret_env: Name | None = None
    client_secret_command: Command | None = None
    client_secret: SecretStr | None = None
    refresh_token_file: FilePath | None = None
    refresh_token_env: Name | None = None
    refresh_token_command: Command | None = None
    refresh_token: SecretStr | None = None
    scope: Name = "https://mail.google.com/"

    @property
    def token_url(self) -> str:
        """The address that is given, or else Google's own."""
        return self.token_url_ or _GOOGLE

    def read_service_account(self) -> str:
        """The key file that Google gives, as JSON. Raises SettingsError when it cannot be had."""
        return self._read("service_account", whole=True)

    def read_client_secret(self) -> str:
        """The client's secret. Raises SettingsError when it cannot be had."""
        return self._read("client_secret")

    def read_refresh_token(self) -> str:
        """What the user's consent has brought. Raises SettingsError when it cannot be had."""
        return self._read("refresh_token")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        account = self._given("service_account")
        secret, token = self._given("client_secret"), self._given("refresh_token")
        rest = [*(["client_id"] if self.client_id else []), *secret, *token]
        if account and rest:
            raise refuse(f"{account[0]} and {rest[0]} exclude each other", key=rest[0], value=None)
        if account:
            return self
        if not rest:
            raise refuse(
                f"it needs one of {', '.join(self._keys('service_account'))}; "
                "or client_id, client_secret_file and refresh_token_file",
                key="provider",
                value=self.provider,
            )
        for key, given in (
            ("client_id", self.client_id),
            ("client_secret_file", secret),
            ("refresh_token_file", token),
        ):
            if not given:
                raise refuse("is missing: a refresh token is worth something only with its client", key=key)
        return self


class OtherOAuth(ClientSection):
    """A client of any other provider."""

    provider: Literal["other"]
    token_url_: TokenUrl = Field(alias="token_url")
    grant: Annotated[Literal["client_credentials", "refresh_token"], choose(("client_credentials", "refresh_token"))]
    scope: Name | None = None
    refresh_token_file: FilePath | None = None
    refresh_token_env: Name | None = None
    refresh_token_command: Command | None = None
    refresh_token: SecretStr | None = None

    @property
    def token_url(self) -> str:
        """Where tokens are given."""
        return self.token_url_

    def read_refresh_token(self) -> str:
        """What the user's consent has brought. Raises SettingsError when it cannot be had."""
        return self._read("refresh_token")

    @model_validator(mode="after")
    def _enough_for_the_grant(self) -> Self:
        token = self._given("refresh_token")
        if self.grant == "refresh_token" and not token:
            needed = ", ".join(self._keys("refresh_token")[:3])
            raise refuse(f"it needs one of {needed}", key="grant", value=self.grant)
        if self.grant == "client_credentials" and token:
            raise refuse('is of no use with grant = "client_credentials"', key=token[0])
        if self.grant == "client_credentials" and not self._given("client_secret"):
            needed = ", ".join(self._keys("client_secret")[:3])
            raise refuse(f"it needs one of {needed}", key="grant", value=self.grant)
        return self


OAuthSettings = MicrosoftOAuth | GoogleOAuth | OtherOAuth
