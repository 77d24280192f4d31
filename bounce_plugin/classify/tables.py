"""What do the words and codes of refusals mean? The packaged tables; `additions.py` adds to them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from bounce_plugin.classify.classification import FailureType, Fault, Reason
from bounce_plugin.classify.codes import Codes, read_codes
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.phrases import read_phrase
from bounce_plugin.classify.providers import Providers, read_providers


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRow:
    """One row of reasons.toml, as far as it says what a reason means; what to do about it is the policy's."""

    reason: Reason
    type: FailureType
    fault: Fault
    weight: float  # 0: never held against the recipient; 0.5: at most once a UTC day
    counts: bool  # whether it is held against the recipient at all
    definition: str


#: Where a rule comes from that nobody added.
BUILT_IN_SOURCE: Final = "built in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything that the classifier knows. The packaged one is `BUILT_IN`; `extend` adds phrases to it."""

    reasons: Mapping[Reason, ReasonRow]
    codes: Codes
    words: Mapping[str, str]  # names for alternatives that many phrases share
    phrases: Mapping[str, Phrase]  # by the name of their rule, in the order in which they were written
    phrasebook: Phrasebook
    providers: Providers
    sources: Mapping[str, str] = field(default_factory=dict)  # where a phrase comes from that somebody added, by rule

    def source_of(self, rule: str) -> str:
        """Where a rule comes from, for people."""
        return self.sources.get(rule, BUILT_IN_SOURCE)


def _load_packaged() -> Tables:
    providers = read_providers(_packaged("providers.toml"))
    table = tomllib.loads(_packaged("phrases.toml"))
    phrases = [read_phrase(row, scopes=providers.names, words=table["words"]) for row in table["phrases"]]
    return Tables(
        reasons=_read_reasons(_packaged("reasons.toml")),
        codes=read_codes(status=_packaged("status_codes.toml"), reply=_packaged("reply_codes.toml")),
        words=table["words"],
        phrases={phrase.rule: phrase for phrase in phrases},
        phrasebook=Phrasebook(phrases, providers.tokens),
        providers=providers,
    )


def _read_reasons(text: str) -> dict[Reason, ReasonRow]:
    rows = tomllib.loads(text)["reason"]
    return {
        reason: ReasonRow(
            reason=reason,
            type=FailureType(row["type"]),
            fault=Fault(row["fault"]),
            weight=float(row["weight"]),
            counts=row.get("counts", row["weight"] > 0),
            definition=row["definition"],
        )
        for reason in Reason
        for row in (rows[reason.value],)
    }


def _packaged(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


BUILT_IN: Final = _load_packaged()
