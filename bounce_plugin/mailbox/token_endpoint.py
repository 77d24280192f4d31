"""How is a token endpoint asked, so that our secret reaches nobody else, and nothing that it answers does harm?"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import BaseHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

_ANSWER: Final = 1024 * 1024  # octets; a token has a few thousand
_BUSY: Final = 429
_REDIRECTS: Final = range(300, 400)


class EndpointError(Exception):
    """The endpoint gives no answer that means anything; it may at another time. No secret is in its words."""


class Refusal(Exception):  # noqa: N818 - an answer that we understand
    """The endpoint understood us and says no (RFC 6749, section 5.2)."""

    def __init__(self, code: str, description: str) -> None:
        """Keep the code (`invalid_client`) and what the endpoint says about it, as it came."""
        self.code, self.description = code, description
        super().__init__(code)


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry our secret to another place."""

    def redirect_request(self, *_: object) -> None:
        """Do not follow."""
        return


def ask(
    url: str, *, headers: Mapping[str, str], body: str, ca_file: Path | None, timeout: float
) -> Mapping[str, object]:
    """POST a form, and give the object that is answered. Raises Refusal and EndpointError."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise EndpointError(f"cannot read ca_file {ca_file}: {error.strerror or error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    handlers: list[BaseHandler] = [HTTPSHandler(context=context), _NoRedirects()]
    if not url.startswith("https:"):
        handlers.append(ProxyHandler({}))  # on this very computer: a proxy would get our secret in the clear
    opener = build_opener(*handlers)
    # The settings see to it that this is https, or http on this very computer.
    request = Request(url, data=body.encode("utf-8"), headers=dict(headers), method="POST")  # noqa: S310
    try:
        try:
            with opener.open(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read(_ANSWER + 1)
        except HTTPError as error:
            with error:
                status, text = error.code, error.read(_ANSWER + 1)
    except ssl.SSLCertVerificationError as error:
        raise EndpointError(_untrusted(error)) from None
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise EndpointError(_untrusted(error.reason)) from None
        raise EndpointError(_reason(error.reason)) from None
    except (OSError, HTTPException, ValueError) as error:
        raise EndpointError(_reason(error)) from None
    return _understand(status, text)


def shown(url: str) -> str:
    """The address without what may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _understand(status: int, text: bytes) -> Mapping[str, object]:
    if status in _REDIRECTS:
        raise EndpointError(f"it answers with a redirect (HTTP {status}), which is not followed: correct `token_url`")
    try:
        answer = json.loads(text) if len(text) <= _ANSWER else None
    except (ValueError, RecursionError):
        answer = None
    if status == _BUSY or status >= 500:
        raise EndpointError(f"HTTP {status}")
    if not isinstance(answer, dict):
        raise EndpointError(f"HTTP {status}, and no JSON object: is `token_url` right?")
    if "error" in answer or status >= 400:
        code, description = answer.get("error"), answer.get("error_description")
        raise Refusal(
            code if isinstance(code, str) and code else f"HTTP {status}",
            description if isinstance(description, str) else "",
        )
    return answer


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    return f"its certificate is not trusted: {error.verify_message}; name the issuer's certificate in `oauth.ca_file`"


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
