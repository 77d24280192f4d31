"""How does it do on a corpus of real bounces that others judged? It is no part of the project; without it, this is skipped."""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bounce_plugin.examination import Examination, examine

SHARED = Path(os.environ.get("BOUNCE_SHARED") or Path(__file__).parents[2] / "shared")
CORPUS = SHARED / "corpus"

pytestmark = pytest.mark.skipif(
    not (CORPUS / "score.py").is_file(),
    reason=f"no corpus of real bounces in {CORPUS} (BOUNCE_SHARED names another place)",
)


def judged(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def rows(examination: Examination) -> Iterator[dict[str, Any]]:
    for finding, verdict in zip(examination.findings, examination.classifications, strict=True):
        yield {
            "recipient": finding.recipient,
            "kind": str(verdict.kind),
            "reason": str(verdict.reason or ""),
            "counts": verdict.counts,
            "status": str(finding.status or ""),
            "reply_code": finding.reply_code,
        }


def predictions(name: str) -> list[dict[str, Any]]:
    found = []
    for judgement in judged(name):
        examination = examine((CORPUS / judgement["file"]).read_bytes())
        error = examination.why if "could not be read" in examination.why else None
        found.append(
            {"file": judgement["file"], "kind": str(examination.kind), "rows": list(rows(examination)), "error": error}
        )
    return found


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", CORPUS / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_floors_are_held(scorer: ModuleType) -> None:
    table, misses = scorer.score(judged("gold.jsonl"), predictions("gold.jsonl"))
    total = {figure: tuple(value) for figure, value in table["TOTAL"].items()}
    for figure, floor in {"kind": 0.99, "rcpt~": 0.99, "reason": 0.92, "status": 0.99, "reply": 0.99}.items():
        right, of = total[figure]
        assert right >= floor * of, (figure, misses[figure])
    for figure, most in {"crash": 0, "FALSE": 0, "HARM": 6, "MISSED": 15}.items():
        right, of = total[figure]
        assert of - right <= most, (figure, misses[figure])


def test_copies_with_other_line_ends_get_the_same_verdict() -> None:
    originals = {Path(one["file"]).name: one for one in predictions("gold.jsonl")}
    compared = 0
    for copy in predictions("variants.jsonl"):
        original = originals.get(Path(copy["file"]).name)
        if original is None or sorted(lines(original)) != sorted(lines(copy)):
            continue
        compared += 1
        assert (copy["kind"], copy["rows"]) == (original["kind"], original["rows"]), copy["file"]
    assert compared > 50


def lines(prediction: dict[str, Any]) -> list[bytes]:
    return (CORPUS / prediction["file"]).read_bytes().splitlines()
