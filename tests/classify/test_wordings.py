"""Wordings of many hosts and languages: is each understood by its general form, not by a line made for it?"""

import tomllib
from pathlib import Path

import pytest

from tests.classify.judge import judge

WORDINGS = tomllib.loads(Path(__file__).with_name("wordings.toml").read_text("utf-8"))


@pytest.mark.parametrize("reason", WORDINGS)
def test_its_wordings_are_understood(reason):
    assert WORDINGS[reason]
    assert {reply: judge(reply).reason for reply in WORDINGS[reason]} == dict.fromkeys(WORDINGS[reason], reason)
