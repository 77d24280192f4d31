"""In which words is an access token asked for? (RFC 6749, 7521 and 7523, as Authlib writes them)"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from authlib.oauth2 import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificate
from joserfc.jwk import RSAKey

from bounce_plugin.mailbox.grants import ClientCredentials, Grant, RefreshToken, ServiceAccount

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SECONDS: Final = 600  # that what we sign is good for; it is used at once, but clocks differ
_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_SECRETS: Final = ("client_secret", "client_assertion", "assertion", "refresh_token")  # fields of the form
_KEY: Final = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.*?-----END \1-----\s*", re.DOTALL)


class UnusableKeyError(Exception):
    """What should be a key is none; the words say what it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A form that is ready to be sent."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # what is in it, as it may come back to us in an answer


def write_request(grant: Grant, *, rotated: str | None = None) -> TokenRequest:
    """The request for a token; `rotated` is the refresh token that came with the last one.

    Raises UnusableKeyError, and SettingsError where a secret cannot be had.
    """
    if isinstance(grant, ClientCredentials):
        return _of_client(grant)
    if isinstance(grant, RefreshToken):
        return _of_consent(grant, rotated or grant.refresh_token())
    return _of_account(grant)


def _of_client(grant: ClientCredentials) -> TokenRequest:
    secret = grant.secret()
    if grant.by_certificate:
        secret, thumbprint = _read_certificate(secret)
        now = int(time.time())
        claims = {"nbf": now - 60, "exp": now + _SECONDS}
        sign = PrivateKeyJWT(grant.endpoint.token_url, claims=claims, headers={"x5t#S256": thumbprint}, alg="PS256")
        return _send(grant, ClientAuth(grant.client_id, secret, sign), "client_credentials")
    return _send(grant, _prove(grant, secret), "client_credentials")


def _of_consent(grant: RefreshToken, refresh_token: str) -> TokenRequest:
    secret = grant.secret()
    return _send(grant, _prove(grant, secret), "refresh_token", refresh_token=refresh_token)


def _of_account(grant: ServiceAccount) -> TokenRequest:
    try:
        account = json.loads(grant.key())
        issuer, key_id, pem = (str(account[name]) for name in ("client_email", "private_key_id", "private_key"))
    except (ValueError, RecursionError, KeyError, TypeError):
        account = None
    if account is None:
        raise UnusableKeyError(
            "the service account's key must be the JSON file that Google gives, "
            "with client_email, private_key_id and private_key"
        )
    key = _read_key(pem, "the service account's private_key")
    assertion = sign_jwt_bearer_assertion(
        RSAKey.import_key(key),
        issuer=issuer,
        audience=grant.endpoint.token_url,
        subject=grant.user,
        claims={"scope": grant.endpoint.scope},
        header={"typ": "JWT", "kid": key_id},
        alg="RS256",
        expires_in=_SECONDS,
    )
    body = prepare_token_request(_JWT_BEARER, assertion=assertion)
    headers = dict(_HEADERS)
    return TokenRequest(url=grant.endpoint.token_url, headers=headers, body=body, secrets=_find_secrets(headers, body))


def _prove(grant: ClientCredentials | RefreshToken, secret: str) -> ClientAuth:
    """How the client shows that it knows its secret (RFC 6749, section 2.3.1), if it has one."""
    if not secret:
        return ClientAuth(grant.client_id, None, "none")
    if grant.in_body:
        return ClientAuth(grant.client_id, secret, "client_secret_post")
    return ClientAuth(quote_plus(grant.client_id), quote_plus(secret), "client_secret_basic")


def _send(grant: ClientCredentials | RefreshToken, auth: ClientAuth, kind: str, **fields: str) -> TokenRequest:
    scope = {"scope": grant.endpoint.scope} if grant.endpoint.scope else {}
    form = prepare_token_request(kind, **scope, **fields)
    url, headers, body = auth.prepare("POST", grant.endpoint.token_url, dict(_HEADERS), form)
    return TokenRequest(url=url, headers=headers, body=body, secrets=_find_secrets(headers, body))


def _find_secrets(headers: Mapping[str, str], body: str) -> tuple[str, ...]:
    """What must not come back, as it is and as it stands in the form; the longest first, so that no rest is left."""
    found: set[str] = set()
    for part in body.split("&"):
        name, _, value = part.partition("=")
        if name in _SECRETS:
            found |= {value, unquote_plus(value)}
    if basic := headers.get("Authorization", "").partition(" ")[2]:
        secret = base64.b64decode(basic).decode("latin-1").partition(":")[2]
        found |= {basic, secret, unquote_plus(secret)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _read_certificate(pem: str) -> tuple[str, str]:
    """The private key, and the fingerprint by which Microsoft finds the certificate (`x5t#S256`)."""
    what = "the certificate's file"
    key = _read_key(pem, what)
    certificate: Certificate | None = None
    with suppress(ValueError):  # said below, where no traceback leads to the key
        certificate = load_pem_x509_certificate(pem.encode("utf-8"))
    if certificate is None:
        raise UnusableKeyError(f"{what} must hold the certificate, too (-----BEGIN CERTIFICATE-----)")
    private, public = load_pem_private_key(key.encode("ascii"), None), certificate.public_key()
    assert isinstance(private, RSAPrivateKey)
    if not isinstance(public, RSAPublicKey) or public.public_numbers() != private.public_key().public_numbers():
        raise UnusableKeyError(f"in {what} the private key is not that of the certificate")
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=")
    return key, thumbprint.decode("ascii")


def _read_key(pem: str, what: str) -> str:
    """The private key alone, once it is known to be of use."""
    found = _KEY.search(pem)
    private: object = None
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        private = load_pem_private_key(found[0].encode("utf-8"), None) if found else None
    if found is None or not isinstance(private, RSAPrivateKey):
        raise UnusableKeyError(f"{what} must hold an RSA private key as PEM, without a passphrase")
    return found[0]
