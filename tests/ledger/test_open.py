"""Does the ledger open when it should, refuse when it should, and keep transactions apart?"""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import create_engine, make_url, text

from bounce_plugin.errors import BounceError, LedgerError
from bounce_plugin.ledger.addresses import remember
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.mails import mail_by_id, record_mail
from bounce_plugin.ledger.open import Ledger, exists
from bounce_plugin.ledger.stops import stop_of
from bounce_plugin.ledger.transaction import Transaction
from tests.ledger.samples import JOE, a_mail, recorded
from tests.servers.ledgers import KEY
from tests.servers.postgresql import NoPostgresqlError, Postgresql


def test_what_is_committed_is_there_when_it_is_opened_again(ledger_url: str) -> None:
    with Ledger.open(ledger_url, key=KEY) as ledger, ledger.transaction() as tx:
        event = recorded(tx)
    with Ledger.open(ledger_url, key=KEY) as ledger, ledger.reading() as tx:
        assert events_of(tx, JOE) == (event,)


def test_t_23_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", key=KEY) as ledger, ledger.transaction() as tx:
        recorded(tx)
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert {f"{path.stat().st_mode & 0o777:o}" for path in files} == {"600"}, files


def test_another_key_is_refused(ledger_url: str) -> None:
    with pytest.raises(LedgerError, match="another key: nobody would be found suppressed"):
        Ledger.open(ledger_url, key=b"?" * 32)
    Ledger.open(ledger_url, key=KEY).close()


def test_a_short_key_is_refused(empty_url: str) -> None:
    with pytest.raises(LedgerError, match="has 31 octets; it needs at least 32"):
        Ledger.open(empty_url, key=KEY[:31])
    assert not exists(empty_url)


def test_a_database_newer_than_the_code_is_refused(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ledger, ledger.transaction() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match=r"version 9999, which this software .* does not know"):
        Ledger.open(empty_url, key=KEY)


def test_without_migrate_an_empty_database_stays_empty(empty_url: str) -> None:
    with pytest.raises(LedgerError, match="holds no ledger yet: run `bounce-plugin migrate`"):
        Ledger.open(empty_url, key=KEY, migrate=False)
    assert not exists(empty_url)


def test_without_migrate_a_database_of_now_is_opened(ledger_url: str) -> None:
    Ledger.open(ledger_url, key=KEY, migrate=False).close()


def test_opening_waits_for_a_writer_of_a_database_that_is_new(tmp_path: Path) -> None:
    """SQLite itself gives up at once: it would not wait with a change of the journal mode."""
    writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE foreign_table (x)")
    writer.execute("BEGIN IMMEDIATE")
    Timer(0.3, writer.rollback).start()
    Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", key=KEY).close()
    writer.close()


def test_exists(empty_url: str) -> None:
    assert not exists(empty_url)
    Ledger.open(empty_url, key=KEY).close()
    assert exists(empty_url)


def test_exists_makes_no_file(tmp_path) -> None:
    assert not exists(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://root@localhost/x", "'mysql'.*sqlite and postgresql are supported"),
        ("nonsense", "ledger.url is no database URL"),
        ("sqlite:////nowhere/at/all/ledger.db", "/nowhere/at/all/ledger.db: unable to open database file"),
        ("postgresql://joe:geheim@127.0.0.1:1/x", r"joe:\*\*\*@127.0.0.1:1/x"),
    ],
)
def test_a_database_that_cannot_be_had(url: str, says: str) -> None:
    with pytest.raises(LedgerError, match=says) as raised:
        Ledger.open(url, key=KEY)
    assert "geheim" not in str(raised.value)


def test_a_file_that_is_no_database(tmp_path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"This is a letter to my aunt, and no database at all. " * 20)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(f"sqlite:///{path}", key=KEY)


def test_the_password_and_the_key_are_in_no_repr(ledger: Ledger) -> None:
    assert KEY.decode() not in repr(ledger)
    with ledger.reading() as tx:
        assert KEY.decode() not in repr(tx)


def _record_and_fail(tx: Transaction, statement: str = "") -> None:
    recorded(tx)
    if statement:
        tx.connection.execute(text(statement))
    raise ZeroDivisionError


