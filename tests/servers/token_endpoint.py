"""Who gives out access tokens in a test? An OAuth server that believes nothing, on this computer (RFC 6749, 7523, 7662)."""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.servers.tls import Certificates

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Refuse(Exception):  # noqa: N818 - an answer
    """The request is refused, with a code of RFC 6749."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        self.code, self.description, self.status = code, description, status
        super().__init__(code)


@dataclass(kw_only=True)
class Client:
    """Who may ask, and for whose mailbox."""

    mailbox: str  # what its tokens are good for, as `client_credentials`
    secret: str = ""
    certificate: x509.Certificate | None = None
    in_body: bool = True
    scope: str = ""


@dataclass(kw_only=True)
class Account:
    """A service account, and for which users it may speak."""

    key: RSAPublicKey
    key_id: str
    scope: str
    users: set[str] = field(default_factory=set)


class TokenEndpoint:
    """A context manager. Tests change its fields while it runs."""

    def __init__(self, certificates: Certificates | None = None) -> None:
        self.clients: dict[str, Client] = {}
        self.accounts: dict[str, Account] = {}
        self.consents: dict[str, tuple[str, str]] = {}  # refresh token -> (client, mailbox)
        self.rotates = False  # whether a refresh token is good for once
        self.life: object = 3600  # what it says as expires_in
        self.tokens: dict[str, tuple[str, float]] = {}  # what it gave: mailbox, and the end
        self.asked: list[Mapping[str, str]] = []  # the forms that came
        self.answer: Callable[[str], tuple[int, bytes]] | None = None  # to a form, instead of all this
        self.secret_values: set[str] = set()  # all that must never be seen elsewhere
        self._certificates = certificates

    def __enter__(self) -> Self:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint._post(self)

            def do_GET(self) -> None:
                endpoint._introspect(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: a token is in the address."""

        self._server = ThreadingHTTPServer(("127.0.0.1", getattr(self, "port", 0)), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        if self._certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificates.certificate, self._certificates.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Where tokens are given."""
        scheme = "https" if self._certificates is not None else "http"
        return f"{scheme}://localhost:{self.port}/token"

    @property
    def introspection(self) -> str:
        """Where a mail server asks about a token."""
        return f"http://127.0.0.1:{self.port}/introspect"

    def add_client(self, client_id: str, mailbox: str, **facts: object) -> str:
        """Register a client; returns its secret, which a form must escape."""
        secret = f"s3cret~{secrets.token_urlsafe(12)}+/%&="
        self.clients[client_id] = Client(mailbox=mailbox, secret=secret, **facts)  # type: ignore[arg-type]
        self.secret_values.add(secret)
        return secret

    def consent(self, client_id: str, mailbox: str) -> str:
        """A user lets a client in; returns the refresh token."""
        token = f"1//refresh-{secrets.token_urlsafe(24)}"
        self.consents[token] = (client_id, mailbox)
        self.secret_values.add(token)
        return token

    def revoke(self) -> None:
        """No token that was given out so far is good any more."""
        self.tokens.clear()

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        if self.answer is not None:
            status, octets = self.answer(body)
        else:
            status, given = 200, dict[str, object]()
            try:
                given = self._grant(request, body)
            except Refuse as refusal:
                status = refusal.status
                given = {"error": refusal.code, "error_description": refusal.description}
            octets = json.dumps(given).encode()
        request.send_response(status)
        if status in (302, 307):
            request.send_header("Location", f"http://127.0.0.1:{self.port}/elsewhere")
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(octets)))
        request.end_headers()
        request.wfile.write(octets)

    def _grant(self, request: BaseHTTPRequestHandler, body: str) -> dict[str, object]:
        assert request.path == "/token", request.path
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        pairs = parse_qsl(body, strict_parsing=True)
        form = dict(pairs)
        assert len(form) == len(pairs), "a field twice"
        self.asked.append(form)
        given: dict[str, object] = {"token_type": "Bearer"}
        match form["grant_type"]:
            case "client_credentials":
                mailbox = self._known_client(request, form).mailbox
            case "refresh_token":
                mailbox, rotated = self._consented(request, form)
                given |= {"refresh_token": rotated} if rotated else {}
            case kind if kind == _JWT_BEARER:
                mailbox = self._impersonated(form["assertion"])
            case kind:
                raise Refuse("unsupported_grant_type", kind)
        token = f"ya29.{secrets.token_urlsafe(900)}=="
        life = self.life if isinstance(self.life, float) or self.life in range(1, 3600) else 3600.0
        assert isinstance(life, (int, float))
        self.tokens[token] = (mailbox, time.monotonic() + life)
        self.secret_values.add(token)
        return given | {"access_token": token} | ({"expires_in": self.life} if self.life is not None else {})

    def _known_client(self, request: BaseHTTPRequestHandler, form: Mapping[str, str]) -> Client:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        authorization = request.headers["Authorization"]
        if authorization is not None:
            assert not secret, "the client proves itself in two ways"
            kind, _, value = authorization.partition(" ")
            assert kind == "Basic"
            self.secret_values.add(value)
            client_id, _, secret = map(unquote_plus, base64.b64decode(value).decode().partition(":"))
        assertion = form.get("client_assertion", "")
        if assertion:
            self.secret_values.add(assertion)
            client_id = client_id or _claims_unverified(assertion)["iss"]
        client = self.clients.get(client_id)
        if client is None:
            raise Refuse("unauthorized_client", f"AADSTS700016: {client_id} was not found.\r\nTrace ID: 1")
        if client.scope and form.get("scope") != client.scope:
            raise Refuse("invalid_scope", form.get("scope", ""))
        if client.certificate is not None:
            self._check_assertion(client, client_id, form)
        elif secret != client.secret or client.in_body is not (authorization is None):
            raise Refuse("invalid_client", f'AADSTS7000215: Invalid client secret "{secret}" provided.', status=401)
        return client

    def _check_assertion(self, client: Client, client_id: str, form: Mapping[str, str]) -> None:
        assert form["client_assertion_type"] == _ASSERTION
        certificate = client.certificate
        assert certificate is not None
        thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()
        public = certificate.public_key()
        assert isinstance(public, RSAPublicKey)
        try:
            token = jwt.decode(form["client_assertion"], RSAKey.import_key(_pem(public)), algorithms=["PS256"])
        except (JoseError, ValueError) as error:
            raise Refuse("invalid_client", "AADSTS700027: the signature is wrong", status=401) from error
        if token.header.get("x5t#S256") != thumbprint:
            raise Refuse("invalid_client", "AADSTS700027: the certificate is not registered", status=401)
        claims = token.claims
        assert claims["aud"] == self.url
        assert claims["iss"] == claims["sub"] == client_id
        assert claims["nbf"] <= time.time() < claims["exp"] <= time.time() + 600
        assert claims["jti"]

    def _consented(self, request: BaseHTTPRequestHandler, form: Mapping[str, str]) -> tuple[str, str]:
        client_id, mailbox = self.consents.get(form["refresh_token"], ("", ""))
        if not client_id:
            raise Refuse("invalid_grant", f"Token {form['refresh_token']} has been expired or revoked.")
        if self.clients[client_id].secret:
            assert self._known_client(request, form) is self.clients[client_id]
        else:
            assert form["client_id"] == client_id
        if not self.rotates:
            return mailbox, ""
        del self.consents[form["refresh_token"]]
        return mailbox, self.consent(client_id, mailbox)

    def _impersonated(self, assertion: str) -> str:
        self.secret_values.add(assertion)
        account = self.accounts.get(_claims_unverified(assertion)["iss"])
        if account is None:
            raise Refuse("invalid_grant", "Invalid grant: account not found")
        try:
            token = jwt.decode(assertion, RSAKey.import_key(_pem(account.key)), algorithms=["RS256"])
        except (JoseError, ValueError) as error:
            raise Refuse("invalid_grant", "Invalid JWT Signature.") from error
        claims = token.claims
        assert token.header["kid"] == account.key_id
        assert claims["aud"] == self.url
        assert claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 3600
        if claims["scope"] != account.scope or claims["sub"] not in account.users:
            raise Refuse("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method")
        return str(claims["sub"])

    def _introspect(self, request: BaseHTTPRequestHandler) -> None:
        token = dict(parse_qsl(urlsplit(request.path).query)).get("token", "")
        mailbox, end = self.tokens.get(token, ("", 0.0))
        active = time.monotonic() < end
        octets = json.dumps({"active": active, "username": mailbox} if active else {"active": False}).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(octets)))
        request.end_headers()
        request.wfile.write(octets)


def _claims_unverified(token: str) -> dict[str, str]:
    """Who somebody claims to be, to find the key by which that is verified."""
    part = token.split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _pem(key: RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
