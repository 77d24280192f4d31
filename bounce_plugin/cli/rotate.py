"""`bounce-plugin rotate-key`: the ledger gets another key, and nobody who is suppressed is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from bounce_plugin.cli.terminal import counted
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rotate import Rotation, look_ahead, rotate
from bounce_plugin.opening import open_ledger
from bounce_plugin.settings import LedgerSettings, load_settings, write_key


@click.command("rotate-key")
@click.option(
    "--new", type=click.Path(dir_okay=False), help="Only make this file, with a new key; the ledger keeps its own."
)
@click.option("--yes", is_flag=True, help="Do it. Otherwise it is only shown what would be done.")
@click.pass_obj
def rotate_key(config: str, new: str | None, yes: bool) -> None:
    """Give the ledger the key of ledger.key_file, in the place of one of ledger.previous_key_files."""
    if new is not None:
        if yes:
            raise click.UsageError("--new only makes a file: name it in the settings, then give --yes without --new")
        _make(Path(config), Path(new))
        return
    settings = load_settings(Path(config)).ledger
    with open_ledger(settings) as ledger:
        done = rotate(ledger) if yes else look_ahead(ledger)
        if yes:
            ledger.scrub()
        click.echo(_in_words(done, yes=yes))
        for line, _ in say_keys(ledger, settings):
            click.echo(line)


def say_keys(ledger: Ledger, settings: LedgerSettings) -> Iterator[tuple[str, bool]]:
    """What is to be said of the keys: one line for each that is to be changed, or kept, and whether it is well."""
    with ledger.reading() as tx:
        behind, needed = ledger.has_former_key(tx), ledger.needs_keys(tx)
    if behind:
        yield (
            "ledger: it still has a former key; `bounce-plugin rotate-key --yes` gives it that of ledger.key_file",
            False,
        )
        return
    if missing := [path for path in settings.previous_key_files if not path.exists()]:
        yield f"ledger.previous_key_files: {missing[0]} does not exist: restore it, or take it out", False
        return
    for path, number in zip(settings.previous_key_files, needed, strict=True):
        if number:
            people = counted(number, "person who was", "people who were")
            yield f"ledger: the former key {path} is needed for {people} forgotten in its time: keep it", True
        else:
            yield f"ledger: the former key {path} is needed no more, but for a backup of its time", True


def _make(config: Path, path: Path) -> None:
    settings = load_settings(config)
    write_key(path)
    folder, ledger = settings.folder, settings.ledger
    before = [*([] if ledger.key_env else [ledger.key_file]), *ledger.previous_key_files]
    names = ", ".join(f'"{_named(one, folder)}"' for one in before)
    click.echo(f"wrote {path}, readable by you alone. Keep a copy of it, and of the key that the ledger has.")
    click.echo(f"Next: say so in {settings.source}, and restart every process that has the ledger open:\n")
    click.echo(
        f'    [ledger]\n    key_file = "{_named(path.absolute(), folder)}"\n    previous_key_files = [{names}]\n'
    )
    if ledger.key_env:
        click.echo(
            f"(key_env = {ledger.key_env!r} goes; write the key that it has into a file of previous_key_files.)\n"
        )
    click.echo("Then: bounce-plugin rotate-key, which shows what it would do, and with --yes does it.")


def _named(path: Path, folder: Path) -> str:
    """A path as bounce.toml may have it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _in_words(rotation: Rotation, *, yes: bool) -> str:
    if not rotation.due:
        return "The ledger has the key of ledger.key_file: nothing is to be done. (--new FILE makes another key.)"
    verb = "Done" if yes else "To be done (nothing was changed; --yes does it)"
    texts = f", and {counted(rotation.texts, 'row')} with addresses in their texts" if yes else ""
    return (
        f"{verb}: {counted(rotation.addresses, 'address', 'addresses')} with a fingerprint of the new key{texts}; "
        f"{counted(rotation.forgotten, 'fingerprint')} of people who were forgotten, which stay as they are."
    )
