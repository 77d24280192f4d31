"""Where are the real bounces that others judged, and how are our verdicts on them scored? They are no part of the project."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bounce_plugin.classify.tables import BUILT_IN, Tables
from bounce_plugin.examination import Examination, examine

SHARED = Path(os.environ.get("BOUNCE_SHARED") or Path(__file__).parents[2] / "shared")
CORPUS = SHARED / "corpus"

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "score.py").is_file(),
    reason=f"no corpus of real bounces in {CORPUS} (BOUNCE_SHARED names another place)",
)

#: Right ones and all, of each figure.
Score = dict[str, tuple[int, int]]


@cache
def judged(name: str) -> list[dict[str, Any]]:
    """The judgements of one file of the corpus."""
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def predict(judgement: dict[str, Any], tables: Tables = BUILT_IN) -> dict[str, Any]:
    """What we say of the mail of a judgement, as the corpus's own program reads it."""
    examination = examine((CORPUS / judgement["file"]).read_bytes(), tables)
    error = examination.why if "could not be read" in examination.why else None
    return {
        "file": judgement["file"],
        "kind": str(examination.kind),
        "rows": list(_rows(examination)),
        "error": error,
    }


def _rows(examination: Examination) -> Iterator[dict[str, Any]]:
    for finding, verdict in zip(examination.findings, examination.classifications, strict=True):
        yield {
            "recipient": finding.recipient,
            "kind": str(verdict.kind),
            "reason": str(verdict.reason or ""),
            "counts": verdict.counts,
            "status": str(finding.status or ""),
            "reply_code": finding.reply_code,
        }


def score(
    judgements: list[dict[str, Any]], predictions: list[dict[str, Any]], *, sure: bool = False
) -> tuple[Score, dict[str, list[Any]]]:
    """The corpus's own figures, and what was missed for each; `sure` leaves out what experts differ on."""
    spec = importlib.util.spec_from_file_location("score", CORPUS / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table, misses = module.score(judgements, predictions, sure_only=sure)
    return {figure: (right, of) for figure, (right, of) in table["TOTAL"].items()}, misses
