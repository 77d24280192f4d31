"""How does it do on a corpus of real bounces that others judged? It is no part of the project; without it, this is skipped."""

from pathlib import Path
from typing import Any

import pytest

from tests.corpus import CORPUS, judged, needs_corpus, predict, score

pytestmark = needs_corpus

#: What was reached; never lowered. What is right at least, as a share; and how many may be wrong at most.
FLOORS = {"kind": 0.997, "rcpt": 0.99, "rcpt~": 0.997, "reason": 0.995, "counts": 0.997, "status": 1.0, "reply": 1.0}
CEILINGS = {"crash": 0, "FALSE": 0, "HARM": 0, "MISSED": 1}


@pytest.fixture(scope="module")
def gold() -> tuple[Any, Any]:
    return score(judged("gold.jsonl"), [predict(one) for one in judged("gold.jsonl")])


@pytest.mark.parametrize("figure", FLOORS)
def test_the_floors_are_held(gold: tuple[Any, Any], figure: str) -> None:
    (right, of), misses = gold[0][figure], gold[1][figure]
    assert right >= FLOORS[figure] * of, misses


@pytest.mark.parametrize("figure", CEILINGS)
def test_the_ceilings_are_held(gold: tuple[Any, Any], figure: str) -> None:
    (right, of), misses = gold[0][figure], gold[1][figure]
    assert of - right <= CEILINGS[figure], misses


def test_copies_with_other_line_ends_get_the_same_verdict() -> None:
    originals = {Path(one["file"]).name: predict(one) for one in judged("gold.jsonl")}
    compared = 0
    for copy in map(predict, judged("variants.jsonl")):
        original = originals.get(Path(copy["file"]).name)
        if original is None or sorted(lines(original)) != sorted(lines(copy)):
            continue
        compared += 1
        assert (copy["kind"], copy["rows"]) == (original["kind"], original["rows"]), copy["file"]
    assert compared > 50


def lines(prediction: dict[str, Any]) -> list[bytes]:
    return (CORPUS / prediction["file"]).read_bytes().splitlines()
