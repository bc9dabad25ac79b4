"""What the tests of the voices share: rows of a file, and the names that a type does not know."""

import json
import pathlib
import types
import typing

import typing_extensions


def rows(name: str) -> list[dict]:
    text = pathlib.Path(__file__).with_name(name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def members(params: type) -> dict[str, type]:
    """The members of a TypedDict, inherited ones included, with their types."""
    return typing_extensions.get_type_hints(params)


def unknown_members(params: type, message: dict) -> list[str]:
    """Names in `message` that a TypedDict does not know, at any depth where it says what it holds."""
    known = members(params)
    names = [key for key in message if key not in known]
    for key, value in message.items():
        if key in known and isinstance(value, dict):
            choices = [kind for kind in _dicts(known[key])]
            found = [unknown_members(choice, value) for choice in choices]
            if found:
                names += min(found, key=len)
    return names


def _dicts(kind: object) -> list[type]:
    if typing_extensions.is_typeddict(kind):
        return [kind]
    if typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated, typing_extensions.Required):
        return [found for part in typing.get_args(kind) for found in _dicts(part)]
    return []
