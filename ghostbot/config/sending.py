"""Readers of who may send patches, and how often: webhooks, inboxes, and the public door.

Rule 1: as in `values`: a reader takes an expanded value, and raises Wrong or returns it parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from ghostbot.config.model import Scheme
from ghostbot.config.values import Reader, channel, choice, many, number, one_or_many, path, text
from ghostbot.config.watched import variable
from ghostbot.config.wrong import Wrong, shown
from ghostbot.core.bucket import Rate

_RATE = re.compile(r"([0-9]{1,6}) ?/ ?(s|sec|min|m|h|hour|d|day)")
_SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}  # by the first letter
_ORIGIN = re.compile(r"(?i:https?)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class Format(StrEnum):
    """The forms of a patch, by the names that `ghost patch --format` takes."""

    DIFF = "diff"
    V4A = "v4a"
    AIDER = "aider"
    EDITS = "edits"
    OPENAI = "openai"
    ORIGINAL = "original"


class ShellPolicy(StrEnum):
    """What becomes of a patch that brings commands along: none is ever run."""

    REJECT = "reject"
    IGNORE = "ignore"


def rate(value: object) -> Rate:
    """Read how often: "10/min", "5/s", "1000/h"."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        near = f' (did you mean "{value}/min"?)' if is_number else ': write "10/min" or "1000/h"'
        raise Wrong(f"{shown(value)} is no rate{near}")
    count = int(found[1])
    if count < 1:
        raise Wrong(f'{shown(value)} lets nothing in: write "1/h" or more, or take the table out')
    return Rate(count, _SPANS[found[2][0]])


def glob(value: object) -> str:
    """Read a glob of paths as they are seen from a root."""
    found = text(value)
    if found.startswith(("/", "~", "./", "../")):
        raise Wrong(f'{shown(found)} is seen from the root: write "src/**" or "*.md"')
    return found


def origin(value: object) -> str:
    """Read the origin of a web page: its scheme and host, and nothing behind it."""
    found = text(value)
    if not _ORIGIN.fullmatch(found):
        near = _ORIGIN.match(found)
        way_out = (
            f' (did you mean "{near[0]}"?)' if near else ': write "https://status.example.com"'
        )
        raise Wrong(f"{shown(found)} is no origin{way_out}")
    return found.lower()


WEBHOOK: Mapping[str, Reader] = {
    "scheme": choice(Scheme),
    "secret_env": one_or_many(variable, 'secret_env = ["GHOST_GPT", "GHOST_GPT_OLD"]'),
    "roots": one_or_many(text, 'roots = ["app"]'),
    "formats": many(choice(Format), 'formats = ["diff", "v4a"]'),
    "paths": one_or_many(glob, 'paths = ["src/**", "*.md"]'),
    "rate": rate,
    "pending": number(1, 1000),
    "shell_policy": choice(ShellPolicy),
}
WATCH: Mapping[str, Reader] = {
    "inbox": path,
    **{key: WEBHOOK[key] for key in ("roots", "formats", "pending", "shell_policy")},
}
SUMMARIES: Mapping[str, Reader] = {"dir": path, "channel": channel, "archive": path}
