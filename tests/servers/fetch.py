"""Where do the servers that tests start come from? From Debian's packages, unpacked in a folder of ours.

    python tests/servers/fetch.py [--into .cache/servers] [--mtas]

Needs neither root nor up-to-date package lists, installs nothing, and touches no service of the system: apt works out
what is missing and downloads it with a state of its own, `dpkg -x` unpacks it. Where there is no apt or no network it
says so in one line and succeeds: the tests that need the servers skip. Standard library only: it runs before all else.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve()
INTO = HERE.parents[2] / ".cache" / "servers"
DOVECOT = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-pop3d")
POSTGRESQL = ("postgresql",)  # whichever version the distribution has
# Each in a tree of its own, for they bring the same files along. Only `make soak` asks for them.
MTAS = {
    "postfix": ("postfix",),
    "exim": ("exim4-daemon-light",),
    "opensmtpd": ("opensmtpd",),
    "sendmail": ("sendmail-bin", "sendmail-cf"),
}
UPDATE_SECONDS, DOWNLOAD_SECONDS = 180, 300


class CannotFetchError(Exception):
    """The servers cannot be had here; the message says what is missing."""


def wanted() -> tuple[str, ...]:
    """The packages whose servers this machine does not have yet."""
    dovecot = () if Path("/usr/sbin/dovecot").exists() else DOVECOT
    postgresql = () if any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) else POSTGRESQL
    return (*dovecot, *postgresql)


def fetch(into: Path, packages: Sequence[str] | None = None) -> str:
    """Unpack packages, or else what is wanted, into `into`/root; returns the line to print. Quick when nothing changed."""
    into.mkdir(parents=True, exist_ok=True)
    with (into / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checks of one checkout at once
        packages = wanted() if packages is None else packages
        stamp = hashlib.sha256(HERE.read_bytes() + " ".join(packages).encode()).hexdigest()
        done = into / "done"
        if done.exists() and done.read_text() == stamp:
            return ""
        done.unlink(missing_ok=True)
        if packages:
            debs = _download(packages, into)
            _unpack(debs, into)
            shutil.rmtree(into / "apt")
        done.write_text(stamp)
    return f"Servers for tests: {', '.join(packages)} unpacked in {into}" if packages else ""


def _download(packages: Sequence[str], into: Path) -> list[Path]:
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise CannotFetchError(f"there is no {tool} here")
    shutil.rmtree(into / "apt", ignore_errors=True)
    state, cache = into / "apt" / "state", into / "apt" / "cache"
    for folder in (state / "lists" / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True)
    options = {
        "Dir::State": state,
        "Dir::State::status": "/var/lib/dpkg/status",  # what is installed need not be fetched
        "Dir::Cache": cache,
        "Debug::NoLocking": "1",  # the locks are root's, and we change nothing that they guard
        "APT::Sandbox::User": "root",  # its own user could not read our folder
        "APT::Update::Post-Invoke": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
    }
    apt = ["apt-get", "-qq", *(f"-o{key}={value}" for key, value in options.items())]
    # A source of the machine's that does not answer is no obstacle if the others do: the download tells.
    _run([*apt, "update"], UPDATE_SECONDS)
    install = [*apt, "install", "--download-only", "--yes", "--no-install-recommends", *packages]
    finished = _run(install, DOWNLOAD_SECONDS)
    debs = sorted((cache / "archives").glob("*.deb"))
    if finished.returncode or not debs:
        lines = [line for line in finished.stderr.splitlines() if line.startswith("E:")]
        raise CannotFetchError(f"apt cannot download {' '.join(packages)}: {lines[0] if lines else 'no answer'}")
    return debs


def _unpack(debs: Sequence[Path], into: Path) -> None:
    root = into / "root"
    shutil.rmtree(root, ignore_errors=True)
    for deb in debs:
        finished = _run(["dpkg", "-x", str(deb), str(root)], DOWNLOAD_SECONDS)
        if finished.returncode:
            raise CannotFetchError(f"dpkg cannot unpack {deb.name}: {finished.stderr.strip()}")
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & 0o777)  # no stranger's setuid program in a checkout


def _run(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=seconds, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise CannotFetchError(f"{command[0]} did not finish within {seconds:.0f} seconds") from error
    except OSError as error:
        raise CannotFetchError(f"cannot run {command[0]}: {error.strerror}") from error


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--into", type=Path, default=INTO)
    parser.add_argument("--mtas", action="store_true", help="Postfix, Exim, OpenSMTPD and sendmail instead")
    arguments = parser.parse_args()
    into: Path = arguments.into.resolve()
    trees = {into / name: packages for name, packages in MTAS.items()} if arguments.mtas else {into: None}
    lines = []
    for tree, packages in trees.items():
        try:
            lines.append(fetch(tree, packages))
        except (CannotFetchError, OSError) as error:
            lines.append(f"Servers for tests: {error}. The tests that need them skip.")
    for line in dict.fromkeys(filter(None, lines)):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
