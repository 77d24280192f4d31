"""What do the words and codes of refusals mean? The packaged tables, and what a host or a plugin adds to them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from bounce_plugin.classify.classification import FailureType, Fault, Reason
from bounce_plugin.classify.codes import Codes, read_codes
from bounce_plugin.classify.phrasebook import Phrase, Phrasebook
from bounce_plugin.classify.phrases import PhraseTable, read_phrases
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything that the classifier knows. Made by `load_tables`; the packaged one is `BUILT_IN`."""

    reasons: Mapping[Reason, ReasonRow]
    codes: Codes
    phrases: Mapping[str, Phrase]  # by the name of their rule, in the order of their priority
    phrasebook: Phrasebook
    providers: Providers


def load_tables(extra_phrases: Sequence[str] = ()) -> Tables:
    """The packaged tables, and further phrases given as TOML in the form of phrases.toml.

    Raises SettingsError for a phrase that cannot be used; it names the line.
    """
    providers = read_providers(_packaged("providers.toml"))
    table = PhraseTable(words={}, phrases=())
    texts = {"phrases.toml": _packaged("phrases.toml")}
    texts.update((f"extra phrases {number}", text) for number, text in enumerate(extra_phrases, start=1))
    for source, text in texts.items():
        table = read_phrases(text, source=source, scopes=providers.names, known=table)
    return Tables(
        reasons=_read_reasons(_packaged("reasons.toml")),
        codes=read_codes(status=_packaged("status_codes.toml"), reply=_packaged("reply_codes.toml")),
        phrases={phrase.rule: phrase for phrase in table.phrases},
        phrasebook=Phrasebook(table.phrases, providers.tokens),
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


BUILT_IN: Final = load_tables()
