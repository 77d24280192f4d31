"""Is each of many mails examined as if it were the only one, whichever process does it?"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import pytest

from bounce_plugin import Examination, Reason, WorkerError, examine, examine_many
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.message import limits
from tests.bounces import report
from tests.classify.judge import add
from tests.fuzz import mutants, read_samples

ROOT = Path(__file__).parents[1]
PHRASE = """
phrases = [
    { phrase = "has left our club", reason = "address_unknown", example = "550 5.7.1 This member has left our club" },
]
"""


def all_of(examination: Examination) -> tuple[object, ...]:
    """Everything that can be asked of an examination."""
    read = examination.report
    return (
        examination.kind,
        examination.findings,
        examination.classifications,
        examination.limits,
        examination.why,
        examination.clues,
        read.kind,
        read.text,
        list(read.headers),
        read.limits,
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_each_mail_is_examined_as_by_examine(processes: int) -> None:
    mails = read_samples()[::4]
    mails += [b"", b"\0", b"x" * (limits.MESSAGE + 10), *islice(mutants(mails, 3), 300)]
    many = list(examine_many(mails, processes=processes))
    assert [all_of(one) for one in many] == [all_of(examine(raw)) for raw in mails]


def test_a_few_and_many_together_are_in_order() -> None:
    reports = [report(f"member{number}@example.com") for number in range(700)]
    found = [one.findings[0].recipient for one in examine_many(iter(reports))]
    assert found == [f"member{number}@example.com" for number in range(700)]


def test_tables_of_ones_own_are_used_in_every_process() -> None:
    mails = [report(f"m{number}@example.com", "550 5.7.1 This member has left our club") for number in range(100)]
    for tables, reason in ((add(PHRASE).tables, Reason.ADDRESS_UNKNOWN), (BUILT_IN, Reason.POLICY_REJECTED)):
        expected = [examine(raw, tables).classifications for raw in mails]
        assert [one.classifications for one in examine_many(mails, tables=tables, processes=2)] == expected
        assert {verdict.reason or verdict.suggestion for (verdict,) in expected} <= {reason, Reason.UNKNOWN}


def test_what_comes_back_can_be_pickled_again() -> None:
    (one,) = examine_many([report("anna@example.com")], processes=2)
    assert all_of(pickle.loads(pickle.dumps(one))) == all_of(one)


def test_a_mail_that_cannot_be_read_is_a_value_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("bounce_plugin.examination.detect", fail)
    alone, (together, *_) = examine(b"x"), examine_many([b"x"])
    assert all_of(together) == all_of(alone)
    assert together.limits == ("unreadable",)


def test_few_mails_are_held_at_a_time() -> None:
    """A stream without end is examined as far as somebody asks, and no further than a little ahead."""
    taken = 0

    def stream() -> Iterator[bytes]:
        nonlocal taken
        for raw in cycle(read_samples()):
            taken += 1
            yield raw

    for processes in (1, 2, None):
        taken = 0
        many = examine_many(stream(), processes=processes)
        assert len(list(islice(many, 900))) == 900
        assert 900 <= taken < 900 + 2_000
        del many


def test_what_the_iterable_raises_comes_after_the_mails_before_it() -> None:
    def torn() -> Iterator[bytes]:
        yield from read_samples()[:50]
        raise OSError("the disk is gone")

    for processes in (1, 2):
        many = examine_many(torn(), processes=processes)
        assert len(list(islice(many, 50))) == 50
        with pytest.raises(OSError, match="the disk is gone"):
            next(many)


def test_no_process_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="processes = -1"):
        next(examine_many([b""], processes=-1))


def test_a_program_that_cannot_be_imported_is_told_so(tmp_path: Path) -> None:
    """The processes import the program that starts them; if that started them once more, it would never end."""
    program = tmp_path / "program.py"
    program.write_text(
        "from bounce_plugin import examine_many\nprint(len(list(examine_many([b'x'] * 50, processes=2))))\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith('below `if __name__ == "__main__":`')
    assert WorkerError.__name__ in done.stderr
    lines = program.read_text().splitlines()
    program.write_text(
        "\n".join(chain(lines[:1], ['if __name__ == "__main__":'], (f"    {line}" for line in lines[1:])))
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("50\n", "")
