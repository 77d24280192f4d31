"""Is the public face what it says? And does the house stand as it is drawn?"""

import subprocess
import sys
from pathlib import Path

import bounce_plugin

ROOT = Path(__file__).parents[1]


def test_every_public_name_exists_and_is_documented() -> None:
    for name in bounce_plugin.__all__:
        assert getattr(bounce_plugin, name).__doc__, name
    assert sorted(bounce_plugin.__all__) == bounce_plugin.__all__
    assert len(set(bounce_plugin.__all__)) == len(bounce_plugin.__all__)


def test_reading_a_mail_loads_no_database_no_mailbox_and_no_templates() -> None:
    code = (
        "import sys; from bounce_plugin import examine; examine(b'From: a@b.example\\n\\nHello')\n"
        "heavy = {'sqlalchemy', 'alembic', 'imap_tools', 'jinja2', 'pydantic', 'rich', 'smtplib', 'pluggy'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_importing_the_package_starts_nothing() -> None:
    code = "import bounce_plugin, threading, logging; print(threading.active_count(), len(logging.getLogger('bounce_plugin').handlers))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["1", "0"]


def test_rooms_know_each_other_from_top_to_bottom_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "bounce_plugin").rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 300} == {}
    assert len((ROOT / "bounce_plugin" / "pipeline.py").read_text().splitlines()) <= 150


def test_every_module_begins_with_what_it_is_about() -> None:
    for path in (ROOT / "bounce_plugin").rglob("*.py"):
        if "versions" not in path.parts:
            assert path.read_text().startswith('"""'), path
