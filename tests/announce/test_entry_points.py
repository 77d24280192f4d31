"""Installed plugins are found by the entry points of real distributions in a folder on the import path."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bounce_plugin.announce import load_plugins
from bounce_plugin.errors import HookError
from bounce_plugin.testing import FakeHost


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, distribution: str, module: str, entry_point: str) -> None:
    """What pip leaves behind: a module, and the metadata that name it."""
    name = entry_point.split("=")[1].split(":")[0].strip()
    (folder / f"{name}.py").write_text(module)
    metadata = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[bounce_plugin]\n{entry_point}\n")
    if str(folder) not in sys.path:
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)


GOOD = """
from bounce_plugin.hookspecs import hookimpl
class Hooks:
    def __init__(self, options): self.options = options
    @hookimpl
    def find_contact(self, address): return None
"""


def others() -> list[str]:
    """Plugins that are installed where the tests run; their own business."""
    return [entry_point.name for entry_point in entry_points(group="bounce_plugin") if "test_" not in entry_point.name]


def test_an_installed_plugin_has_the_name_of_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disabled = others()
    install(tmp_path, monkeypatch, "some-crm", GOOD, "test_crm = some_crm_hooks:Hooks")
    plugins = load_plugins(disabled=disabled, options={"test_crm": {"url": "x"}})
    assert plugins.names == ("test_crm",)
    assert getattr(plugins.plugin("test_crm"), "options", None) == {"url": "x"}


def test_an_installed_plugin_that_does_not_import_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disabled = others()
    install(tmp_path, monkeypatch, "bad-crm", "import no_such_module_here", "test_bad = bad_crm_hooks:Hooks")
    said = r"plugin 'test_bad' \(bad_crm_hooks:Hooks of bad-crm\) cannot be imported: ModuleNotFoundError"
    with pytest.raises(HookError, match=said):
        load_plugins(disabled=disabled)


def test_a_disabled_installed_plugin_is_not_even_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disabled = others()
    install(tmp_path, monkeypatch, "bad-crm", "import no_such_module_here", "test_bad = bad_crm_hooks:Hooks")
    assert load_plugins(disabled=[*disabled, "test_bad"]).names == ()


def test_two_distributions_with_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "crm-one", GOOD, "test_crm = crm_one_hooks:Hooks")
    install(tmp_path, monkeypatch, "crm-two", GOOD, "test_crm = crm_two_hooks:Hooks")
    with pytest.raises(HookError, match=r"two plugins are called 'test_crm': that of crm-\w+, and that of crm-\w+"):
        load_plugins()


def test_a_given_plugin_does_not_hide_an_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "crm-one", GOOD, "test_crm = crm_one_hooks:Hooks")
    with pytest.raises(
        HookError, match="two plugins are called 'test_crm': that of crm-one, and one given by the host"
    ):
        load_plugins({"test_crm": FakeHost()})
