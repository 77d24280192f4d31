"""Do the samples, each beside the verdict of a person, get that verdict?

`samples/<dialect>/<nn>-<what>.eml` is a mail, octet for octet; the `.toml` beside it tells what a careful reader makes of
it: `kind`, and a `[[row]]` for each failed, delayed or delivered recipient. A key that is left out is not judged;
`status = ""` says that the mail gives none, and none may be invented. `kind_alt`, `recipient_alt` and `reason_alt` list
what could be defended as well.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bounce_plugin.examination import Examination, examine

SAMPLES = Path(__file__).parent / "samples"
FAILED = {"bounce", "delay"}

MAILS = sorted(SAMPLES.glob("*/*.eml"))
NO_BOUNCES = [mail for mail in MAILS if mail.parent.name == "no_bounce"]


def name(mail: Path) -> str:
    return mail.relative_to(SAMPLES).as_posix()


@dataclass(frozen=True)
class Row:
    """What came out for one recipient, in the words of the `.toml` files."""

    recipient: str
    kind: str
    reason: str
    counts: bool
    status: str
    reply_code: str


def rows(examination: Examination) -> list[Row]:
    return [
        Row(
            recipient=finding.recipient.lower(),
            kind=str(verdict.kind),
            reason=str(verdict.reason or ""),
            counts=verdict.counts,
            status=str(finding.status or ""),
            reply_code=finding.reply_code,
        )
        for finding, verdict in zip(examination.findings, examination.classifications, strict=True)
    ]


def names(expected: dict[str, Any]) -> set[str]:
    return {address.lower() for address in (expected["recipient"], *expected.get("recipient_alt", ()))}


def differences(expected: dict[str, Any], row: Row) -> dict[str, tuple[Any, Any]]:
    """Key -> (what came out, what should have)."""
    wrong = {
        key: (getattr(row, key), expected[key])
        for key in ("kind", "counts", "status", "reply_code")
        if key in expected and getattr(row, key) != expected[key]
    }
    if "reason" in expected and row.reason not in {expected["reason"], *expected.get("reason_alt", ())}:
        wrong["reason"] = (row.reason, expected["reason"])
    return wrong


def with_line_ends(raw: bytes, ends: bytes) -> bytes:
    return re.sub(rb"\r\n|\r|\n", ends, raw)


@pytest.mark.parametrize("mail", MAILS, ids=name)
def test_a_sample_gets_the_verdict_of_a_person(mail: Path) -> None:
    verdict = tomllib.loads(mail.with_suffix(".toml").read_text(encoding="utf-8"))
    examination = examine(mail.read_bytes())
    left = rows(examination)

    wrong: dict[str, Any] = {}
    if str(examination.kind) not in {verdict["kind"], *verdict.get("kind_alt", ())}:
        wrong["kind"] = (str(examination.kind), verdict["kind"])
    for expected in verdict.get("row", ()):
        row = next((row for row in left if row.recipient in names(expected)), None)
        if row is None:
            wrong[expected["recipient"]] = "missing"
            continue
        left.remove(row)
        if different := differences(expected, row):
            wrong[expected["recipient"]] = different
    for row in left:
        wrong[row.recipient] = "not expected"

    assert wrong == {}


@pytest.mark.parametrize("mail", MAILS, ids=name)
def test_line_ends_do_not_change_the_verdict_of_a_sample(mail: Path) -> None:
    raw = mail.read_bytes()
    verdicts = {}
    for ends in (b"\n", b"\r\n", b"\r"):
        examination = examine(with_line_ends(raw, ends))
        verdicts[ends] = (examination.kind, rows(examination))

    assert verdicts[b"\r\n"] == verdicts[b"\n"]
    assert verdicts[b"\r"] == verdicts[b"\n"]


@pytest.mark.parametrize("mail", NO_BOUNCES, ids=name)
def test_a_mail_that_is_no_bounce_blames_nobody(mail: Path) -> None:
    blamed = [row for row in rows(examine(mail.read_bytes())) if row.kind in FAILED or row.counts]

    assert blamed == []


def test_every_verdict_belongs_to_a_mail_and_speaks_of_known_keys() -> None:
    keys = {"recipient", "recipient_alt", "kind", "reason", "reason_alt", "counts", "status", "reply_code"}
    for file in SAMPLES.glob("*/*.toml"):
        verdict = tomllib.loads(file.read_text(encoding="utf-8"))
        assert file.with_suffix(".eml").exists(), name(file)
        assert verdict.keys() <= {"kind", "kind_alt", "rule", "note", "row"}, name(file)
        assert all(row.keys() <= keys for row in verdict.get("row", ())), name(file)
