"""Which provider answered, so that its own wording and codes apply?"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from bounce_plugin.classify.normalise import normalise_phrase


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
