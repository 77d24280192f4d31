"""Do the answers about one and about many agree, whatever happens and in whatever order?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.desk.erase import erase
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rebuild import rebuild
from bounce_plugin.policy.state import Verb
from bounce_plugin.suppression import shortcut as room
from bounce_plugin.suppression.bulk import Bulk
from bounce_plugin.suppression.gate import Gate
from bounce_plugin.suppression.lift import lift
from tests.servers.ledgers import KEY
from tests.suppression.samples import NOW, POLICY, stop

ADDRESSES = [
    "anna@example.org",
    "Bert@Example.org",
    "cleo@müller.example",
    '"dan d"@example.org',
    "nobody",
    "eve@example.org",
]
STEPS = (
    "stop",
    "stop all",
    "pause",
    "lift",
    "erase",
    "rebuild",
    "time",
    "another process",
    "damage",
    "remove",
    "take back",
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, len(ADDRESSES) - 1), st.integers(0, 1)), max_size=14
)


class World:
    """A ledger that two processes use, each with what it knows of the snapshot."""

    def __init__(self, folder: Path) -> None:
        self.now, self.url = NOW, f"sqlite:///{folder}/ledger.db"
        self.ledgers = [Ledger.open(self.url, key=KEY) for _ in range(2)]
        self.gates = [Gate(ledger, POLICY) for ledger in self.ledgers]
        self.bulks = list(map(self.bulk, self.ledgers))

    def bulk(self, ledger: Ledger) -> Bulk:
        return Bulk(ledger, POLICY, lambda: self.now, lambda odd: None)

    def do(self, step: str, place: int, who: int) -> None:
        ledger, address = self.ledgers[who], ADDRESSES[place]
        path = ledger.beside("stopped")
        assert path
        steps: dict[str, Callable[[], object]] = {
            "stop": partial(stop, ledger, address),
            "stop all": partial(stop, ledger, address, verb=Verb.SUPPRESS_ALL),
            "pause": partial(stop, ledger, address, verb=Verb.PAUSE, until=self.now + timedelta(hours=2)),
            "erase": partial(erase, ledger, ADDRESSES[0]),
            "another process": lambda: self.bulks.__setitem__(who, self.bulk(ledger)),
            "damage": lambda: path.exists() and path.write_bytes(path.read_bytes()[place:]),
            "remove": lambda: path.unlink(missing_ok=True),
        }
        if step == "time":
            self.now += timedelta(hours=1 + place)
        elif step == "take back":
            with ledger.rehearsal():
                stop(ledger, address)
                self.agree()
        elif step in ("lift", "rebuild"):
            with ledger.transaction() as tx:
                if step == "rebuild":
                    tx.connection.exec_driver_sql("DELETE FROM suppressions")
                    rebuild(tx)
                elif "@" in address:
                    lift(tx, address, actor="ann", why="She called.", now=self.now)
        else:
            steps[step]()

    def agree(self) -> None:
        for ledger, gate, bulk in zip(self.ledgers, self.gates, self.bulks, strict=True):
            for category in ("newsletter", "invoice", "none such"):
                expected = {
                    one for one in ADDRESSES if not ledger.rehearsing and gate.should_suppress(one, category, self.now)
                }
                held = set(bulk.suppressed(ADDRESSES, category))
                assert ledger.rehearsing or held == expected

    def close(self) -> None:
        for ledger in self.ledgers:
            ledger.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger, to be copied: to make one takes longer than a history."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    Ledger.open(f"sqlite:///{path}", key=KEY).close()
    return path


@settings(max_examples=25, deadline=None)
@given(history=HISTORIES)
def test_one_and_many_agree_after_each_step(empty: Path, history: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in {"FEW": 1, "WORTH_IT": 1, "BEHIND": 3, "_AT_ONCE": 2}.items():
            patch.setattr(room, name, value)
        shutil.copy(empty, folder)
        world = World(Path(folder))
        try:
            world.agree()
            for step, place, who in history:
                world.do(step, place, who)
                world.agree()
        finally:
            world.close()
