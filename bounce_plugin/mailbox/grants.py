"""By what right do we ask for an access token? The grants, as values; secrets are asked for when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where tokens are given, and what they are to be good for."""

    provider: str  # "microsoft", "google" or "other": each has its own remedies
    token_url: str
    ca_file: Path | None
    scope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The client signs in as itself (RFC 6749, section 4.4), by a secret or by a certificate (RFC 7523)."""

    endpoint: Endpoint
    client_id: str
    secret: Callable[[], str] = field(repr=False)
    by_certificate: bool = False  # the secret is a certificate with its private key, as PEM
    in_body: bool = True  # the secret stands in the form, not in the header


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A person has once consented that this client reads the mailbox (RFC 6749, section 6)."""

    endpoint: Endpoint
    client_id: str
    secret: Callable[[], str] = field(repr=False)  # it gives "" for a client that has none
    refresh_token: Callable[[], str] = field(repr=False)
    in_body: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """An account of Google's stands in for the mailbox's user, by a key that signs (RFC 7523, section 2.1)."""

    endpoint: Endpoint
    user: str
    key: Callable[[], str] = field(repr=False)  # the file that Google gives, as JSON


Grant = ClientCredentials | RefreshToken | ServiceAccount
