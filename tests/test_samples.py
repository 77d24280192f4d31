"""Do the samples, each beside the verdict of a person, get that verdict?

`samples/<dialect>/<nn>-<what>.eml` is a mail, octet for octet; the `.toml` beside it tells what a careful reader makes of
it: `kind`, and a `[[row]]` for each failed, delayed or delivered recipient. A key that is left out is not judged;
`status = ""` says that the mail gives none, and none may be invented. `kind_alt`, `recipient_alt` and `reason_alt` list
what could be defended as well.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bounce_plugin.examination import UNREADABLE, Examination, examine

SAMPLES = Path(__file__).parent / "samples"
FAILED = {"bounce", "delay"}

#: So many are read in one test: there are thousands, and a test of its own costs more than the reading.
BATCH = 50
MAILS = {folder.name: sorted(folder.glob("*.eml")) for folder in sorted(SAMPLES.iterdir())}
BATCHES = {
    f"{dialect}-{at // BATCH + 1}": mails[at : at + BATCH]
    for dialect, mails in MAILS.items()
    for at in range(0, len(mails), BATCH)
}


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


def problems(mail: Path) -> dict[str, Any]:
    """What is wrong with our reading of a sample; empty if nothing is."""
    verdict = tomllib.loads(mail.with_suffix(".toml").read_text(encoding="utf-8"))
    raw = mail.read_bytes()
    examination = examine(raw)
    wrong = compare(verdict, examination)
    if examination.limits == UNREADABLE.limits:
        wrong["unreadable"] = examination.why
    if mail.parent.name == "no_bounce" and any(row.kind in FAILED or row.counts for row in rows(examination)):
        wrong["no bounce"] = "it blames somebody"
    ends = (with_line_ends(raw, end) for end in (b"\n", b"\r\n", b"\r"))
    unix, dos, mac = (examination if other == raw else examine(other) for other in ends)
    if (dos.kind, rows(dos)) != (unix.kind, rows(unix)):
        wrong["with the line ends of the wire"] = rows(dos)
    if (mac.kind, rows(mac)) != (unix.kind, rows(unix)):
        wrong["with carriage returns alone"] = rows(mac)
    return wrong


@pytest.mark.parametrize("mails", BATCHES.values(), ids=BATCHES.keys())
def test_samples_get_the_verdict_of_a_person_whatever_their_line_ends(mails: Sequence[Path]) -> None:
    assert {name(mail): wrong for mail in mails if (wrong := problems(mail))} == {}


def test_every_verdict_belongs_to_a_mail_and_speaks_of_known_keys() -> None:
    keys = {"recipient", "recipient_alt", "kind", "reason", "reason_alt", "counts", "status", "reply_code"}
    for file in SAMPLES.glob("*/*.toml"):
        verdict = tomllib.loads(file.read_text(encoding="utf-8"))
        assert file.with_suffix(".eml").exists(), name(file)
        assert verdict.keys() <= {"kind", "kind_alt", "rule", "note", "row"}, name(file)
        assert all(row.keys() <= keys for row in verdict.get("row", ())), name(file)
