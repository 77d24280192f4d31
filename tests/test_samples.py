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

from bounce_plugin.examination import UNREADABLE, Examination, examine

SAMPLES = Path(__file__).parent / "samples"
FAILED = {"bounce", "delay"}

MAILS = sorted(SAMPLES.glob("*/*.eml"))


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


def compare(verdict: dict[str, Any], examination: Examination) -> dict[str, Any]:
    """In what an examination differs from the verdict of a person."""
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
    return wrong | {row.recipient: "not expected" for row in left}


@pytest.mark.parametrize("mail", MAILS, ids=name)
def test_a_sample_gets_the_verdict_of_a_person_whatever_its_line_ends(mail: Path) -> None:
    verdict = tomllib.loads(mail.with_suffix(".toml").read_text(encoding="utf-8"))
    raw = mail.read_bytes()
    examination = examine(raw)
    assert examination.limits != UNREADABLE.limits, examination.why
    assert compare(verdict, examination) == {}
    if mail.parent.name == "no_bounce":
        assert [row for row in rows(examination) if row.kind in FAILED or row.counts] == [], "it blames nobody"

    unix, dos, mac = (examine(with_line_ends(raw, ends)) for ends in (b"\n", b"\r\n", b"\r"))
    assert (dos.kind, rows(dos)) == (unix.kind, rows(unix)), "with the line ends of the wire"
    assert (mac.kind, rows(mac)) == (unix.kind, rows(unix)), "with carriage returns alone"


def test_every_verdict_belongs_to_a_mail_and_speaks_of_known_keys() -> None:
    keys = {"recipient", "recipient_alt", "kind", "reason", "reason_alt", "counts", "status", "reply_code"}
    for file in SAMPLES.glob("*/*.toml"):
        verdict = tomllib.loads(file.read_text(encoding="utf-8"))
        assert file.with_suffix(".eml").exists(), name(file)
        assert verdict.keys() <= {"kind", "kind_alt", "rule", "note", "row"}, name(file)
        assert all(row.keys() <= keys for row in verdict.get("row", ())), name(file)
