"""What every test may use, and in which order tests run."""

import os

import pytest

pytest_plugins = [
    "tests.processes",
    "tests.world",
    "tests.servers.fixtures",
    "tests.servers.oauth_world",
    "tests.servers.ledgers",
    "tests.servers.tables",
]

#: What takes longest, the longest first; the beginnings of their names.
LONGEST = (
    "tests/test_crash.py",
    "tests/test_pop3_breaking.py",
    "tests/test_intake.py::TestKilled::test_I_01",
    "tests/test_docs_run.py",
    "tests/benchmarks/",
    "tests/policy/test_model.py",
    "tests/example_host/test_distribution.py",
    "tests/test_intake.py",
    "tests/test_fuzz.py",
    "tests/test_examine_command.py",
    "tests/test_estimate.py",
    "tests/test_network.py",
    "tests/steps/test_flood.py",
    "tests/test_poison.py",
    "tests/test_workers.py",
    "tests/lmtp/test_the_end.py",
    "tests/cli/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, in each process some of it: else one works on it when all others are done."""
    ranks = {item: _rank(item) for item in items}
    long = sorted((item for item in items if ranks[item] < len(LONGEST)), key=ranks.__getitem__)
    others = [item for item in items if ranks[item] == len(LONGEST)]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = -(-len(others) // processes)
    items[:] = [
        item
        for number in range(processes)
        for item in (*long[number::processes], *others[number * share : (number + 1) * share])
    ]


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))
