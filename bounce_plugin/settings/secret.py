"""Where does a secret come from? A file, the environment, a command, or (better not) bounce.toml itself."""

from __future__ import annotations

import os
import shlex
import subprocess
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, PrivateAttr, SecretStr, model_validator

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings.section import FilePath, Name, Origin, Section, refuse

_SECONDS: Final = 30  # that a command may take; one that asks a person would wait for ever


def _split(command: object) -> tuple[str, ...]:
    words = command
    if isinstance(command, str):
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise refuse(f"cannot be split into words: {error}") from error
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise refuse('must be a command, like "pass show bounces" or ["pass", "show", "bounces"]')
    return tuple(words)


#: A command and its arguments; as one text it is split as a shell would.
Command = Annotated[tuple[str, ...], BeforeValidator(_split)]


class SecretSection(Section):
    """A section with secrets: for `password` the keys password_file, password_env, password_command and password.

    A secret is read when it is used, and never shown.
    """

    _source: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Remember which file we are from, for messages."""
        if isinstance(context, Origin):  # the default of a table [….smtp] comes from no file, and signs nobody in
            self._source = context.source

    @property
    def secrets(self) -> list[str]:
        """The names of all secrets that this section may have."""
        return [key.removesuffix("_command") for key in type(self).model_fields if key.endswith("_command")]

    def _given(self, secret: str) -> list[str]:
        """The keys that say where this secret is; more than one is refused."""
        given = [key for key in self._keys(secret) if getattr(self, key) is not None]
        if len(given) > 1:
            raise refuse(f"only one of {', '.join(given)} can be used", key=given[1])
        return given

    def _keys(self, secret: str) -> list[str]:
        """All keys that may say where it is; the first three are better than the last, which not every secret has."""
        keys = (f"{secret}_file", f"{secret}_env", f"{secret}_command", secret)
        return [key for key in keys if key in type(self).model_fields]

    def _read(self, secret: str, *, whole: bool = False) -> str:
        """The secret, or "" where none is given; `whole`: also of a command all lines count, not the first alone.

        Raises SettingsError when it cannot be had.
        """
        for key in self._given(secret):
            place = getattr(self, key)
            if isinstance(place, SecretStr):
                return place.get_secret_value()
            if isinstance(place, Path):
                return self._from_file(key, place)
            if isinstance(place, str):
                return self._from_environment(key, place)
            return self._from_command(key, place, whole=whole)
        return ""

    def _from_file(self, key: str, path: Path) -> str:
        try:
            secret = path.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(key, str(path), f"cannot be read: {error}") from error
        if not secret:
            raise self._unusable(key, str(path), "is empty")
        return secret

    def _from_environment(self, key: str, name: str) -> str:
        secret = os.environ.get(name, "")
        if not secret:
            raise self._unusable(key, name, "is not set in the environment")
        return secret

    def _from_command(self, key: str, command: tuple[str, ...], *, whole: bool) -> str:
        shown = shlex.join(command)
        try:
            # No shell is involved, and the words are the operator's own.
            run = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
            )
        except OSError as error:
            raise self._unusable(key, shown, f"cannot be run: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise self._unusable(key, shown, f"took more than {_SECONDS} seconds") from error
        printed = run.stdout.decode("utf-8", "replace")
        secret = printed.strip() if whole else printed.partition("\n")[0].rstrip("\r")
        if run.returncode or not secret:
            said = run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            ended = f"ended with exit code {run.returncode}" if run.returncode else "printed nothing"
            raise self._unusable(key, shown, f"{ended}{': ' if said else ''}{said}")
        return secret

    def _unusable(self, key: str, value: str, problem: str) -> SettingsError:
        return SettingsError(problem, key=f"{self._label()}.{key}", value=value, source=self._source)

    @abstractmethod
    def _label(self) -> str:
        """What the section is called in messages."""


class Credentials(SecretSection):
    """The keys of a section that signs in."""

    user: str = ""
    password_file: FilePath | None = None
    password_env: Name | None = None
    password_command: Command | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        given = self._given("password")
        if self._needs_no_password():
            if given:
                raise refuse("a password and [mailbox.oauth] exclude each other", key=given[0])
            return self
        if self.user and not given:
            raise refuse(f"it needs one of {', '.join(self._keys('password')[:3])}", key="user", value=self.user)
        if given and not self.user:
            raise refuse("is missing: a password alone signs nobody in", key="user")
        return self

    def read_password(self) -> str:
        """The password; empty when none is needed. Raises SettingsError when it cannot be had."""
        return self._read("password")

    def _needs_no_password(self) -> bool:
        """Whether we sign in by something else."""
        return False
