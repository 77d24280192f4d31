"""What can an operator do when OAuth does not let us in? One remedy for each refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bounce_plugin.mailbox.grants import ClientCredentials, Grant, RefreshToken

#: Codes that say that it is not our fault, and that another try may do (RFC 6749, section 4.1.2.1; RFC 8628).
PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})

_CLIENT: Final = "the client's secret is wrong or has expired: make a new one, and put it where bounce.toml says"

#: What holds for every provider, by the codes of RFC 6749, section 5.2.
_GENERAL: Final[Mapping[str, str]] = {
    "invalid_client": _CLIENT,
    "invalid_grant": "the refresh token has expired or was withdrawn: let the mailbox's user consent anew",
    "unauthorized_client": "the provider does not allow this client the grant: allow it there, or correct `client_id`",
    "invalid_scope": "correct `scope`, or allow it to the client",
    "unsupported_grant_type": "correct `grant` or `token_url`",
}
_MICROSOFT: Final[Mapping[str, str]] = {
    "invalid_client": (
        "the client's secret or certificate is wrong or has expired: make a new one in the app registration "
        "(Certificates & secrets), and put it where bounce.toml says"
    ),
    "unauthorized_client": "correct `client_id` and `tenant`: they are on the Overview page of the app registration",
    "invalid_request": "correct `tenant`: it is on the Overview page of the app registration",
    "invalid_scope": "correct `scope`, and grant the app IMAP.AccessAsApp with admin consent",
}
#: Microsoft's own numbers say more than the codes.
_AADSTS: Final[Mapping[str, str]] = {
    "7000215": "the client's secret is wrong: what counts is the secret's Value, not its Secret ID",
    "7000222": "the client's secret has expired: make a new one in the app registration (Certificates & secrets)",
    "700027": "upload this certificate to the app registration (Certificates & secrets); it may have expired",
    "700016": "correct `client_id`, or `tenant`: the app is not known in this tenant",
    "90002": "correct `tenant`: there is none of this name",
    "65001": "grant the app's permissions admin consent (API permissions)",
}
_ACCOUNT: Final[Mapping[str, str]] = {
    "unauthorized_client": (
        "let the service account read mail for others: Google Admin console, Security, API controls, "
        "Domain-wide delegation: its client ID with the scope of bounce.toml"
    ),
    "invalid_grant": (
        "the key was deleted, there is no such user, or this computer's clock is wrong: "
        "make a new key for the service account, or correct `user`"
    ),
    "invalid_scope": "correct `scope`, and enter the same in Domain-wide delegation",
    "access_denied": "allow the scope in Domain-wide delegation",
}
_NUMBER: Final = re.compile(r"\bAADSTS(\d+)\b")


def for_endpoint(grant: Grant, code: str, description: str) -> str:
    """What to do when the token endpoint has refused us so."""
    number = _NUMBER.search(description)
    if grant.endpoint.provider == "microsoft" and number and number[1] in _AADSTS:
        return _AADSTS[number[1]]
    own: Mapping[str, str] = {}
    if isinstance(grant, ClientCredentials):
        own = _MICROSOFT if grant.endpoint.provider == "microsoft" else {"invalid_grant": _CLIENT}
    elif not isinstance(grant, RefreshToken):
        own = _ACCOUNT
    return own.get(code) or _GENERAL.get(code) or "correct [mailbox.oauth]"


def for_mailbox(provider: str) -> str:
    """What to do when the token endpoint gives a token, and the mailbox does not accept it."""
    return {
        "microsoft": (
            "grant the app IMAP.AccessAsApp with admin consent, and let its service principal into this mailbox "
            "(New-ServicePrincipal, Add-MailboxPermission); IMAP must be enabled for it"
        ),
        "google": "`user` must be the mailbox of the token's user, and IMAP must be enabled for it",
    }.get(provider, "`user` must be a mailbox that the token is good for, and `scope` must allow IMAP")
