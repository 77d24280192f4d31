"""Is the example a distribution of its own, found through its entry point, that knows us by our public face alone?"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bounce_plugin
from example_host.crm import Crm

ROOT = Path(__file__).parents[2]
HOSTS = [path for folder in ("example_host", "hooks") for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    """What a module imports of the package, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_hosts_import_only_the_public_face(path: Path) -> None:
    public = {f"bounce_plugin.{name}" for name in bounce_plugin.__all__}
    ours = {name for name in imports(path) if name.split(".")[0] == "bounce_plugin"}
    assert ours - public - {"bounce_plugin"} == set()


def test_the_import_rule_can_fail(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("from bounce_plugin.ledger.open import Ledger\nimport bounce_plugin.policy\n")
    assert list(imports(tmp_path / "bad.py")) == ["bounce_plugin.ledger.open.Ledger", "bounce_plugin.policy"]


def test_installed_alone_it_is_found_through_its_entry_point(tmp_path: Path) -> None:
    """Built and installed as a user would, far from the checkout; then the demo, and our own command beside it."""
    site, club = tmp_path / "site", tmp_path / "club"
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", *install, "--target", str(site), str(ROOT / "example_host")],
        check=True,
        timeout=120,
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "example_host.demo", str(club)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(Crm(club / "crm.sqlite3").rows("SELECT * FROM to_post")) == 8
    checked = subprocess.run(
        [sys.executable, "-m", "bounce_plugin", "--config", str(club / "bounce.toml"), "check"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "plugin crm: find_contact, should_suppress" in checked.stdout
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_demo_keeps_its_hands_off_a_folder_with_something_in_it(tmp_path: Path) -> None:
    from example_host.demo import main

    (tmp_path / "thesis.txt").write_text("irreplaceable")
    assert main([str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_demo_shows_the_story_from_a_checkout(capsys: pytest.CaptureFixture[str]) -> None:
    from example_host.demo import main

    assert main([]) == 0
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 100
    assert "CHANGED" not in shown
