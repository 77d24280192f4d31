"""What does the club know of its members? Contacts, lists, what was sent, and what is to be done, in SQLite.

Nothing here knows the bounce plugin. `failure`, `to_post` and `task` are where its hooks leave what they are told.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

SCHEMA = """
CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT NOT NULL, vip INTEGER NOT NULL DEFAULT 0);
CREATE TABLE address (email TEXT, contact INTEGER REFERENCES contact, rank INTEGER, dead INTEGER NOT NULL DEFAULT 0,
                      PRIMARY KEY (email, contact));
CREATE VIEW person AS SELECT id, name, vip, (SELECT email FROM address WHERE contact = contact.id
                                             ORDER BY dead, rank LIMIT 1) AS email FROM contact ORDER BY id;
CREATE TABLE list (id TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE membership (list TEXT REFERENCES list, contact INTEGER REFERENCES contact, ended INTEGER NOT NULL DEFAULT 0,
                         PRIMARY KEY (list, contact));
CREATE TABLE sent (ref TEXT PRIMARY KEY, document TEXT NOT NULL, contact INTEGER NOT NULL, email TEXT NOT NULL);
CREATE TABLE failure (id TEXT PRIMARY KEY, mail INTEGER, email TEXT, who TEXT, verdict TEXT, counts TEXT);
CREATE TABLE done (id TEXT, line TEXT, PRIMARY KEY (id, line));
CREATE TABLE to_post (document TEXT PRIMARY KEY, contact INTEGER, why TEXT);
CREATE TABLE task (id TEXT PRIMARY KEY, mail INTEGER, line TEXT);
CREATE TABLE log (id TEXT PRIMARY KEY, line TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member, and the address to write to: the first that is not dead, or else the first, for invoices still try it."""

    id: int
    name: str
    vip: bool
    email: str


class Crm:
    """The database. Each method is one transaction, so that several processes may work with it."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path) -> Crm:
        """A new database with the members and lists of members.toml; everybody is on every list."""
        data = tomllib.loads(resources.files("example_host").joinpath("members.toml").read_text("utf-8"))
        crm = cls(path)
        with crm._open() as db:
            db.executescript(SCHEMA)
            db.executemany("INSERT INTO list VALUES (?, ?)", data["lists"].items())
            for number, member in data["members"].items():
                db.execute("INSERT INTO contact VALUES (?, ?, ?)", (number, member["name"], member.get("vip", False)))
                for rank, email in enumerate(member["addresses"]):
                    db.execute("INSERT INTO address (email, contact, rank) VALUES (?, ?, ?)", (email, number, rank))
                db.execute("INSERT INTO membership (list, contact) SELECT id, ? FROM list", (number,))
        return crm

    # Who is who.

    def owners(self, email: str) -> list[Person]:
        """Everybody who has this address, among others perhaps."""
        return self._people("SELECT * FROM person WHERE id IN (SELECT contact FROM address WHERE email = ?)", email)

    def person(self, number: int) -> Person:
        """The member of this number."""
        return self._people("SELECT * FROM person WHERE id = ?", number)[0]

    def readers(self, which: str) -> list[Person]:
        """Who gets a mail to the list: everybody on it, but only one of those that share an address."""
        first: dict[str, Person] = {}
        for person in self._people(
            "SELECT * FROM person WHERE id IN (SELECT contact FROM membership WHERE list = ? AND NOT ended)", which
        ):
            first.setdefault(person.email, person)
        return list(first.values())

    def lists_of(self, number: int) -> tuple[str, ...]:
        """The lists that a member is on."""
        with self._open() as db:
            rows = db.execute("SELECT list FROM membership WHERE contact = ? AND NOT ended ORDER BY list", (number,))
            return tuple(row["list"] for row in rows)

    # What bounces lead to.

    def retire(self, email: str) -> None:
        """Use this address no more; who has no other comes off the lists. A second time does nothing."""
        with self._open() as db:
            db.execute("UPDATE address SET dead = 1 WHERE email = ?", (email,))
            db.execute(
                "UPDATE membership SET ended = 1 WHERE contact IN (SELECT contact FROM address WHERE email = ?)"
                " AND contact NOT IN (SELECT contact FROM address WHERE NOT dead)",
                (email,),
            )

    def revive(self, email: str) -> None:
        """The address works again: its owners are back on their lists."""
        with self._open() as db:
            db.execute("UPDATE address SET dead = 0 WHERE email = ?", (email,))
            db.execute(
                "UPDATE membership SET ended = 0 WHERE contact IN (SELECT contact FROM address WHERE email = ?)",
                (email,),
            )

    def note_failure(self, key: str, *, mail: int, email: str, who: str, verdict: str, counts: str) -> None:
        """What the member's page shows about an address."""
        self._insert("INSERT OR IGNORE INTO failure VALUES (?, ?, ?, ?, ?, ?)", key, mail, email, who, verdict, counts)

    def note_done(self, key: str, line: str) -> None:
        """What was done because of a failure."""
        self._insert("INSERT OR IGNORE INTO done VALUES (?, ?)", key, line)

    def post(self, document: str, contact: int, why: str) -> None:
        """Put an invoice on the list of what the office sends by post."""
        self._insert("INSERT OR IGNORE INTO to_post VALUES (?, ?, ?)", document, contact, why)

    def give_task(self, key: str, *, mail: int, line: str) -> None:
        """Ask somebody in the office to look at something."""
        self._insert("INSERT OR IGNORE INTO task VALUES (?, ?, ?)", key, mail, line)

    def log(self, key: str, line: str) -> None:
        """One line of the event log."""
        self._insert("INSERT OR IGNORE INTO log VALUES (?, ?)", key, line)

    # What was sent.

    def note_sent(self, ref: str, document: str, contact: int, email: str) -> None:
        """Remember one mail."""
        self._insert("INSERT OR IGNORE INTO sent VALUES (?, ?, ?, ?)", ref, document, contact, email)

    # For the demo and its tests.

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """What a query gives."""
        with self._open() as db:
            return db.execute(query, values).fetchall()

    def dump(self) -> str:
        """Everything there is, as SQL: two dumps are equal if the databases are."""
        with self._open() as db:
            return "\n".join(db.iterdump())

    def _insert(self, statement: str, *values: object) -> None:
        """Insert a row whose key says which announcement it came from: told twice, it is there once."""
        with self._open() as db:
            db.execute(statement, values)

    def _people(self, query: str, *values: object) -> list[Person]:
        return [
            Person(id=row["id"], name=row["name"], vip=bool(row["vip"]), email=row["email"])
            for row in self.rows(query, *values)
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as db, db:
            db.row_factory = sqlite3.Row
            yield db
