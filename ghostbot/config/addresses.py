"""Addresses of tunnels where ghost.toml has `${tunnel.NAME.url}`: put in late, as they change.

Rule 1: a table with an address in it is made anew for each use; the one of the file stays as it is.
Rule 2: what is not known is never guessed: whoever needs it asks `missing` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from ghostbot.config.variables import TUNNEL

ADDRESS_OF = "the address of "  # and the tunnel's name: why a daemon waits
FOR_PEOPLE = "description"  # is shown, and asks for nothing

T = TypeVar("T")
Known = Callable[[str], str | None]  # the address of a tunnel; None: not known now


def named(value: object) -> tuple[str, ...]:
    """Return the tunnels whose addresses stand anywhere in a text or a table, each once."""
    found = (match[1] for text in _texts(value) for match in TUNNEL.finditer(text))
    return tuple(dict.fromkeys(found))


def missing(value: object, known: Known) -> str | None:
    """Say which address is not known that a text or a table needs: "the address of NAME"."""
    for name in named(value):
        if known(name) is None:
            return f"{ADDRESS_OF}{name}"
    return None


def filled(value: T, known: Known) -> T:
    """Return a text or a table with the addresses put in; one that is not known stays a name."""
    return _filled(value, known) if named(value) else value


def _filled(value: Any, known: Known) -> Any:
    if isinstance(value, str):
        return TUNNEL.sub(lambda match: _address(match, known), value)
    if isinstance(value, tuple):
        return tuple(_filled(item, known) for item in value)
    if isinstance(value, Mapping):
        return {key: _filled(item, known) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        made = {key: _filled(item, known) for key, item in _items(value) if named(item)}
        return replace(value, **made)
    return value


def _address(match: re.Match[str], known: Known) -> str:
    return known(match[1]) or match[0]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for _, item in _items(value):
            yield from _texts(item)


def _items(table: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(table):
        if field.init and field.name != FOR_PEOPLE:
            yield field.name, getattr(table, field.name)
