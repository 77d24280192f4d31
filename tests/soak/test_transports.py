"""Do real Postfix and Exim hand bounces to us, by a pipe and over LMTP, and lose none while we fail in every way?

Needs root, as in test_mtas.py.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bounce_plugin.ledger.history import latest_events
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.message.report import Kind
from tests.bounces import Box
from tests.mails import ROOT
from tests.servers.mta import KINDS, Mta, NoMtaError
from tests.servers.mta import Kind as MtaKind
from tests.servers.sink import Sink, free_port

KEY = "07" * 32
BOUNCES = 30
SENDER = "bounces@example.test"
KINDS_THAT_HAND_OVER = [kind for kind in KINDS if kind.pipe]

#: What may happen instead of our program: each of them once, before it is let through.
MISHAPS = """
kill -9 $$
kill -15 $$
exit 1
exit 64
exit 65
exit 69
exit 70
exit 77
exit 78
exit 127
/no/such/program; exit
echo 5.1.1 no such user; exit 75
"""

WRAPPER = """#!/bin/sh
# One process after the other takes the next mishap; when there are no more, our program gets the mail.
cd {folder}
mishap=$(flock lock sh -c 'sed -n 1p mishaps; sed -i 1d mishaps')
eval "$mishap"
PYTHONPATH={root} exec {python} -m bounce_plugin -c {folder}/bounce.toml ingest "$@"
"""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the user that mails are piped to, in which everything is."""
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="transport-", dir="/tmp"))
    (made / "ledger.key").write_text(KEY)
    (made / "bounce.toml").write_text(
        '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
        f'[lmtp]\nlisten = "127.0.0.1:{free_port()}"\n'
    )
    Box(made / "Maildir")
    yield made
    shutil.rmtree(made)


def failed(folder: Path) -> list[str]:
    """Whose failures the ledger holds."""
    if not (folder / "bounces.sqlite3").exists():
        return []
    with Ledger.open(f"sqlite:///{folder}/bounces.sqlite3", key=bytes.fromhex(KEY)) as ledger, ledger.reading() as tx:
        return sorted(event.address for event in latest_events(tx, limit=1000) if event.kind is Kind.BOUNCE)


def await_all(folder: Path, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while len(failed(folder)) < BOUNCES and time.monotonic() < deadline:
        time.sleep(1)
    time.sleep(6)  # what is handed over once more comes now
    return failed(folder)


def kept(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "Maildir").glob("**/*") if path.parent.name in ("new", "cur")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS_THAT_HAND_OVER, ids=lambda kind: kind.name)
def test_I_01_a_pipe_loses_nothing_whatever_happens_to_the_process(kind: MtaKind, folder: Path) -> None:
    (folder / "mishaps").write_text(MISHAPS.lstrip())
    (folder / "lock").touch()
    wrapper = folder / "wrapper"
    wrapper.write_text(WRAPPER.format(folder=folder, root=ROOT, python=sys.executable))
    wrapper.chmod(0o755)
    subprocess.run(["chown", "-R", "65533:65533", folder], check=True)
    start = time.monotonic()
    settings = folder / "bounce.toml"
    settings.rename(folder / "later.toml")  # at first there are no settings at all
    try:
        with Sink() as sink, Mta(kind, sink=sink.port, command=str(wrapper)) as mta:
            for number in range(BOUNCES):
                mta.send(SENDER, f"unknown+{number}@dest.test")
            time.sleep(5)
            assert failed(folder) == []
            (folder / "later.toml").rename(settings)
            found = await_all(folder, 150)
            output = mta.output
    except NoMtaError as error:
        pytest.skip(str(error))
    print(f"\n{kind.name}, pipe: {len(found)} bounces in {time.monotonic() - start:.0f} s")
    assert (folder / "mishaps").read_text() == "", output[-3000:]
    assert found == sorted(f"unknown+{number}@dest.test" for number in range(BOUNCES)), output[-3000:]
    reports = [mail for mail in kept(folder) if b"unknown+" in mail]
    assert len(reports) == BOUNCES, "each is kept once"
    assert all(b"Delivered-To: " + SENDER.encode() in mail for mail in reports)
    assert all(
        mail.lower().count(b"\nreturn-path:") + mail.lower().startswith(b"return-path:") >= 1 for mail in reports
    )


@contextmanager
def service(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`bounce-plugin lmtp`, once it listens."""
    command = [sys.executable, "-m", "bounce_plugin", "-c", str(folder / "bounce.toml"), "lmtp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith(b"LMTP: listening")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS_THAT_HAND_OVER, ids=lambda kind: kind.name)
def test_I_01_lmtp_loses_nothing_while_the_service_is_killed(kind: MtaKind, folder: Path) -> None:
    port = int((folder / "bounce.toml").read_text().rpartition(":")[2].strip('"\n'))
    start = time.monotonic()
    try:
        with Sink() as sink, Mta(kind, sink=sink.port, lmtp=port) as mta:
            for number in range(BOUNCES):
                mta.send(SENDER, f"unknown+{number}@dest.test")
            time.sleep(3)  # nobody listens yet
            for seconds in (0.1, 0.3, 0.2):
                with service(folder) as process:
                    time.sleep(seconds)
                    process.kill()
            with service(folder):
                found = await_all(folder, 150)
            output = mta.output
    except NoMtaError as error:
        pytest.skip(str(error))
    print(f"\n{kind.name}, LMTP: {len(found)} bounces in {time.monotonic() - start:.0f} s")
    assert found == sorted(f"unknown+{number}@dest.test" for number in range(BOUNCES)), output[-3000:]
    assert len([mail for mail in kept(folder) if b"unknown+" in mail]) == BOUNCES, "each is kept once"
