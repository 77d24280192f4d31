"""How is a wrong setting told to the operator? File, key, value, and what is allowed."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings.section import REFUSED, looks_secret

#: What pydantic finds, in the words of the file; the rest is put in its own words.
_WORDS: Final = {
    "missing": "is missing",
    "string_type": 'must be a text in quotes, like "this"',
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "path_type": 'must be a path in quotes, like "this"',
    "tuple_type": 'must be a list, like ["this"]',
    "frozen_set_type": 'must be a list, like ["this"]',
    "too_short": "must not be empty",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "model_type": "must be a table of keys",
    "dict_type": "must be a table of keys",
    "union_tag_invalid": "allowed: {expected_tags}",
    "union_tag_not_found": "is missing; allowed: {allowed}",
}
#: The keys that decide which others there are, and their values.
_TAGS: Final = {"kind": "imap, maildir, mbox", "provider": "microsoft, google, other"}


def complain(error: ValidationError, source: str) -> SettingsError:
    """The first thing that is wrong, as an error that names it."""
    details = error.errors(include_url=False)[0]
    facts = dict(details.get("ctx", {}))
    path = _path(details["loc"])
    value: object = None
    if details["type"] == REFUSED:
        problem = facts["problem"]
        value = facts["value"] if facts["key"] else details["input"]
        path = ".".join(part for part in (path, facts["key"]) if part)
    else:
        tag = str(facts.get("discriminator", "")).strip("'")
        facts["allowed"] = _TAGS.get(tag, "")
        problem = _WORDS.get(details["type"], details["msg"]).format(**facts).replace("'", "")
        if details["type"].startswith("union_tag"):
            path, value = f"{path}.{tag}", facts.get("tag")
        elif details["type"] != "missing":
            value = details["input"]
        if details["type"] == "tuple_type" and path in ("mailbox", "policy.rule", "phrases", "trust.key"):
            problem = f"must be written in two brackets: [[{path}]]"
    return SettingsError(problem, key=path, value=None if _unfit(path, value) else value, source=source)


def _unfit(path: str, value: object) -> bool:
    """Whether a value is not to be repeated: it may be a password, or have one in it."""
    parts = value if isinstance(value, list) else [value]
    return looks_secret(path) or any(isinstance(part, dict) or "://" in str(part) for part in parts)


def _path(location: tuple[int | str, ...]) -> str:
    """`("policy", "rule", 1, "then", 0)` is `policy.rule[2].then[1]`: people count from one.

    In the list of mailboxes pydantic adds the kind after the number, and the provider after `oauth`; the file does not
    have them there.
    """
    path = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif not (location[0] == "mailbox" and (index == 2 or (index == 4 and location[3] == "oauth"))):
            path += f".{part}" if path else part
    return path
