"""What do all sections of bounce.toml have in common? They are checked key by key, and say what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

_LAST_PORT: Final = 65535

#: The type of our own complaints among pydantic's; see `bounce_plugin.settings.complaint`.
REFUSED = "refused"

#: A value whose key looks like this may hold a password, also when the key is misspelt: it is never repeated.
_SECRET_WORDS = ("pas", "pwd", "secr", "url", "tok", "cert", "refresh", "service")
_NO_SECRETS = tuple(
    f"{secret}_{place}"
    for secret in ("password", "client_secret", "refresh_token", "certificate", "service_account")
    for place in ("file", "env", "command")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where settings come from: pydantic's validation context."""

    folder: Path  # that relative paths are relative to
    source: str  # the file's name, for messages
    text: str = ""  # what it holds, to tell lines


class Section(BaseModel):
    """One table of bounce.toml. Unknown keys are refused, and the nearest known one is named."""

    # Inputs are hidden because a password may be among them, and our errors have pydantic's as their cause.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _know_all_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key, value in data.items():
                if key not in known:
                    raise refuse(f"there is no such key here; {_allowed(key, known)}", key=key, value=value)
        return data


def refuse(problem: str, *, key: str = "", value: object = None) -> PydanticCustomError:
    """A complaint about a section (`key` names the key in it) or about the value that is being validated."""
    return PydanticCustomError(REFUSED, "{problem}", {"problem": problem, "key": key, "value": value})


def looks_secret(path: str) -> bool:
    """Whether the value of this key may be a password, or have one in it."""
    if path.startswith("trust.key") and not path.endswith((".number", ".file", ".env")):
        return True  # somebody has put the key itself there
    key = path.rpartition(".")[2].lower()
    return key not in _NO_SECRETS and any(word in key for word in _SECRET_WORDS)


def choose(names: Iterable[str], *, instead: Callable[[str], str | None] = lambda _: None) -> BeforeValidator:
    """A validator for one name of several; `instead` explains names that are known, but of no use here."""
    known = [str(name) for name in names if instead(name) is None]

    def check(value: object) -> str:
        if isinstance(value, str) and value in known:
            return value
        why = instead(value) if isinstance(value, str) else None
        raise refuse(why or _allowed(value, known))

    return BeforeValidator(check)


def _allowed(value: object, known: Iterable[str]) -> str:
    known = list(known)
    near = get_close_matches(str(value), known, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"{hint}allowed: {', '.join(known)}"


def require_known(value: str, known: Iterable[str], *, key: str) -> None:
    """Complain about a name that nobody declared."""
    known = list(known)
    if value not in known:
        raise refuse(_allowed(value, known), key=key, value=value)


def _resolve(path: Path, info: ValidationInfo) -> Path:
    assert isinstance(info.context, Origin)
    try:
        return info.context.folder / path.expanduser()
    except RuntimeError as error:  # ~somebody who is not there
        raise refuse(str(error)) from error


def split_place(place: str) -> tuple[str, int] | None:
    """The host and the port of `HOST:PORT`; an IPv6 address may stand in brackets. None: it is nothing of the kind."""
    host, colon, port = place.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
        return None
    return host.strip("[]"), int(port)


def _check_place(place: str) -> str:
    if split_place(place) is None:
        raise refuse('is no place to listen at; allowed: "HOST:PORT"')
    return place


def resolve_database(url: str, folder: Path) -> str:
    """A database URL in which the path of an SQLite file is absolute; any other is given back as it is."""
    scheme, separator, path = url.partition(":///")
    if scheme.partition("+")[0] != "sqlite" or not separator or path.startswith((":memory:", "file:")):
        return url
    return f"{scheme}{separator}{folder / path}" if path else url


#: A path, relative to the settings file's folder.
FilePath = Annotated[Path, AfterValidator(_resolve)]
Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Whole = Annotated[int, Field(strict=True, ge=1)]
#: At most a hundred years: what is more overflows the calendar, and "without end" is said by leaving it out.
Days = Annotated[int, Field(strict=True, ge=0, le=36_500)]
Port = Annotated[int, Field(strict=True, ge=1, le=_LAST_PORT)]
HostAndPort = Annotated[Name, AfterValidator(_check_place)]
YesNo = Annotated[bool, Field(strict=True)]