def test_an_exception_takes_everything_back(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.transaction() as tx:
        _record_and_fail(tx)
    with ledger.reading() as tx:
        assert events_of(tx, JOE) == ()


def test_what_the_database_refuses_is_a_ledger_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no_such_table"), ledger.transaction() as tx:
        _record_and_fail(tx, "SELECT * FROM no_such_table")
    with ledger.reading() as tx:
        assert events_of(tx, JOE) == ()


def test_a_transaction_within_another_one_is_a_clear_error_and_no_endless_wait(ledger: Ledger) -> None:
    with ledger.transaction(), pytest.raises(RuntimeError, match="in a write transaction"), ledger.transaction():
        pass
    with ledger.transaction() as tx:
        recorded(tx)


def test_our_own_errors_pass_unchanged(ledger: Ledger) -> None:
    with pytest.raises(BounceError, match="there is no mail 7"), ledger.reading() as tx:
        mail_by_id(tx, 7)


def test_reading_sees_one_state_while_another_writes(ledger: Ledger) -> None:
    with ledger.reading() as reader:
        assert events_of(reader, JOE) == ()
        with ledger.transaction() as writer:
            recorded(writer)
        assert events_of(reader, JOE) == ()
    with ledger.reading() as reader:
        assert len(events_of(reader, JOE)) == 1


def test_i_25_a_rehearsal_is_seen_inside_and_leaves_nothing(ledger: Ledger) -> None:
    with ledger.rehearsal():
        with ledger.transaction() as tx:
            recorded(tx, "ann@example.org")
        with pytest.raises(LedgerError), ledger.transaction() as tx:
            _record_and_fail(tx, "SELECT * FROM no_such_table")
        with ledger.transaction() as tx:
            recorded(tx)
            record_mail(tx, a_mail())
        with ledger.reading() as tx:
            assert len(events_of(tx, JOE)) == 1
            assert len(events_of(tx, "ann@example.org")) == 1
    with ledger.reading() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM addresses")) == 0
        assert tx.connection.scalar(text("SELECT count(*) FROM mails")) == 0


def test_a_rehearsal_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.rehearsal(), ledger.transaction() as tx:
        _record_and_fail(tx)
    with ledger.transaction() as tx:
        assert events_of(tx, JOE) == ()


def test_a_ledger_in_memory() -> None:
    with Ledger.in_memory() as ledger:
        with ledger.transaction() as tx:
            recorded(tx)
        with ledger.rehearsal(), ledger.transaction() as tx:
            recorded(tx, "ann@example.org")
        with ledger.reading() as tx:
            assert len(events_of(tx, JOE)) == 1
            assert events_of(tx, "ann@example.org") == ()


def test_t_22_tenants_do_not_see_each_other(ledger_url: str) -> None:
    with Ledger.open(ledger_url, key=KEY) as one, Ledger.open(ledger_url, key=KEY, tenant=2) as two:
        with one.transaction() as tx:
            first = recorded(tx)
            assert record_mail(tx, a_mail())
        with two.transaction() as tx:
            assert events_of(tx, JOE) == ()
            second = recorded(tx)
            assert record_mail(tx, a_mail())
        assert first.id != second.id


def test_fingerprints_do_not_tell_the_address_without_the_key(ledger: Ledger) -> None:
    with Ledger.in_memory() as other:
        assert ledger.fingerprint(JOE) != other.fingerprint(JOE)
    assert ledger.fingerprint(JOE) == ledger.fingerprint("Joe@EXAMPLE.org")
    with ledger.transaction() as tx:
        assert remember(tx, JOE) == ledger.fingerprint(JOE)


def test_sqlite_is_set_up_for_several_processes(tmp_path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", key=KEY) as ledger, ledger.reading() as tx:
        settings = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 60_000}


def test_a_single_question_survives_a_restart_of_the_database() -> None:
    try:
        server = Postgresql()
    except NoPostgresqlError as error:
        pytest.skip(str(error))
    with server, Ledger.open(server.url(server.new_database()), key=KEY) as ledger:
        assert stop_of(ledger, JOE) is None
        server.restart()
        assert stop_of(ledger, JOE) is None
        with ledger.transaction() as tx:
            recorded(tx)


def reader(url: str) -> str:
    """The same database, for one who may read only."""
    if url.startswith("sqlite"):
        return url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    name = f"reader_of_{make_url(url).database}"
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"))
    engine.dispose()
    return url.replace("postgres@", f"{name}@")


def test_a_database_that_takes_no_writes_is_found_out_by_trying(ledger_url: str) -> None:
    with Ledger.open(ledger_url, key=KEY) as ledger:
        with ledger.transaction() as tx:
            recorded(tx)
        ledger.try_writing()
        with ledger.reading() as tx:
            assert len(events_of(tx, JOE)) == 1
    with (
        Ledger.open(reader(ledger_url), key=KEY, migrate=False) as ledger,
        pytest.raises(LedgerError, match=r"readonly database|permission denied") as caught,
    ):
        ledger.try_writing()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "postgresql://joe:topsecret@host:port/bounces",
            "ledger.url is no database URL: its port must be a whole number",
        ),
        ("topsecret", "ledger.url is no database URL: sqlite:///FILE is one"),
    ],
)
def test_an_impossible_url_is_refused_and_its_password_not_shown(url: str, words: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(url, key=KEY)
    assert words in str(caught.value)
    assert "topsecret" not in "".join(traceback.format_exception(caught.value))
