"""The documented cases: does each reply whose naive reading is wrong get the right reason?"""

import tomllib
from pathlib import Path

import pytest

from tests.classify.judge import judge

CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['number']:02d}-{case['reason']}" for case in CASES])
def test_case(case):
    assert judge(case["reply"], host=case["host"]).reason == case["reason"]
