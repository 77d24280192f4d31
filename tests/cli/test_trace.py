"""Does a trace show each step, in order, with what became of it?"""

import json
import re
from pathlib import Path

from bounce_plugin.cli.record import as_record
from bounce_plugin.cli.trace import list_parts, trace
from bounce_plugin.examination import examine
from tests.bounces import PRIVATE, report

SPAM = "550 5.1.1 User unknown, rejected as spam"
PHRASE = r"phrase:any:[^(]+ \(phrases\.toml"
GONE = "means: The address does not exist"
SAMPLES = sorted((Path(__file__).parents[1] / "samples").rglob("*.eml"))


def steps(raw: bytes, language: str = "en") -> list[str]:
    title, *lines = trace(examine(raw), language).splitlines()
    assert title.strip() in ("Step by step:", "Schritt für Schritt:")
    assert [line.split(".")[0].strip() for line in lines] == [str(number) for number, _ in enumerate(lines, start=1)]
    return [line.partition(". ")[2] for line in lines]


def step(span: str, field: str, rule: str, alone: str, outcome: str) -> str:
    """What matches the line of one piece of evidence."""
    return rf"“{span}” in {field}, by {rule}:\d+\)\. Alone it {alone}\. {outcome}\."


def test_each_step_is_told_in_order() -> None:
    told = steps(report("anna@example.com", SPAM))
    expected = [
        r"Read: multipart/report, with text, a delivery status, the message that came back\.",
        r"Kind: bounce\. This is a bounce: delivery has failed for good\.",
        r"Recipient: anna@example\.com, found by the detector delivery_status, which is 100% sure\.",
        r"Action “failed”: delivery was given up\.",
        r"Stage “rcpt”: the server refused when it was told the recipient\.",
        step("rejected as spam", "diagnostic_code", PHRASE, "means: The mail is taken for spam", "It decides"),
        step("User unknown", "diagnostic_code", PHRASE, GONE, r"It is overruled: .+ \(asymmetry\)"),
        step("5.1.1", "status", r"status:5\.1\.1 \(status_codes\.toml", GONE, r"It is overruled: .+ \(asymmetry\)"),
        step("550", "reply_code", r"reply:550 \(reply_codes\.toml", "says nothing definite", r".+ \(order\)"),
        r"Verdict, 85% sure: The mail is taken for spam\. It is not held against the address, because .+\.",
    ]
    assert len(told) == len(expected)
    for line, pattern in zip(told, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_provider_is_told_with_how_it_was_recognised() -> None:
    raw = report("anna@example.com", "550 5.1.10 refused").replace(b"mx.example.com", b"mx.protection.outlook.com")
    told = steps(raw)
    assert (
        "Provider microsoft, known by “mx.protection.outlook.com” in remote_mta: its own words and codes apply." in told
    )


def test_words_that_cannot_be_true_of_a_large_provider_are_told_with_both_meanings() -> None:
    told = steps((SAMPLES[0].parents[1] / "near_misses" / "18-another-host-does-not-find-gmail.eml").read_bytes())
    assert "The mailbox is at google (gmail.com), but another server refused." in told
    (line,) = (line for line in told if line.startswith("“domain not found”"))
    assert "Alone it means: The domain does not exist. But the domain of a large provider is there" in line


def test_words_that_mean_something_else_at_their_stage_are_told_with_both_meanings() -> None:
    raw = report("anna@example.com", "550 5.1.8 No such domain").replace(b"RCPT TO", b"MAIL FROM")
    (line,) = (line for line in steps(raw) if line.startswith("“No such domain”"))
    assert "Alone it means: The domain does not exist. But it is the answer to our sender address" in line
    assert line.endswith("so it is read as: Our sender address is refused (stage). It decides.")


def test_a_mail_that_is_no_bounce_has_steps_too() -> None:
    assert steps(PRIVATE) == [
        "Read: text/plain, with text.",
        "Kind: other. This looks like ordinary mail, not like a bounce.",
    ]
    assert steps(b"")[0] == "Read: text/plain, with nothing that can be read."


def test_why_a_person_should_look_is_the_last_step() -> None:
    told = steps(report("anna@example.com", "550 Nope"), "de")
    assert (
        told[-1] == "Ein Mensch sollte nachsehen. Die Mail sagt nicht deutlich, warum die Zustellung gescheitert ist."
    )


def test_the_parts_are_those_that_were_read() -> None:
    assert list_parts(examine(report("anna@example.com")).report) == ["text", "delivery_status", "returned"]
    assert list_parts(examine(PRIVATE).report) == ["text"]


class TestRecord:
    """The same in `examine --json --trace`."""

    def test_each_step_has_its_line_what_it_means_alone_and_what_became_of_it(self) -> None:
        record = json.loads(json.dumps(as_record("x", examine(report("anna@example.com", SPAM)), trace=True)))
        told = {
            step["span"]: (step["table_line"].partition(":")[0], step["alone"], step["outcome"], step["principle"])
            for step in record["rows"][0]["evidence"]
        }
        assert told == {
            "failed": ("", "", "", ""),
            "rcpt": ("", "", "", ""),
            "rejected as spam": ("phrases.toml", "spam_content", "decided", ""),
            "User unknown": ("phrases.toml", "address_unknown", "overruled", "asymmetry"),
            "5.1.1": ("status_codes.toml", "address_unknown", "overruled", "asymmetry"),
            "550": ("reply_codes.toml", "unknown", "overruled", "order"),
        }
        assert (record["media_type"], record["parts"]) == ("multipart/report", ["text", "delivery_status", "returned"])
        assert record["rows"][0]["detector_confidence"] == 1.0

    def test_every_third_sample_names_the_line_of_each_rule_and_the_principle_of_what_was_overruled(self) -> None:
        for path in SAMPLES[::3]:
            record = json.loads(json.dumps(as_record(path.name, examine(path.read_bytes()), trace=True)))
            for step in (step for row in record["rows"] for step in row["evidence"]):
                assert step["outcome"] == "" or step["table_line"] or step["rule"].startswith("gate:"), (path, step)
                assert step["outcome"] != "overruled" or step["principle"], (path, step)

    def test_without_a_trace_nothing_is_looked_up(self) -> None:
        row = as_record("x", examine(report("anna@example.com")))["rows"]
        assert isinstance(row, list)
        assert "table_line" not in row[0]["evidence"][0]
