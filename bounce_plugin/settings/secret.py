"""Where does a password come from? A file, the environment, a command, or (better not) bounce.toml itself."""

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

_SOURCES: Final = ("password_file", "password_env", "password_command", "password")
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


class Credentials(Section):
    """The keys of a section that signs in. The password is read when it is used, and never shown."""

    user: str = ""
    password_file: FilePath | None = None
    password_env: Name | None = None
    password_command: Command | None = None
    password: SecretStr | None = None

    _source: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Remember which file we are from, for messages."""
        if isinstance(context, Origin):  # the default of [notices.smtp] comes from no file, and signs nobody in
            self._source = context.source

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        given = [key for key in _SOURCES if getattr(self, key) is not None]
        if len(given) > 1:
            raise refuse(f"only one of {', '.join(given)} can be used", key=given[1])
        if self.user and not given:
            raise refuse(f"it needs one of {', '.join(_SOURCES[:3])}", key="user", value=self.user)
        if given and not self.user:
            raise refuse("is missing: a password alone signs nobody in", key="user")
        return self

    def read_password(self) -> str:
        """The password; empty when none is needed. Raises SettingsError when it cannot be had."""
        if self.password_file is not None:
            return self._from_file(self.password_file)
        if self.password_env is not None:
            return self._from_environment(self.password_env)
        if self.password_command is not None:
            return self._from_command(self.password_command)
        return self.password.get_secret_value() if self.password else ""

    def _from_file(self, path: Path) -> str:
        try:
            password = path.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable("password_file", str(path), f"cannot be read: {error}") from error
        if not password:
            raise self._unusable("password_file", str(path), "is empty")
        return password

    def _from_environment(self, name: str) -> str:
        password = os.environ.get(name, "")
        if not password:
            raise self._unusable("password_env", name, "is not set in the environment")
        return password

    def _from_command(self, command: tuple[str, ...]) -> str:
        shown = shlex.join(command)
        try:
            # No shell is involved, and the words are the operator's own.
            run = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
            )
        except OSError as error:
            raise self._unusable("password_command", shown, f"cannot be run: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise self._unusable("password_command", shown, f"took more than {_SECONDS} seconds") from error
        password = run.stdout.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
        if run.returncode or not password:
            said = run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            ended = f"ended with exit code {run.returncode}" if run.returncode else "printed nothing"
            raise self._unusable("password_command", shown, f"{ended}{': ' if said else ''}{said}")
        return password

    def _unusable(self, key: str, value: str, problem: str) -> SettingsError:
        return SettingsError(problem, key=f"{self._label()}.{key}", value=value, source=self._source)

    @abstractmethod
    def _label(self) -> str:
        """What the section is called in messages."""
