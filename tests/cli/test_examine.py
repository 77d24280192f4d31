"""What does `examine` say of a mail?"""

import json
from pathlib import Path

import pytest

from bounce_plugin.cli import USAGE
from tests.bounces import PRIVATE, report
from tests.cli.terminal import call


def test_examine_explains_to_people(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    output = call("examine", str(path)).output
    assert "delivery has failed for good" in output
    assert "The address does not exist" in output
    assert "reason=address_unknown" in output


def test_examine_speaks_the_language_of_the_locale_and_that_of_the_option_first(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    german = call("examine", str(path), locale="de_AT.UTF-8").output
    assert "Die Adresse gibt es nicht." in german
    assert call("examine", "--lang", "de", str(path)).output == german
    assert "The address does not exist." in call("examine", "--lang", "en", str(path), locale="de_AT.UTF-8").output
    assert call("examine", "--lang", "fr", str(path)).exit_code == USAGE


def test_examine_shows_each_step_below_the_argument(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    plain, traced = call("examine", str(path)).output, call("examine", "--trace", str(path)).output
    assert traced.startswith(plain)
    assert "Step by step:\n    1. Read: multipart/report, with" in traced


def test_examine_prints_one_json_object_a_line(tmp_path: Path) -> None:
    paths = [tmp_path / "a.eml", tmp_path / "b.eml"]
    paths[0].write_bytes(report("anna@example.com", "552 5.2.2 Mailbox full"))
    paths[1].write_bytes(PRIVATE)
    first, second = map(json.loads, call("examine", "--json", *map(str, paths)).output.splitlines())
    assert first["file"].endswith("a.eml")
    row = first["rows"][0]
    expected = {
        "recipient": "anna@example.com",
        "kind": "bounce",
        "reason": "mailbox_full",
        "type": "soft",
        "fault": "mailbox",
        "counts": True,
        "status": "5.2.2",
        "reply_code": "552",
    }
    assert {key: row[key] for key in expected} == expected
    assert any(step["decided"] and step["span"] for step in row["evidence"])
    assert (second["kind"], second["rows"], second["error"]) == ("other", [], None)


def test_a_fault_of_ours_is_told_as_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("bounce_plugin.examination.detect", fail)
    mail = tmp_path / "a.eml"
    mail.write_bytes(PRIVATE)
    found = json.loads(call("examine", "--json", str(mail)).output)
    assert (found["kind"], found["error"]) == ("other", "The mail could not be read (RecursionError).")


def test_examine_reads_standard_input() -> None:
    assert json.loads(call("examine", "--json", "-", stdin=report("anna@example.com")).output)["kind"] == "bounce"
