"""Variables in strings: `${NAME}` is the environment's, `$$` is a dollar.

Rule 1: a lone dollar is itself, so `"^ok$"` needs no care.
Rule 2: a variable that is not set is a mistake, never an empty string.
Rule 3: `${tunnel.NAME.url}` stays as it is: it is known when that tunnel is up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ghostbot.config.wrong import Place, Wrong, shown

_DOLLAR = re.compile(r"\$\$|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TUNNEL = re.compile(r"\$\{tunnel\.([A-Za-z0-9_.-]+)\.url\}")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables in place. Raises Wrong, naming each that cannot be."""
    wrong: list[tuple[Place, str]] = []

    def one(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if TUNNEL.fullmatch(found[0]):
            return found[0]
        name = found[1]
        if not found[2] or not _NAME.fullmatch(name):
            way_out = "write ${NAME}, or $$ for a dollar"
            wrong.append(((), f"cannot read {shown(found[0])} as a variable: {way_out}"))
        elif name not in environ:
            wrong.append(((), f"the variable {name} is not set{_way_out(name, environ)}"))
        return environ.get(name, "")

    expanded = _DOLLAR.sub(one, text)
    if wrong:
        raise Wrong(each=wrong)
    if "\0" in expanded:  # execve(2) ends every string there
        raise Wrong(f"{shown(text)} holds a NUL, which no program can be given")
    return expanded


def _way_out(name: str, environ: Mapping[str, str]) -> str:
    # only a mistake waits for it: `ghost status` expands too, and must be quick
    from ghostbot.core.words import did_you_mean  # noqa: PLC0415

    return did_you_mean(name, environ) or "; set it, or write $$ for a dollar"


def expand_all(value: object, environ: Mapping[str, str]) -> Any:
    """Return a TOML value with every string in it expanded. Raises Wrong with all mistakes."""
    if isinstance(value, str):
        return expand(value, environ)
    if isinstance(value, list):
        return list(_expand_each(enumerate(value), environ).values())
    if isinstance(value, dict):
        return _expand_each(value.items(), environ)
    return value


def _expand_each(
    items: Iterable[tuple[Any, object]], environ: Mapping[str, str]
) -> dict[Any, object]:
    found: dict[Any, object] = {}
    wrong: list[tuple[Place, str]] = []
    for step, value in items:
        try:
            found[step] = expand_all(value, environ)
        except Wrong as error:
            wrong += error.below(step)
    if wrong:
        raise Wrong(each=wrong)
    return found
