"""What the tests share: rows of a file, and the names that a type of an SDK does not know."""

import json
import pathlib
import types
import typing

import pydantic
import typing_extensions


def rows(name: str) -> list[dict]:
    text = pathlib.Path(__file__).with_name(name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def unknown_fields(model: pydantic.BaseModel) -> list[str]:
    """Names that the SDK's type does not know, at any depth."""
    names = list(model.model_extra or {})
    for field in type(model).model_fields:
        value = getattr(model, field)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, pydantic.BaseModel):
                names += unknown_fields(item)
    return names


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
