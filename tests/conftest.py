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

LONG = 180  # seconds; a test that may take longer says so


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, in each process some of it: else one works on it when all others are done."""
    long = [item for item in items if _patience(item) > LONG]
    others = [item for item in items if _patience(item) <= LONG]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = -(-len(others) // processes)
    items[:] = [
        item
        for number in range(processes)
        for item in (*long[number::processes], *others[number * share : (number + 1) * share])
    ]


def _patience(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark and mark.args else 0.0
