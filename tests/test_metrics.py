"""Does Prometheus learn what there is to know? Read over HTTP, by its own parser."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from bounce_plugin.cli import DONE, program
from bounce_plugin.errors import SettingsError
from bounce_plugin.metrics import as_text, served
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, report
from tests.world import ANNA, START, World, open_world

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Samples:
    families = text_string_to_metric_families(text)
    return {
        (sample.name.removeprefix("bounce_plugin_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def read(world: World) -> Samples:
    return parse(as_text(world.settings, world.plugin.ledger, world.clock))


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_the_numbers_are_those_of_the_ledger(world: World) -> None:
    world.box.drop(report(ANNA), START - timedelta(seconds=5))
    world.box.drop(report("nobody@example.com"), START)
    world.box.drop(PRIVATE, START)
    world.plugin.run_once()
    world.plugin.raise_incident(key="k", title="t", detail="d")
    found = read(world)
    assert value(found, "healthy") == 1
    assert value(found, "mails_total", mailbox="bounces", kind="bounce") == 2
    assert value(found, "mails_total", mailbox="bounces", kind="other") == 1
    assert value(found, "events_total", kind="bounce", reason="address_unknown", type="hard", counts="true") == 1
    assert sum(times for (name, labels), times in found.items() if ("verb", "pause") in labels) == 1
    assert value(found, "stopped_addresses") == 1
    assert value(found, "reviews_waiting") == 1
    assert value(found, "incidents_total") == 1
    assert value(found, "mailbox_read_timestamp_seconds", mailbox="bounces") == START.timestamp()
    assert value(found, "mailbox_lag_seconds", mailbox="bounces") == 5
    world.clock.now += timedelta(days=8)
    assert value(read(world), "stopped_addresses") == 0, "the pause is over"
    assert value(read(world), "healthy") == 0


def test_no_address_is_among_them(world: World) -> None:
    world.bounce()
    world.plugin.note_failure("bounces", SettingsError(f"of {ANNA}"))
    assert ANNA not in as_text(world.settings, world.plugin.ledger, world.clock)


def test_prometheus_reads_them_over_http_and_counts_on(tmp_path: Path) -> None:
    port = free_port()
    world = open_world(tmp_path, f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
    url = f"http://127.0.0.1:{port}/metrics"
    with world.plugin, served(world.settings, world.plugin.ledger, world.clock):
        for times in (1, 2):
            world.bounce(f"anna{times}@example.com")
            with urlopen(url, timeout=10) as answer:
                found = parse(answer.read().decode())
            assert value(found, "mails_total", mailbox="bounces", kind="bounce") == times
        world.plugin.ledger.close()
        (tmp_path / "bounces.sqlite3").write_text("no database")
        with urlopen(url, timeout=10) as answer:
            assert parse(answer.read().decode()) == {("healthy", frozenset()): 0}
    with pytest.raises(URLError):
        urlopen(url, timeout=10)


def test_a_place_that_is_taken_is_an_error_that_names_the_key(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listen = f"127.0.0.1:{server.getsockname()[1]}"
        world = open_world(tmp_path, f'[metrics]\nlisten = "{listen}"\n')
        wanted = f"metrics.listen = '{listen}': we cannot listen there: Address already in use"
        with (
            world.plugin,
            pytest.raises(SettingsError, match=wanted),
            served(world.settings, world.plugin.ledger, world.clock),
        ):
            pass


@pytest.mark.parametrize("listen", ["9464", "localhost", "localhost:0", "localhost:x", ":9464"])
def test_a_place_that_is_none_is_refused(listen: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"metrics\.listen.*HOST:PORT"):
        parse_settings(f'[metrics]\nlisten = "{listen}"\n', folder=tmp_path)


def test_the_command_prints_them_for_a_textfile_collector(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.plugin:
        world.bounce()
    (tmp_path / "bounce.toml").write_text('[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n')
    done = CliRunner().invoke(program, ["-c", str(tmp_path / "bounce.toml"), "metrics"])
    assert done.exit_code == DONE
    assert value(parse(done.stdout), "mails_total", mailbox="bounces", kind="bounce") == 1


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "bounce.toml").write_text("")
    without = "import sys; sys.modules['prometheus_client'] = None; from bounce_plugin.cli import main; main()"
    command = [sys.executable, "-c", without, "-c", str(tmp_path / "bounce.toml"), "metrics"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "pip install 'bounce-plugin[metrics]'" in done.stderr
    assert "Traceback" not in done.stderr
