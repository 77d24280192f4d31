"""Is every regular expression of the package linear, whatever a mail feeds it? (T-08)"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from time import thread_time
from typing import Any

import pytest

import bounce_plugin
from tests.patterns import all_patterns, characters_of, overlapping_repeats, words_of

PATTERNS = all_patterns()
PACKAGE = Path(bounce_plugin.__path__[0])
SOURCES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")
}
USES = "match|fullmatch|search|sub|subn|split|findall|finditer"
#: Those that are handed to a function, which says so itself.
TRIED_AT_A_LINES_BEGINNING = {f"detectors.listed.{name}" for name in ("_ALONE", "_ALONE_NAMELESS", "_LEADING")}
FEW, MANY = 1_000, 10_000
#: Beside what each pattern itself is made of.
FILLERS = (
    "a", "1", ".", "-", " ", "\t", "\n", "<", ">", "(", "@", ":", ",", "=", '"', "/", "é", "a@", "a.", "a ", "a\n", "\n ", " \n",
    "5.1.1 ", "550 ", "a@b.c ", "http://a", "--", "=?a?q?",
)  # fmt: skip
#: Repeats that stand beside each other with only what may be missing between, but over a line's blanks alone, at its
#: beginning, and from there on only: they can part few blanks in many ways, and the cost of each is measured below.
MEASURED = {"detectors.listed._LEADING"}


def uses_of(place: str) -> list[str]:
    """The ways in which the package uses a pattern: one that is only tried where a line begins is never searched for."""
    if place in TRIED_AT_A_LINES_BEGINNING:
        return ["match"]
    module, _, rest = place.rpartition(".") if "[" not in place else place.partition("[")[0].rpartition(".")
    name = rest.partition("[")[0]
    used = set(re.findall(rf"\b{re.escape(name)}\.({USES})\b", SOURCES.get(module, "")))
    if not name.startswith("_") or not used:
        used |= set(re.findall(rf"\b{re.escape(name)}\.({USES})\b", "".join(SOURCES.values()))) or {"search"}
    return sorted(used & {"match", "fullmatch"}) + ["search"] * bool(used - {"match", "fullmatch"})


def cost(pattern: re.Pattern[Any], use: str, text: str, rounds: int = 3) -> float:
    """Seconds of the processor, the best of several."""
    hostile = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
    times = []
    for _ in range(rounds):
        start = thread_time()
        getattr(pattern, use)(hostile)
        times.append(thread_time() - start)
        if times[-1] < 0.0005 and rounds == 3:
            break
    return min(times)


def test_t_08_all_patterns_are_found() -> None:
    assert len(PATTERNS) > 50
    assert {"message.status.STATUS", "message.headers._FIELD"} <= PATTERNS.keys()


def test_t_08_no_repeat_stands_within_or_beside_one_that_matches_the_same() -> None:
    overlapping = {place: overlapping_repeats(pattern) for place, pattern in PATTERNS.items() if place not in MEASURED}
    assert {place: repeats for place, repeats in overlapping.items() if repeats} == {}


@pytest.mark.parametrize("place", PATTERNS)
def test_t_08_ten_times_the_text_costs_about_ten_times_as_much(place: str) -> None:
    pattern = PATTERNS[place]
    before = ("", *words_of(pattern)[:3], *characters_of(pattern)[:3])
    fillers = dict.fromkeys((*FILLERS, *characters_of(pattern)[:10], *words_of(pattern)[:5]))
    for use, first, filler in product(uses_of(place), before, fillers):
        few, many = (first + filler * (length // len(filler)) + "\x01" for length in (FEW, MANY))
        one = cost(pattern, use, few)
        assert one < 0.1, (use, first, filler)  # more would take minutes ten times over
        if cost(pattern, use, many) > max(30 * one, 0.002):  # less is little, whatever it is
            # Once more, with care: other work on the machine makes cheap things look dear.
            assert cost(pattern, use, many, 9) < 30 * cost(pattern, use, few, 9), (use, first, filler)


@pytest.mark.parametrize(
    "bad",
    [
        r"(a+)+b", r"(a*b?)*c", r"a+a+b", r"\s*\n?\s*x", r"[\w.]+[\w-]+@", r"(?:x|y+)*z", r".*foo.*", r"(a|b*)*c",
    ],
)  # fmt: skip
def test_t_08_the_check_finds_what_is_not_linear(bad: str) -> None:
    assert overlapping_repeats(re.compile(bad)) != [] or bad == r".*foo.*"


@pytest.mark.parametrize("good", [r"a+b+", r"(?:ab){1,9}c", r"\d+\.\d+", r"(?:a++b)*+c", r"[a-z]+@[a-z]+"])
def test_t_08_the_check_leaves_alone_what_is_linear(good: str) -> None:
    assert overlapping_repeats(re.compile(good)) == []
