"""Which access token is ours now? Fetched when it is needed, kept in memory alone, and replaced before it expires."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Final

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox import remedies
from bounce_plugin.mailbox.grants import Grant, RefreshToken
from bounce_plugin.mailbox.token_endpoint import EndpointError, Refusal, ask, shown

log = logging.getLogger(__name__)

_EARLY: Final = 300.0  # seconds before its end at which a token is replaced; of a short life, half
_SAID: Final = 300  # characters of what an endpoint says
#: What may stand in a header (RFC 6750, section 2.1, and some more): no control that would end our answer to the server.
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class TokenSource:
    """The access tokens of one mailbox. Not for several threads at once: each mailbox has its own."""

    def __init__(self, mailbox: str, grant: Grant, *, timeout: float = 30.0) -> None:
        """Name the mailbox, for messages; nothing is asked yet. `timeout`: seconds for each answer."""
        self._mailbox, self._grant, self._timeout = mailbox, grant, timeout
        self._token = ""
        self._ends = math.inf  # the monotonic time from which it must not be used any more
        self._rotated: str | None = None  # the refresh token that came with the last answer; the first may be void

    def __repr__(self) -> str:
        return f"TokenSource(mailbox={self._mailbox!r}, place={self.place!r})"

    @property
    def place(self) -> str:
        """Where tokens are given."""
        return shown(self._grant.endpoint.token_url)

    @property
    def held(self) -> bool:
        """Whether there is a token that need not be fetched."""
        return bool(self._token) and monotonic() < self._ends

    @property
    def ends(self) -> float:
        """When the token has to be replaced, by the monotonic clock; infinite where nobody says."""
        return self._ends

    @property
    def remedy(self) -> str:
        """What to do when a mailbox does not accept the token."""
        return remedies.for_mailbox(self._grant.endpoint.provider)

    def get(self) -> str:
        """A token that is good for a while. Raises SignInError, MailboxError, and SettingsError without a secret."""
        if not self.held:
            self.forget()
            self._fetch()
        return self._token

    def forget(self) -> None:
        """Fetch another one next time: the mailbox has refused this one."""
        self._token, self._ends = "", math.inf

    def _fetch(self) -> None:
        try:
            # Here, so that who signs in by password needs none of this.
            from bounce_plugin.mailbox.token_request import UnusableKeyError, write_request
        except ModuleNotFoundError as error:
            raise MailboxError(
                f"mailbox {self._mailbox!r}: sign-in by OAuth needs {error.name}: pip install 'bounce-plugin[oauth]'"
            ) from error
        try:
            request = write_request(self._grant, rotated=self._rotated)
        except UnusableKeyError as error:
            raise SignInError(f"mailbox {self._mailbox!r}: no access token: {error}") from None
        asked = monotonic()
        answer: Mapping[str, object] | Refusal | EndpointError
        try:
            answer = ask(
                request.url,
                headers=request.headers,
                body=request.body,
                ca_file=self._grant.endpoint.ca_file,
                timeout=self._timeout,
            )
        except (Refusal, EndpointError) as error:
            answer = error
        # Outside, so that no traceback leads to the form that we sent.
        if isinstance(answer, Refusal):
            raise self._refused(answer, request.secrets)
        if isinstance(answer, EndpointError):
            raise self._failed(str(answer))
        self._keep(answer, asked)

    def _keep(self, answer: Mapping[str, object], asked: float) -> None:
        token, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._failed("its answer holds no access_token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._failed("its answer holds a token of another type than Bearer")
        rotated = answer.get("refresh_token")
        if isinstance(self._grant, RefreshToken) and isinstance(rotated, str) and rotated:
            self._rotated = rotated
        life = _seconds(answer.get("expires_in"))
        self._token, self._ends = token, asked + max(life - min(_EARLY, life / 2), 1.0)
        log.debug("mailbox %r: a new access token from %s", self._mailbox, self.place)

    def _refused(self, refusal: Refusal, secrets: Iterable[str]) -> MailboxError:
        code, said = _clean(refusal.code, secrets), _clean(refusal.description, secrets)
        words = f"{code}: {said}" if said else code
        if refusal.code in remedies.PASSING:
            return self._failed(words)
        self._rotated = None  # a new one may stand in its place
        remedy = remedies.for_endpoint(self._grant, refusal.code, refusal.description)
        return SignInError(f"{self._called} refuses an access token: {words}: {remedy}")

    def _failed(self, problem: str) -> MailboxError:
        return MailboxError(f"{self._called} gives no access token: {problem}")

    @property
    def _called(self) -> str:
        return f"mailbox {self._mailbox!r}: {self.place}"


def _seconds(told: object) -> float:
    """How long a token is good for; infinite where that is not said: it is used until somebody refuses it."""
    try:
        life = float(told) if isinstance(told, (int, float, str)) and not isinstance(told, bool) else math.nan
    except (ValueError, OverflowError):
        life = math.nan
    return life if life > 0 else math.inf


def _clean(said: str, secrets: Iterable[str]) -> str:
    """What an endpoint says, on one line, in bounds, and without what we sent: some quote the request."""
    for secret in secrets:
        said = said.replace(secret, "***")
    words = " ".join(said.partition("Trace ID:")[0].split())  # Microsoft's numbers for its own support
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)[:_SAID].rstrip(" .")
