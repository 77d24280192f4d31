"""Is the example of a phrase taken by that phrase? That proves that it can decide, and shows for what it is meant."""

from __future__ import annotations

from bounce_plugin.classify.normalise import normalise
from bounce_plugin.classify.overlap import shorten
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.reach import find_blockers
from bounce_plugin.classify.tables import Tables
from bounce_plugin.classify.trial import as_finding, decided_by, try_finding
from bounce_plugin.errors import SettingsError


def find_example_fault(phrase: Phrase, tables: Tables) -> SettingsError | None:
    """Why the example is not taken by the phrase, which is one of these tables; None where it is."""
    finding = as_finding(phrase.example, tables, provider=phrase.scope)
    decided = decided_by(try_finding(finding, tables))
    if decided == phrase.rule:
        return None
    if blockers := find_blockers(phrase, tables):
        names = " or ".join(_name(blocker.rule, tables) for blocker in blockers)
        problem = f"can never decide: whatever holds it holds {names}, too, which comes first"
        return SettingsError(problem, key="phrase", value=phrase.phrase)
    codes = f"{finding.reply_code} {finding.status or ''}".strip()
    if all(found.rule != phrase.rule for found, _, _ in tables.phrasebook.read(normalise(phrase.example)).matches):
        problem = f"does not hold the phrase {shorten(phrase.phrase)}"
    elif phrase.code is not None and not phrase.code.match(codes):
        problem = f"gives the code {codes or 'none'}, which does not begin with {phrase.code.pattern} (`code`)"
    elif decided:
        problem = (
            f"is taken by {_name(decided, tables)}, not by this phrase. "
            "Give an example without those words, or the phrase a smaller `priority`"
        )
    else:
        problem = f"decides nothing: who refuses at this stage ({finding.stage}) does not mean the recipient"
    return SettingsError(problem, key="example", value=phrase.example)


def _name(rule: str, tables: Tables) -> str:
    """A rule, what it says, and where it stands."""
    phrase = tables.phrases.get(rule)
    if phrase is None:
        row = tables.codes.by_rule(rule)
        return f"{rule} ({row.reason if row else 'unknown'}, {tables.source_of(rule)})"
    return f"{shorten(phrase.phrase)} ({phrase.reason}, priority {phrase.priority}, {tables.source_of(rule)})"
