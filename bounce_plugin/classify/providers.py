"""Which provider answered, so that its own wording and codes apply?"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bounce_plugin.classify.normalise import normalise_phrase

_HOST: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,10}")
#: What stands before a country's two letters where that country registers names one level below: example.co.uk.
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """How the providers are recognised; see providers.toml."""

    names: frozenset[str]
    hosts: Mapping[str, str]  # the end of a host's name -> provider
    domains: Mapping[str, str]  # the end of a recipient's domain -> provider
    tokens: Mapping[tuple[str, ...], str]  # words of its own -> provider

    def of_host(self, host: str) -> str:
        """The provider that runs this host; empty when none is known for it."""
        return _of_name(self.hosts, host)

    def of_address(self, address: str) -> str:
        """The provider that keeps this mailbox, as far as its domain tells; empty when none is known for it."""
        return _of_name(self.domains, address.rpartition("@")[2])

    def name_of(self, *, host: str = "", address: str) -> str:
        """Whoever refused, by one name for all his hosts: a known provider, else the domain that the host is in.

        Without a host, or with one that has no name, the address tells: the provider of its domain, else the domain.
        """
        domain = registered_domain(host)
        return self.of_host(host) or domain or self.of_address(address) or address.rpartition("@")[2].lower()


def registered_domain(host: str) -> str:
    """The domain that somebody has registered, of a host in it; empty where there is none, as of a bare IP address.

    A host may be followed by its address or port. That `co.uk` is nobody's is known, not each such suffix: two customers
    of a rare one are taken for one.
    """
    found = _HOST.match(host.strip(" .[]()<>").lower())
    labels = found[0].split(".") if found else []
    if not labels or labels[-1].isdecimal():
        return ""
    country = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if country else labels[-2:])


def _of_name(known: Mapping[str, str], name: str) -> str:
    rest = name.strip(" .[]()<>").lower()
    while rest:
        if rest in known:
            return known[rest]
        rest = rest.partition(".")[2]
    return ""


def read_providers(text: str) -> Providers:
    """The table of providers.toml, given as text."""
    table: dict[str, dict[str, list[str]]] = tomllib.loads(text)

    def column(key: str) -> dict[str, str]:
        return {value: name for name, row in table.items() for value in row[key]}

    tokens = {normalise_phrase(token): name for token, name in column("tokens").items()}
    return Providers(names=frozenset(table), hosts=column("hosts"), domains=column("domains"), tokens=tokens)
