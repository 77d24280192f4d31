"""How far must a report be believed, and by what do we know our own? The table [trust]."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.correlate.seal import Seal
from bounce_plugin.correlate.token import OLDEST_DAYS, Keyring
from bounce_plugin.errors import SettingsError
from bounce_plugin.settings.section import FilePath, Name, Origin, Section, choose, refuse

#: A local part has 64 octets at most; a token has 36, and a BATV tag in front of ours 16.
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12})?")


class _Required(StrEnum):
    """How far a report has to be believed before it counts."""

    ADDRESS = "address"
    LOGGED = "logged"
    SIGNED = "signed"


#: The least level at which a report counts.
_LEAST: Final = {
    _Required.ADDRESS: Trust.ADDRESS,
    _Required.LOGGED: Trust.LOGGED,
    _Required.SIGNED: Trust.SIGNED_HEADER,
}


def _domain(value: str) -> str:
    """In the spelling in which addresses are compared, and MACs are made."""
    domain = normalise(f"b@{value}").rpartition("@")[2]
    if "." not in domain or "[" in domain:
        raise refuse('is no domain of mail; it must be one like "bounces.example.org"')
    return domain


def _prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise refuse('must be at most 12 characters that an address may have, like "b+"; or "" where it is not needed')
    return value


class KeySettings(Section):
    """One key that signs, or that has signed what may still come back."""

    number: Annotated[int, Field(strict=True, ge=0, le=15)]  # stands in each token
    file: FilePath | None = None
    env: Name | None = None  # instead of the file

    _source: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Remember which file we are from, for messages."""
        assert isinstance(context, Origin)
        self._source = context.source

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise refuse("needs one of file, env, and not both", key="number", value=self.number)
        return self

    def read(self) -> bytes:
        """The key: at least 32 octets, written as hexadecimal digits. Raises SettingsError when it cannot be had."""
        try:
            text = os.environ[self.env] if self.env is not None else self._path.read_text("ascii")
        except KeyError as error:
            raise self._unusable("is not set in the environment") from error
        except FileNotFoundError as error:
            raise self._unusable("there is no such file; `openssl rand -hex 32` writes a new key") from error
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(f"cannot be read: {error}") from error
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass  # its message tells a place in the key
        raise self._unusable("the key must be written in hexadecimal digits")

    @property
    def since(self) -> datetime | None:
        """When its file was written, as far as that can be told."""
        try:
            return None if self.file is None else datetime.fromtimestamp(self.file.stat().st_mtime, UTC)
        except OSError:
            return None

    @property
    def _path(self) -> Path:
        assert self.file is not None
        return self.file

    def _unusable(self, problem: str) -> SettingsError:
        where = "env" if self.env is not None else "file"
        value = self.env if self.env is not None else str(self._path)
        return SettingsError(problem, key=f"trust.key[number={self.number}].{where}", value=value, source=self._source)


class TrustSettings(Section):
    """What makes a report count, and how our own deliveries are signed."""

    require_: Annotated[_Required, choose(_Required)] = Field(_Required.ADDRESS, alias="require")
    bounce_domain: Annotated[Name, AfterValidator(_domain)] | None = None
    prefix: Annotated[str, AfterValidator(_prefix)] = "b+"
    keys: tuple[KeySettings, ...] = Field((), alias="key")  # the last one signs
    oldest_days: Annotated[int, Field(strict=True, ge=1, le=365)] = OLDEST_DAYS

    _source: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Remember which file we are from, for messages."""
        assert isinstance(context, Origin)
        self._source = context.source

    @property
    def require(self) -> Trust:
        """The least level of trust at which a report counts."""
        return _LEAST[self.require_]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        numbers = [key.number for key in self.keys]
        for index, number in enumerate(numbers):
            if number in numbers[:index]:
                problem = "another key has this number already; each token names its key by it"
                raise refuse(problem, key=f"key[{index + 1}].number", value=number)
        if self.keys and self.bounce_domain is None:
            raise refuse("is missing: a key signs addresses of this domain", key="bounce_domain")
        if self.bounce_domain is not None and not self.keys:
            raise refuse("needs a [[trust.key]] to sign with", key="bounce_domain", value=self.bounce_domain)
        if self.require_ is _Required.SIGNED and not self.keys:
            raise refuse(
                "needs trust.bounce_domain and a [[trust.key]]: else nothing can be signed, and nothing ever counts",
                key="require",
                value=self.require_.value,
            )
        return self

    def read_seal(self) -> Seal | None:
        """What signs, and what tells our own; None where nothing is signed. Raises SettingsError for a key that cannot be had."""
        if self.bounce_domain is None or not self.keys:
            return None
        keys = {key.number: key.read() for key in self.keys}
        try:
            keyring = Keyring(domain=self.bounce_domain, keys=keys, newest=self.keys[-1].number)
        except ValueError as error:
            raise SettingsError(str(error), key="trust.key", source=self._source) from error
        return Seal(keyring=keyring, prefix=self.prefix, oldest_days=self.oldest_days)
