"""How are the fingerprints of very many addresses made? As each one's alone, in little more than half the time."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from bounce_plugin.correlate.address import normalise_all


class Digests:
    """HMAC-SHA256 (RFC 2104) under one key. What is the same for every address is done once."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._begun = hmac.new(key, f"{purpose}\0".encode(), "sha256")

    def of(self, addresses: Sequence[str]) -> tuple[list[bytes], str | None]:
        """See `Transaction.digests`."""
        normal = normalise_all(addresses)
        odd = addresses[normal.index("")] if "" in normal else None
        found = []
        begin = self._begun.copy
        for octets in _encoded(normal if odd is None else _or_as_they_are(normal, addresses)):
            made = begin()
            made.update(octets)
            found.append(made.digest())
        return found, odd


def fingerprint_in(digest: bytes) -> str:
    """The fingerprint that a digest begins with."""
    return digest[:16].hex()


def _or_as_they_are(normal: Sequence[str], addresses: Sequence[str]) -> list[str]:
    """What is no address has a fingerprint of its own, of what it says."""
    return [text or address.strip() for text, address in zip(normal, addresses, strict=True)]


def _encoded(texts: Sequence[str]) -> list[bytes]:
    octets = "\n".join(texts).encode(errors="surrogatepass").split(b"\n")
    if len(octets) != len(texts):  # a line break within one that is no address, or there is none at all
        return [text.encode(errors="surrogatepass") for text in texts]
    return octets
