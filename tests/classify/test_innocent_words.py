"""What refusals in other languages say of the sender, of a server or of nothing at all is never held against a recipient."""

import tomllib
from pathlib import Path

import pytest

from tests.classify.judge import judge

BY_LANGUAGE = tomllib.loads(Path(__file__).with_name("innocent.toml").read_text(encoding="utf-8"))
INNOCENT = [(language, text) for language, texts in BY_LANGUAGE.items() for text in texts]


@pytest.mark.parametrize(("language", "text"), INNOCENT)
def test_it_is_not_held_against_the_recipient(language: str, text: str) -> None:
    verdict = judge(f"550 {text}")
    assert not verdict.counts, (language, verdict.reason)
