"""What does `bounce-plugin examine` do with many mails: in order, with a bar for people, and does it end when it should?"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bounce_plugin.mailbox.paths import octets_in, raw_mails
from tests.bounces import report
from tests.programs import run_program

ROOT = Path(__file__).parents[1]
FROM = b"From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An mbox that takes several seconds."""
    path = tmp_path_factory.mktemp("mbox") / "large"
    with path.open("wb") as file:
        for number in range(12_000):
            file.write(FROM + report(f"member{number}@example.com", message_id=f"{number}@crm.example") + b"\n")
    return path


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bounce_plugin", "examine", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return run_program("examine", *arguments)


def small(path: Path, mails: int) -> Path:
    path.write_bytes(b"".join(FROM + report(f"m{n}@example.com", message_id=f"{n}") + b"\n" for n in range(mails)))
    return path


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_processes_do_not_change_what_is_printed(options: tuple[str, ...], tmp_path: Path) -> None:
    path = small(tmp_path / "mbox", 600)
    alone = run(*options, "--processes", "1", path)
    assert (alone.returncode, alone.stderr) == (0, b"")
    assert alone.stdout.count(b"m599@example.com") >= 1
    for more in (("--processes", "2"), ("--processes", "3"), ()):
        together = run(*options, *more, path)
        assert (together.returncode, together.stderr) == (0, b"")
        assert together.stdout == alone.stdout


def test_mails_before_a_path_that_is_missing_are_explained(tmp_path: Path) -> None:
    for processes in ("1", "2"):
        done = run("--json", "--processes", processes, small(tmp_path / "mbox", 3), tmp_path / "missing")
        assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["bounce"] * 3
        assert (done.returncode, done.stderr.count(b"\n")) == (5, 1)


def test_no_number_of_processes_below_one(tmp_path: Path) -> None:
    assert run("--processes", "0", tmp_path).returncode == 2


def test_a_reader_that_goes_away_ends_it_without_a_word(large: Path) -> None:
    with subprocess.Popen(
        command("--json", "--processes", "2", large), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr.read() == b""  # at its end, when all processes have ended
    assert process.returncode == 1


def test_ctrl_c_ends_it_and_its_processes_without_a_traceback(large: Path) -> None:
    # Not measured: Ctrl-C may hit the tracer in a lock of its own, for which it then waits for ever.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    with subprocess.Popen(
        command("--json", "--processes", "2", large),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=unmeasured,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
        start = time.monotonic()
        process.stdout.read()
        assert process.stderr.read().strip() == b"Aborted!"
        assert time.monotonic() - start < 10
    assert process.returncode == 1


def _hear_ctrl_c() -> None:
    """Tests that a shell runs in the background inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# The bar


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def on_a_terminal(terminal: tuple[int, int], *arguments: str | Path, output: int | None = None) -> tuple[int, str]:
    """Exit code, and what was shown on standard error, a terminal; standard output goes elsewhere if it is not given."""
    ours, theirs = terminal
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command(*arguments), stdout=output or subprocess.DEVNULL, stderr=theirs, cwd=ROOT, env=environment
    ) as process:
        os.close(theirs)
        try:
            return _read_all(ours, process)
        finally:
            process.kill()  # nobody reads any more


def _read_all(terminal: int, process: subprocess.Popen[bytes]) -> tuple[int, str]:
    shown = bytearray()
    while True:
        try:
            if select.select([terminal], [], [], 60)[0]:
                shown += os.read(terminal, 65536)
        except OSError:  # nobody holds the other end any more
            break
    return process.wait(), shown.decode()


def test_a_bar_shows_how_far_it_has_come(large: Path, terminal: tuple[int, int]) -> None:
    code, shown = on_a_terminal(terminal, "--json", large)
    assert code == 0
    shares = [int(share) for share in re.findall(r"(\d+)%", shown)]
    assert shares == sorted(shares)
    assert len({share for share in shares if 0 < share < 100}) > 2
    assert shares[-1] == 100
    assert "12,000 mails" in shown


@pytest.mark.parametrize(
    "place", [pytest.param("elsewhere", id="few mails"), pytest.param("terminal", id="the answers on the terminal")]
)
def test_no_bar_where_nobody_needs_one(place: str, large: Path, terminal: tuple[int, int], tmp_path: Path) -> None:
    if place == "terminal":
        _, shown = on_a_terminal(terminal, "--json", large, output=terminal[1])
        assert len(shown.splitlines()) == 12_000
    else:
        assert on_a_terminal(terminal, small(tmp_path / "mbox", 20)) == (0, "")


def test_how_much_there_is_to_read_is_known_but_of_standard_input(tmp_path: Path, large: Path) -> None:
    (tmp_path / "folder").mkdir()
    paths = [tmp_path / "folder" / name for name in ("a.eml", "b.eml", ".hidden")]
    for path in paths:
        path.write_bytes(report("anna@example.com"))
    assert octets_in([tmp_path]) == sum(len(mail.raw) for mail in raw_mails([tmp_path])) > 1000
    assert octets_in([str(large), paths[0]]) == large.stat().st_size + paths[0].stat().st_size
    assert octets_in(["-", large]) is None
    assert octets_in([tmp_path / "missing"]) is None
