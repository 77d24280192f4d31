"""Is the answer about many what the ledger says now, whatever became of the snapshot?"""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bounce_plugin.desk.erase import erase
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rebuild import rebuild
from bounce_plugin.ledger.rotate import rotate
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.state import Verb
from bounce_plugin.suppression import shortcut as room
from bounce_plugin.suppression.lift import lift
from bounce_plugin.suppression.snapshot import mark_of
from tests.servers.ledgers import KEY
from tests.suppression.samples import CASES, DAY, NOW, among, bulk, fill, stop

NEW = b"another key, of 32 octets......."
CROWD = [f"a{number}@example.org" for number in range(40)]
RIGHT = {address for address, (_, withheld) in CASES.items() if "newsletter" in withheld}


@pytest.fixture(autouse=True)
def a_snapshot_is_worth_it_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(room, "FEW", 1)
    monkeypatch.setattr(room, "WORTH_IT", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def path(ledger: Ledger) -> Path:
    """Where the snapshot is, of a ledger in which some are stopped. It was made and is used."""
    fill(ledger)
    make(ledger)
    place = ledger.beside("stopped")
    assert place is not None
    assert mark_of(place)
    return place


def make(ledger: Ledger) -> None:
    one = bulk(ledger)
    one.suppressed(CROWD, "newsletter")  # asked for one by one
    one.suppressed(CROWD, "newsletter")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For how many the ledger was asked each time."""
    numbers: list[int] = []
    real = room.Shortcut.possible

    def possible(self, tx, digests):
        places = real(self, tx, digests)
        numbers.append(len(places))
        return places

    monkeypatch.setattr(room.Shortcut, "possible", possible)
    return numbers


def test_only_those_who_may_be_stopped_are_asked_for(ledger: Ledger, path: Path, asked: list[int]) -> None:
    assert among(ledger, [*CROWD, *CASES]) == RIGHT
    assert len(RIGHT) <= asked[-1] <= len(CASES) + 1


def test_without_a_file_the_answer_is_the_same(asked: list[int]) -> None:
    with Ledger.in_memory() as ledger:
        fill(ledger)
        make(ledger)
        assert among(ledger, [*CROWD, *CASES]) == RIGHT
    assert asked[-1] == len(CROWD) + len(CASES)


def test_who_was_stopped_since_is_found_by_every_process(
    ledger: Ledger, ledger_url: str, path: Path, asked: list[int]
) -> None:
    running = bulk(ledger)
    assert running.suppressed(CROWD, "newsletter") == []
    with Ledger.open(ledger_url, key=KEY) as other:
        stop(other, CROWD[3])
        assert running.suppressed(CROWD, "newsletter") == [CROWD[3]]
        stop(other, CROWD[5], verb=Verb.PAUSE, until=NOW + DAY)
        assert set(running.suppressed(CROWD, "newsletter")) == among(other, CROWD) == {CROWD[3], CROWD[5]}
        with other.transaction() as tx:
            lift(tx, CROWD[3], actor="ann", why="She called.", now=NOW)
        assert running.suppressed(CROWD, "newsletter") == [CROWD[5]]
    assert max(asked) < 10


def test_a_pause_ends_by_itself_and_begins_again(ledger: Ledger, path: Path) -> None:
    stop(ledger, CROWD[0], verb=Verb.PAUSE, until=NOW + DAY)
    later = bulk(ledger, NOW + 2 * DAY)
    assert later.suppressed(CROWD, "newsletter") == []
    stop(ledger, CROWD[0], verb=Verb.PAUSE, until=NOW + 3 * DAY)
    assert later.suppressed(CROWD, "newsletter") == [CROWD[0]]


def test_t_23_who_is_forgotten_is_still_not_written_to(ledger: Ledger, path: Path) -> None:
    stop(ledger, CROWD[0])
    erase(ledger, CROWD[0])
    assert among(ledger, CROWD) == {CROWD[0]}
    path.unlink()
    make(ledger)
    assert among(ledger, CROWD) == {CROWD[0]}
    assert CROWD[0].encode() not in path.read_bytes()


def test_a_stop_that_shares_its_bits_with_somebody_stops_nobody_else(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Transaction.digests

    def colliding(tx: Transaction, addresses: list[str]) -> tuple[list[bytes], str | None]:
        """Everybody has the first eight octets of somebody who is stopped, as by an accident that never happens."""
        digests, odd = real(tx, addresses)
        return [real(tx, ["stopped@example.org"])[0][0][:8] + digest[8:] for digest in digests], odd

    monkeypatch.setattr(Transaction, "digests", colliding)
    assert among(ledger, CROWD) == set()


def test_what_is_not_committed_is_not_seen_and_stays_unseen(ledger: Ledger, ledger_url: str, path: Path) -> None:
    running = bulk(ledger)
    with Ledger.open(ledger_url, key=KEY) as other:
        with contextlib.suppress(InterruptedError), other.transaction() as tx:
            lift(tx, "stopped@example.org", actor="ann", why="She called.", now=NOW)
            tx.flush()
            assert set(running.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT
            raise InterruptedError
        with other.rehearsal():
            stop(other, CROWD[1])
            assert among(other, CROWD) == {CROWD[1]}
        stop(other, CROWD[2])
        assert among(other, CROWD) == set(running.suppressed(CROWD, "newsletter")) == {CROWD[2]}


def test_what_rebuild_mends_is_found(ledger: Ledger, path: Path) -> None:
    running = bulk(ledger)
    stop(ledger, CROWD[0])
    with ledger.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM suppressions")
    path.unlink()
    make(ledger)  # without any of them
    assert running.suppressed(CROWD, "newsletter") == []
    with ledger.transaction() as tx:
        rebuild(tx)
    assert running.suppressed(CROWD, "newsletter") == [CROWD[0]]
    assert among(ledger, [*CROWD, *CASES]) == RIGHT | {CROWD[0]}


def test_when_the_key_is_changed_nobody_is_missing(tmp_path: Path, asked: list[int]) -> None:
    """Fingerprints are renamed without an act; and who was forgotten before has the one of that time."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url, key=KEY) as ledger:
        fill(ledger)
        erase(ledger, "stopped@example.org")
        make(ledger)
        before = mark_of(ledger.beside("stopped") or Path())
    with (
        Ledger.open(url, key=NEW, previous_keys=[KEY]) as running,
        Ledger.open(url, key=NEW, previous_keys=[KEY]) as other,
    ):
        one = bulk(running)
        assert set(one.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT
        assert asked[-1] <= len(CASES) + 1
        rotate(other)
        for _ in range(3):
            assert set(one.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT
        assert asked[-1] <= len(CASES) + 1
        assert mark_of(running.beside("stopped") or Path()) != before
        assert among(other, [*CROWD, *CASES]) == RIGHT
        erase(other, "owner.changed@example.org")
        stop(other, CROWD[0])
        assert set(one.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT | {CROWD[0]}


def test_t_22_two_tenants_have_their_own(ledger: Ledger, ledger_url: str, path: Path) -> None:
    with Ledger.open(ledger_url, key=KEY, tenant=2) as other:
        stop(other, CROWD[7])
        make(other)
        assert other.beside("stopped") != path
        assert among(other, [*CROWD, *CASES]) == {CROWD[7]}
        shutil.copy(path, other.beside("stopped") or "")
        assert among(other, [*CROWD, *CASES]) == {CROWD[7]}
    assert among(ledger, [*CROWD, *CASES]) == RIGHT


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "gone", "another's"])
def test_a_file_that_is_of_no_use_is_made_anew(
    ledger: Ledger, path: Path, damage: str, asked: list[int], tmp_path: Path
) -> None:
    octets = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "another's":
        with Ledger.open(f"sqlite:///{tmp_path}/other.db", key=KEY) as other:
            stop(other, CROWD[0])
            make(other)
            shutil.copy(other.beside("stopped") or "", path)
    else:
        path.write_bytes({"cut": octets[:-1], "changed": b"\0" * 100 + octets[100:-1] + b"\1", "empty": b""}[damage])
    one = bulk(ledger)
    for _ in range(3):
        assert set(one.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT
    assert asked[-3] == len(CROWD) + len(CASES)
    assert asked[-1] <= len(CASES) + 1
    assert mark_of(path) != octets[-48:-32].hex()


def test_where_none_can_be_made_the_answer_is_the_same(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.unlink()
    path.mkdir()  # no file can take its place
    (path / "something").touch()
    one = bulk(ledger)
    for _ in range(3):
        assert set(one.suppressed([*CROWD, *CASES], "newsletter")) == RIGHT
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert not path.with_name(f"{path.name}.new").exists()


def test_one_that_is_far_behind_is_made_anew(ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BEHIND", 3)
    monkeypatch.setattr(room, "_AT_ONCE", 2)
    before, running, other = mark_of(path), bulk(ledger), bulk(ledger)
    for number in range(5):
        stop(ledger, CROWD[number])
        assert set(running.suppressed(CROWD, "newsletter")) == set(CROWD[: number + 1])
    assert set(running.suppressed(CROWD, "newsletter")) == set(CROWD[:5])
    after = mark_of(path)
    assert after != before
    for _ in range(3):  # another process takes the new one
        assert set(other.suppressed(CROWD, "newsletter")) == set(CROWD[:5])
    assert mark_of(path) == after


@pytest.mark.parametrize("kept", [True, False], ids=["made before the backup", "made after it"])
def test_a_backup_that_is_restored_has_nobody_missing(tmp_path: Path, *, kept: bool) -> None:
    """Acts after the backup are numbered anew: what a snapshot knows by such a number may be another."""
    url, backup = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "backup.db"

    def back_up() -> None:
        with Ledger.open(url, key=KEY) as ledger:
            ledger.scrub()
        shutil.copy(tmp_path / "ledger.db", backup)

    with Ledger.open(url, key=KEY) as ledger:
        fill(ledger)
        if kept:
            make(ledger)
        back_up()
        stop(ledger, *CROWD[:3])
        if not kept:
            make(ledger)
        assert among(ledger, CROWD) == set(CROWD[:3])
    shutil.copy(backup, tmp_path / "ledger.db")
    with Ledger.open(url, key=KEY) as ledger:
        stop(ledger, *CROWD[10:14])
        assert among(ledger, [*CROWD, *CASES]) == RIGHT | set(CROWD[10:14])


def test_a_backup_that_is_restored_under_a_running_process_is_noticed(ledger: Ledger, path: Path) -> None:
    """As PostgreSQL can do: the acts are others from some number on, and the process still has what it knew."""
    running = bulk(ledger)
    stop(ledger, CROWD[0])
    assert running.suppressed(CROWD, "newsletter") == [CROWD[0]]
    with ledger.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM suppressions WHERE since = (SELECT max(since) FROM suppressions)")
        newest = tx.connection.exec_driver_sql("SELECT max(number) FROM acts").scalar()
        tx.connection.exec_driver_sql(f"DELETE FROM acts WHERE number = {newest}")
    stop(ledger, CROWD[1])
    with ledger.transaction() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE acts SET number = {newest} WHERE number = (SELECT max(number) FROM acts)"
        )
    assert CROWD[1] in running.suppressed(CROWD, "newsletter")


def test_several_threads_share_one(ledger: Ledger, path: Path) -> None:
    one = bulk(ledger)

    def ask(number: int) -> bool:
        stop(ledger, CROWD[number])
        return CROWD[number] in one.suppressed(CROWD, "newsletter")

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(20)))
    assert set(one.suppressed(CROWD, "newsletter")) == set(CROWD[:20])
